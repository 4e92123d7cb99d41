"""Heilongjiang: the portals of ``registry/heilongjiang.toml``."""

from crawler.spider import ReportsSpider


class HeilongjiangReportsSpider(ReportsSpider):
    """The annual reports of the public bodies of Heilongjiang."""

    name = "heilongjiang_reports"
    province = "黑龙江省"
