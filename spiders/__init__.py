"""Thin spiders: a name and a province; everything else is in ``crawler``."""
