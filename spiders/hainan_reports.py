"""Hainan: the portals of ``registry/hainan.toml``."""

from crawler.spider import ReportsSpider


class HainanReportsSpider(ReportsSpider):
    """The annual reports of the public bodies of Hainan."""

    name = "hainan_reports"
    province = "海南省"
