"""Gansu: the portals of ``registry/gansu.toml``."""

from crawler.spider import ReportsSpider


class GansuReportsSpider(ReportsSpider):
    """The annual reports of the public bodies of Gansu."""

    name = "gansu_reports"
    province = "甘肃省"
