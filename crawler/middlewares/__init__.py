"""Downloader middlewares: one small class a file."""
