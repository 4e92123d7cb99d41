"""Hebei: the portals of ``registry/hebei.toml``."""

from crawler.spider import ReportsSpider


class HebeiReportsSpider(ReportsSpider):
    """The annual reports of the public bodies of Hebei."""

    name = "hebei_reports"
    province = "河北省"
