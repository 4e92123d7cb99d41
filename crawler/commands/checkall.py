"""``scrapy checkall``: lints spiders, registry and forms against each other."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from scrapy.spiderloader import SpiderLoader

from crawler.adding import Places
from crawler.command import ProjectCommand
from crawler.forms.catalogue import FORM_VERSIONS, load_form
from crawler.forms.rules import load_rules
from crawler.portals import registry
from crawler.portals.markup import host_of
from crawler.portals.model import Portal
from crawler.portals.registry import SharedSite
from crawler.portals.registry.expectation import FILE as EXPECTED
from crawler.portals.registry.expectation import ExpectationError, folder_name, load_expectation
from crawler.spider import ReportsSpider

_SPIDER_NAME = re.compile(r"[a-z]+(_[a-z]+)*_reports")
Government = Portal | SharedSite
_CELLS = {"cn-ogi-2019": 198, "cn-ogi-2021": 200}


class Command(ProjectCommand):
    """Names, files, duplicate hosts, unknown codes, rules without cells."""

    requires_project = True
    requires_crawler_process = False

    def short_desc(self) -> str:
        """One line for ``scrapy -h``."""
        return "Check spiders, registry and forms against each other"

    def run(self, args: list[str], opts: argparse.Namespace) -> None:  # noqa: ARG002 - Scrapy's signature
        """Print every problem; exit status 1 where there is one."""
        assert self.settings is not None  # noqa: S101 - set by scrapy.cmdline
        problems = [
            *check_spiders(SpiderLoader.from_settings(self.settings)),
            *check_registry(),
            *check_expectations(Places()),
            *check_forms(),
        ]
        sys.stdout.writelines(f"{problem}\n" for problem in problems)
        if problems:
            self.exitcode = 1
        else:
            files = [registry.province_file(name) for name in registry.registered_provinces()]
            portals = sum(len(registry.load_portals(file)) for file in files)
            shared = sum(len(registry.load_shared(file)) for file in files)
            sys.stdout.write(
                f"all in order: {portals} portals and {shared} governments on shared sites in {len(files)} registry files, "
                f"{len(FORM_VERSIONS)} forms, {len(load_rules().rules)} rules\n"
            )


def check_spiders(loader: SpiderLoader) -> Iterator[str]:
    """A spider's name, file and province agree, it says in a docstring what it covers, and every province has one."""
    served: set[str] = set()
    for name in loader.list():
        spider = loader.load(name)
        where = f"spiders/{spider.__module__.rpartition('.')[2]}.py"
        if not _SPIDER_NAME.fullmatch(name):
            yield f"{where}: the name {name!r} does not end in _reports"
        if where != f"spiders/{name}.py":
            yield f"{where}: the spider {name!r} belongs in spiders/{name}.py"
        if not (spider.__doc__ or "").strip() or spider.__doc__ == ReportsSpider.__doc__:
            yield f"{where}: {spider.__name__} has no docstring of its own"
        if not issubclass(spider, ReportsSpider) or not spider.province:
            continue
        served.add(spider.province)
        if spider.province not in registry.registered_provinces():
            yield f"{where}: no registry file for {spider.province}"
        elif name != registry.provinces()[spider.province].spider:
            yield f"{where}: the spider of {spider.province} is called {registry.provinces()[spider.province].spider}"
    for name in registry.registered_provinces():
        province = registry.provinces()[name]
        if name not in served:
            yield f"registry/{province.file}: no spider in spiders/{province.spider}.py"


def check_registry(folder: Path = registry.FOLDER) -> Iterator[str]:
    """Every file loads and holds what it must; no home page, host, region or code is there twice; what has no code says why."""
    known = {province.file: province for province in registry.provinces().values()}
    files = sorted(path.name for path in folder.glob("*.toml") if path.name != "provinces.toml")
    yield from (f"registry/{name}: no province of provinces.toml names this file" for name in files if name not in known)
    governments: list[Government] = []
    shared: list[SharedSite] = []
    for file, province in known.items():
        if file not in files:
            yield f"registry/{file}: missing, so {province.name} is not crawled"
            continue
        try:
            portals, guests = registry.load_portals(folder / file), registry.load_shared(folder / file)
        except registry.RegistryError as error:
            yield str(error)
            continue
        if len(portals) + len(guests) < province.at_least:
            yield f"{file}: {len(portals) + len(guests)} governments, provinces.toml says at least {province.at_least}"
        here: list[Government] = [*portals, *guests]
        for government in here:
            if registry.province_of(government.region) != province:
                yield f"{file}: {government.name}: region {government.region} does not lie in {province.region}"
        governments += here
        shared += guests
    yield from check_unique(governments)
    yield from check_codes(governments)
    yield from check_shared(shared, governments)


def check_unique(governments: Iterable[Government]) -> Iterator[str]:
    """One government a region and a code, one portal a host."""
    hosts: dict[str, str] = {}
    regions: dict[str, str] = {}
    codes: dict[str, str] = {}
    for government in governments:
        host = "" if isinstance(government, SharedSite) else host_of(government.home)
        for seen, key in ((hosts, host), (regions, government.region), (codes, government.region_code)):
            if key and key in seen:
                yield f"{government.region}: {key} is also that of {seen[key]}"
            if key:
                seen.setdefault(key, government.region)


def check_codes(governments: Iterable[Government]) -> Iterator[str]:
    """A code begins like that of the division above, and is no higher division's; where there is none, the table says why."""
    codes = {government.region: government.region_code for government in governments}
    for government in governments:
        code, depth = government.region_code, government.region.count("/")
        if code is None:
            if not government.uncoded:
                yield f"{government.region}: region_code is missing, and uncoded does not say why"
            continue
        above = codes.get(government.region.rpartition("/")[0])
        digits = 2 * depth if code[2] != "9" else 2
        if above and not code.startswith(above[:digits]):
            yield f"{government.region}: region_code {code} does not begin with {above[:digits]} as the division above it does"
        if depth == 0 and not code.endswith("0000"):
            yield f"{government.region}: region_code {code} is not a province's"
        if depth == 2 and code.endswith("00"):
            yield f"{government.region}: region_code {code} is not a county's"


def check_shared(shared: Iterable[SharedSite], governments: Iterable[Government]) -> Iterator[str]:
    """The portal that a shared site is said to be of is registered, and has that site."""
    homes = {government.region: government.home for government in governments if not isinstance(government, SharedSite)}
    for guest in shared:
        if guest.site_of not in homes:
            yield f"{guest.region}: site_of {guest.site_of} is no registered portal"
        elif host_of(homes[guest.site_of]) != host_of(guest.home):
            yield f"{guest.region}: {guest.home} is not the site of {guest.site_of}, which is {homes[guest.site_of]}"


def check_expectations(places: Places) -> Iterator[str]:
    """Where the registry names columns, their pages are saved, and a person has confirmed what is read from them."""
    if not places.tests.parent.is_dir():
        return  # installed without its tests
    for portal in (portal for portal in _portals(places) if portal.columns):
        folder = places.tests / folder_name(portal.home or portal.columns[0])
        try:
            expectation = load_expectation(folder)
        except ExpectationError as error:
            yield f"{portal.region}: columns without a saved page; run `scrapy portals check {portal.home} --add`: {error}"
            continue
        if not expectation.confirmed:
            yield f"{portal.region}: look at the rows in {folder / EXPECTED} and set confirmed = true"


def _portals(places: Places) -> tuple[Portal, ...]:
    try:
        return places.portals()
    except registry.RegistryError:
        return ()  # check_registry says which file


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
