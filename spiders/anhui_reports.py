"""Anhui: the portals of ``registry/anhui.toml``."""

from crawler.spider import ReportsSpider


class AnhuiReportsSpider(ReportsSpider):
    """The annual reports of the public bodies of Anhui."""

    name = "anhui_reports"
    province = "安徽省"
