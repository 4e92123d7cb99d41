"""Hubei: the portals of ``registry/hubei.toml``."""

from crawler.spider import ReportsSpider


class HubeiReportsSpider(ReportsSpider):
    """The annual reports of the public bodies of Hubei."""

    name = "hubei_reports"
    province = "湖北省"
