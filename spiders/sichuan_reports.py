"""Sichuan: the portals of ``registry/sichuan.toml``."""

from crawler.spider import ReportsSpider


class SichuanReportsSpider(ReportsSpider):
    """The annual reports of the public bodies of Sichuan."""

    name = "sichuan_reports"
    province = "四川省"
