"""Jiangsu: the portals of ``registry/jiangsu.toml``."""

from crawler.spider import ReportsSpider


class JiangsuReportsSpider(ReportsSpider):
    """The annual reports of the public bodies of Jiangsu."""

    name = "jiangsu_reports"
    province = "江苏省"
