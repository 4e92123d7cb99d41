"""Fujian: the portals of ``registry/fujian.toml``."""

from crawler.spider import ReportsSpider


class FujianReportsSpider(ReportsSpider):
    """The annual reports of the public bodies of Fujian."""

    name = "fujian_reports"
    province = "福建省"
