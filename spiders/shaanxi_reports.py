"""Shaanxi: the portals of ``registry/shaanxi.toml``."""

from crawler.spider import ReportsSpider


class ShaanxiReportsSpider(ReportsSpider):
    """The annual reports of the public bodies of Shaanxi."""

    name = "shaanxi_reports"
    province = "陕西省"
