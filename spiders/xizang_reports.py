"""Xizang: the portals of ``registry/xizang.toml``."""

from crawler.spider import ReportsSpider


class XizangReportsSpider(ReportsSpider):
    """The annual reports of the public bodies of Xizang."""

    name = "xizang_reports"
    province = "西藏自治区"
