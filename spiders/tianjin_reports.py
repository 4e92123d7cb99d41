"""Tianjin: the portals of ``registry/tianjin.toml``."""

from crawler.spider import ReportsSpider


class TianjinReportsSpider(ReportsSpider):
    """The annual reports of the public bodies of Tianjin."""

    name = "tianjin_reports"
    province = "天津市"
