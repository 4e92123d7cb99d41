"""WHERE reports are: registry, discovery, CMS families, titles. Pure functions on saved bytes; no network, no forms."""
