"""Xinjiang Production and Construction Corps: the portals of ``registry/bingtuan.toml``."""

from crawler.spider import ReportsSpider


class BingtuanReportsSpider(ReportsSpider):
    """The annual reports of the public bodies of the Corps."""

    name = "bingtuan_reports"
    province = "新疆生产建设兵团"
