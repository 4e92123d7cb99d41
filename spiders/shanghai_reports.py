"""Shanghai: the portals of ``registry/shanghai.toml``."""

from crawler.spider import ReportsSpider


class ShanghaiReportsSpider(ReportsSpider):
    """The annual reports of the public bodies of Shanghai."""

    name = "shanghai_reports"
    province = "上海市"
