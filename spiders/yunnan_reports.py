"""Yunnan: the portals of ``registry/yunnan.toml``."""

from crawler.spider import ReportsSpider


class YunnanReportsSpider(ReportsSpider):
    """The annual reports of the public bodies of Yunnan."""

    name = "yunnan_reports"
    province = "云南省"
