"""Any province of the registry, or any portals file."""

from crawler.spider import ReportsSpider


class AnnualReportsSpider(ReportsSpider):
    """``-a province=江西省`` or ``-a portals=FILE.toml``."""

    name = "annual_reports"
