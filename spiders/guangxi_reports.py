"""Guangxi: the portals of ``registry/guangxi.toml``."""

from crawler.spider import ReportsSpider


class GuangxiReportsSpider(ReportsSpider):
    """The annual reports of the public bodies of Guangxi."""

    name = "guangxi_reports"
    province = "广西壮族自治区"
