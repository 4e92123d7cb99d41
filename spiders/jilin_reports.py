"""Jilin: the portals of ``registry/jilin.toml``."""

from crawler.spider import ReportsSpider


class JilinReportsSpider(ReportsSpider):
    """The annual reports of the public bodies of Jilin."""

    name = "jilin_reports"
    province = "吉林省"
