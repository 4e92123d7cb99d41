"""Zhejiang: the portals of ``registry/zhejiang.toml``."""

from crawler.spider import ReportsSpider


class ZhejiangReportsSpider(ReportsSpider):
    """The annual reports of the public bodies of Zhejiang."""

    name = "zhejiang_reports"
    province = "浙江省"
