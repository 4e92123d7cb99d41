"""Qinghai: the portals of ``registry/qinghai.toml``."""

from crawler.spider import ReportsSpider


class QinghaiReportsSpider(ReportsSpider):
    """The annual reports of the public bodies of Qinghai."""

    name = "qinghai_reports"
    province = "青海省"
