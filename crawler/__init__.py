"""Crawls, reads, checks and publishes the annual reports on government information disclosure of Chinese public bodies."""

EXTRACTOR_VERSION = "1.0"
"""Version of everything between a document's bytes and its record; raised whenever a value could come out differently."""
