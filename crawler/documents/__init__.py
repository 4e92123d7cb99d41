"""HOW a file reads: bytes -> Document (paragraphs and grids in order). Knows nothing of forms or of the network."""
