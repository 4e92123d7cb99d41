"""Beijing: the portals of ``registry/beijing.toml``."""

from crawler.spider import ReportsSpider


class BeijingReportsSpider(ReportsSpider):
    """The annual reports of the public bodies of Beijing."""

    name = "beijing_reports"
    province = "北京市"
