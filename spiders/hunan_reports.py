"""Hunan: the portals of ``registry/hunan.toml``."""

from crawler.spider import ReportsSpider


class HunanReportsSpider(ReportsSpider):
    """The annual reports of the public bodies of Hunan."""

    name = "hunan_reports"
    province = "湖南省"
