"""Liaoning: the portals of ``registry/liaoning.toml``."""

from crawler.spider import ReportsSpider


class LiaoningReportsSpider(ReportsSpider):
    """The annual reports of the public bodies of Liaoning."""

    name = "liaoning_reports"
    province = "辽宁省"
