"""Ningxia: the portals of ``registry/ningxia.toml``."""

from crawler.spider import ReportsSpider


class NingxiaReportsSpider(ReportsSpider):
    """The annual reports of the public bodies of Ningxia."""

    name = "ningxia_reports"
    province = "宁夏回族自治区"
