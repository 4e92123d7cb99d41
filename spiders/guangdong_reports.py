"""Guangdong: the portals of ``registry/guangdong.toml``."""

from crawler.spider import ReportsSpider


class GuangdongReportsSpider(ReportsSpider):
    """The annual reports of the public bodies of Guangdong."""

    name = "guangdong_reports"
    province = "广东省"
