"""Chongqing: the portals of ``registry/chongqing.toml``."""

from crawler.spider import ReportsSpider


class ChongqingReportsSpider(ReportsSpider):
    """The annual reports of the public bodies of Chongqing."""

    name = "chongqing_reports"
    province = "重庆市"
