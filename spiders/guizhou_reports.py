"""Guizhou: the portals of ``registry/guizhou.toml``."""

from crawler.spider import ReportsSpider


class GuizhouReportsSpider(ReportsSpider):
    """The annual reports of the public bodies of Guizhou."""

    name = "guizhou_reports"
    province = "贵州省"
