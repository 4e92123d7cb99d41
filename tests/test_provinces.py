"""The spiders of the provinces and the arguments that choose among their portals, over the whole registry."""

from __future__ import annotations

import re

import pytest
from scrapy.settings import Settings
from scrapy.spiderloader import SpiderLoader

from crawler.arguments import CrawlArguments
from crawler.portals.registry import RegistryError, registered_provinces
from crawler.spider import ReportsSpider

SETTINGS = Settings({"SPIDER_MODULES": ["spiders"]})
LOADER = SpiderLoader.from_settings(SETTINGS)


def portals(default: str | None = None, **texts: str) -> list[str]:
    arguments = CrawlArguments.parse(SETTINGS, default_province=default, **texts)
    return [portal.region for portal in arguments.portals]


def test_scrapy_list_shows_every_province_and_the_spider_for_any() -> None:
    names = LOADER.list()
    assert len(names) == len(registered_provinces()) + 1 == 33
    assert {"henan_reports", "jiangxi_reports", "shaanxi_reports", "shanxi_reports", "neimenggu_reports", "xizang_reports"} < {
        *names
    }
    assert {"bingtuan_reports", "annual_reports"} < {*names}


@pytest.mark.parametrize("name", LOADER.list())
def test_a_spider_has_the_portals_of_its_province(name: str) -> None:
    spider = LOADER.load(name)
    assert issubclass(spider, ReportsSpider)
    if spider.province is None:
        with pytest.raises(RegistryError, match="name a province"):
            portals()
        return
    regions = portals(spider.province)
    assert len(regions) >= 10
    assert regions == portals(province=spider.province)


def test_any_province_by_its_name_or_its_short_name() -> None:
    jiangxi = portals(province="江西")
    assert len(jiangxi) == 112
    assert all(region.startswith("江西省") for region in jiangxi)
    assert portals("河南省", province="江西省") == jiangxi
    assert len(portals(province="新疆")) == 111
    assert len(portals(province="兵团")) == 13


def test_a_region_is_a_prefecture_a_county_or_a_province() -> None:
    assert len(portals("江西省", region="宜春市")) == 11
    assert portals("广东省", region="东莞市") == ["广东省/东莞市"]
    assert portals("上海市", region="浦东新区") == ["上海市/浦东新区"]
    assert len(portals("兵团", region="新疆生产建设兵团")) == 13


def test_a_region_on_anothers_site_is_named_with_its_host() -> None:
    expected = "no portal lies in the region '珲春市'; 吉林省/延边朝鲜族自治州/珲春市 is on the site of 吉林省/延边朝鲜族自治州"
    with pytest.raises(RegistryError, match=re.escape(expected)):
        portals("吉林省", region="珲春市")
