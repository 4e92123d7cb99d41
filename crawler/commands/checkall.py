"""``scrapy checkall``: lints spiders, registry and forms against each other."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from scrapy.commands import ScrapyCommand
from scrapy.spiderloader import SpiderLoader

from crawler.forms.catalogue import FORM_VERSIONS, load_form
from crawler.forms.rules import load_rules
from crawler.portals import registry
from crawler.portals.markup import host_of
from crawler.spider import ReportsSpider

_SPIDER_NAME = re.compile(r"[a-z]+(_[a-z]+)*_reports")
_CELLS = {"cn-ogi-2019": 198, "cn-ogi-2021": 200}


class Command(ScrapyCommand):
    """Names, files, duplicate hosts, unknown codes, rules without cells."""

    requires_project = True
    requires_crawler_process = False

    def short_desc(self) -> str:
        """One line for ``scrapy -h``."""
        return "Check spiders, registry and forms against each other"

    def run(self, args: list[str], opts: argparse.Namespace) -> None:  # noqa: ARG002 - Scrapy's signature
        """Print every problem; exit status 1 where there is one."""
        assert self.settings is not None  # noqa: S101 - set by scrapy.cmdline
        problems = [*check_spiders(SpiderLoader.from_settings(self.settings)), *check_registry(), *check_forms()]
        sys.stdout.writelines(f"{problem}\n" for problem in problems)
        if problems:
            self.exitcode = 1
        else:
            portals = sum(len(registry.load_province(name)) for name in registry.registered_provinces())
            sys.stdout.write(f"all in order: {portals} portals, {len(FORM_VERSIONS)} forms, {len(load_rules().rules)} rules\n")


def check_spiders(loader: SpiderLoader) -> Iterator[str]:
    """A spider's name, file and province agree, and it says in a docstring what it covers."""
    for name in loader.list():
        spider = loader.load(name)
        where = f"spiders/{spider.__module__.rpartition('.')[2]}.py"
        if not _SPIDER_NAME.fullmatch(name):
            yield f"{where}: the name {name!r} does not end in _reports"
        if where != f"spiders/{name}.py":
            yield f"{where}: the spider {name!r} belongs in spiders/{name}.py"
        if not (spider.__doc__ or "").strip() or spider.__doc__ == ReportsSpider.__doc__:
            yield f"{where}: {spider.__name__} has no docstring of its own"
        if issubclass(spider, ReportsSpider) and spider.province and spider.province not in registry.registered_provinces():
            yield f"{where}: no registry file for {spider.province}"


def check_registry() -> Iterator[str]:
    """Every file loads; no home page, host or region is there twice; every portal has a code."""
    hosts: dict[str, str] = {}
    regions: dict[str, str] = {}
    files = {path.name for path in Path(registry.__file__).parent.glob("*.toml")}
    known = {province.file for province in registry.provinces().values()} | {"provinces.toml"}
    yield from (f"registry/{name}: no province of provinces.toml names this file" for name in sorted(files - known))
    for province in registry.registered_provinces():
        try:
            portals = registry.load_province(province)
        except registry.RegistryError as error:
            yield str(error)
            continue
        for portal in portals:
            where = f"{province}: {portal.name}"
            if not portal.region.startswith(province):
                yield f"{where}: region {portal.region} does not lie in {province}"
            if portal.region_code is None:
                yield f"{where}: region_code is missing"
            for seen, key in ((hosts, host_of(portal.home)), (regions, portal.region)):
                if key and key in seen:
                    yield f"{where}: {key} is also that of {seen[key]}"
                seen.setdefault(key, where)


def check_forms() -> Iterator[str]:
    """Each form has its cells, keys and codes once, and every identity names cells of its form."""
    for version in FORM_VERSIONS:
        form = load_form(version)
        keys = [metric.key for metric in form.metrics]
        codes = [metric.code for metric in form.metrics]
        if len(keys) != _CELLS.get(version, len(keys)):
            yield f"forms/{version}.toml: {len(keys)} cells instead of {_CELLS[version]}"
        for name, values in (("key", keys), ("code", codes)):
            yield from (f"forms/{version}.toml: {name} {value} is there twice" for value in values if values.count(value) > 1)
