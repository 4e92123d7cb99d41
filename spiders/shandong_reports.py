"""Shandong: the portals of ``registry/shandong.toml``."""

from crawler.spider import ReportsSpider


class ShandongReportsSpider(ReportsSpider):
    """The annual reports of the public bodies of Shandong."""

    name = "shandong_reports"
    province = "山东省"
