"""``report.html`` of a version, for people who would rather look."""

from __future__ import annotations

from crawler.dataset.report.contents import Contents, health_entries
from crawler.dataset.report.model import Crop, Picture, Surroundings
from crawler.dataset.report.page import NAME, write_page

__all__ = ["NAME", "Contents", "Crop", "Picture", "Surroundings", "health_entries", "write_page"]
