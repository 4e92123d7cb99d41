"""Crawls, reads, checks and publishes the 政府信息公开 annual reports of Chinese public bodies."""

EXTRACTOR_VERSION = "2.2"
"""Version of all that lies between a document's bytes and its record; raised when a value could come out differently."""
