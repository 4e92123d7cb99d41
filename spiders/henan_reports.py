"""Henan: 175 portals."""

from crawler.spider import ReportsSpider


class HenanReportsSpider(ReportsSpider):
    """The annual reports of the public bodies of Henan."""

    name = "henan_reports"
    province = "河南省"
