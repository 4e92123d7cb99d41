"""Neimenggu: the portals of ``registry/neimenggu.toml``."""

from crawler.spider import ReportsSpider


class NeimengguReportsSpider(ReportsSpider):
    """The annual reports of the public bodies of Neimenggu."""

    name = "neimenggu_reports"
    province = "内蒙古自治区"
