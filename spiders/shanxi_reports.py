"""Shanxi: the portals of ``registry/shanxi.toml``."""

from crawler.spider import ReportsSpider


class ShanxiReportsSpider(ReportsSpider):
    """The annual reports of the public bodies of Shanxi."""

    name = "shanxi_reports"
    province = "山西省"
