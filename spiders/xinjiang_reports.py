"""Xinjiang: the portals of ``registry/xinjiang.toml``."""

from crawler.spider import ReportsSpider


class XinjiangReportsSpider(ReportsSpider):
    """The annual reports of the public bodies of Xinjiang."""

    name = "xinjiang_reports"
    province = "新疆维吾尔自治区"
