"""Jiangxi: the portals of ``registry/jiangxi.toml``."""

from crawler.spider import ReportsSpider


class JiangxiReportsSpider(ReportsSpider):
    """The annual reports of the public bodies of Jiangxi."""

    name = "jiangxi_reports"
    province = "江西省"
