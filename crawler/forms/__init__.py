"""WHAT a document says: Document -> Report, by the statutory forms. Knows nothing of files or of the network."""
