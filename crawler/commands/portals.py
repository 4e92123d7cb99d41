"""``scrapy portals``, ``scrapy portals check URL`` and ``scrapy portals check URL --add``."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scrapy.exceptions import UsageError

from crawler.adding import TESTS, Fetched, Places, add, candidate
from crawler.arguments import CrawlArguments
from crawler.command import ProjectCommand
from crawler.crawl.lists import Lists
from crawler.dataset.clock import utc_now
from crawler.dataset.ledger import Ledger
from crawler.dataset.model import PortalHealth
from crawler.exit_status import told_plainly
from crawler.health import portal_states
from crawler.outcomes import Outcome
from crawler.portals import registry
from crawler.portals.model import Portal
from crawler.spider import ReportsSpider
from crawler.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scrapy import Request
    from scrapy.http import Response

    from crawler.items import PageItem
    from crawler.portals.model import ListRequest
    from crawler.sweep import ColumnSweep, PortalSweep


class Command(ProjectCommand):
    """The registry with health and freshness, or what discovery finds on one home page."""

    requires_project = True
    default_settings = {"LOG_LEVEL": "WARNING"}  # noqa: RUF012 - Scrapy's way to declare it

    def syntax(self) -> str:
        """The arguments."""
        return "[options] [check URL [--add]]"

    def short_desc(self) -> str:
        """One line for ``scrapy -h``."""
        return "List the portals with health and freshness, or check one home page"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Which portals."""
        super().add_options(parser)
        parser.add_argument("--province", help="only this province, e.g. 河南省")
        parser.add_argument("--portals", metavar="FILE", help="a portals file instead of the registry")
        parser.add_argument("--spider", help="whose ledger knows the health (default: that of the province)")
        parser.add_argument(
            "--stale", action="store_true", help="only portals that need a look, and why; status 1 where any does"
        )
        parser.add_argument("--sample", action="store_true", help="the health of the sample portals, see `make demo`")
        checked = parser.add_argument_group("check URL --add")
        checked.add_argument("--add", action="store_true", help="write what was found: registry table, saved page, expectation")
        checked.add_argument("--name", help="of the government, e.g. 栾川县人民政府; for a portal that is not registered")
        checked.add_argument("--region", help="names from the province down, e.g. 河南省/洛阳市/栾川县")
        checked.add_argument("--region-code", help="six digits of GB/T 2260; the registry knows those of registered divisions")
        checked.add_argument(
            "--column", action="append", default=[], metavar="URL", help="a report column, instead of searching it"
        )
        checked.add_argument(
            "--allow-host", action="append", default=[], metavar="HOST", help="a further host of the portal's own"
        )
        checked.add_argument(
            "--registry", type=Path, default=registry.FOLDER, metavar="DIR", help="registry files (%(default)s)"
        )
        checked.add_argument("--tests", type=Path, default=TESTS, metavar="DIR", help="saved pages (%(default)s)")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """List, or check."""
        if not args:
            with told_plainly(self):
                (self._stale if opts.stale else self._list)(opts)
        elif args[0] == "check" and len(args) == 2:
            self._check(args[1], opts)
        else:
            raise UsageError("use `scrapy portals` or `scrapy portals check URL [--add]`")

    def _list(self, opts: argparse.Namespace) -> None:
        try:
            groups = [
                (registry.load_portals(file), registry.load_shared(file), opts.spider or spider)
                for file, spider in self._files(opts)
            ]
        except registry.RegistryError as error:
            raise UsageError(str(error), print_help=False) from error
        sys.stdout.write("code\tregion\tname\thome\tlast outcome\tlast read\tlast new document\tdocuments\tfamily\n")
        read = 0
        for portals, shared, spider in groups:
            health = self._health(spider, sample=opts.sample)
            for portal in portals:
                row = health.get(ReportsSpider.portal_key(portal))
                read += bool(row and row.last_success)
                sys.stdout.write(line(portal, row))
            sys.stdout.writelines(line_of_shared(guest) for guest in shared)
        count = sum(len(portals) for portals, _, _ in groups)
        guests = sum(len(shared) for _, shared, _ in groups)
        sys.stderr.write(f"{count} portals, {count - read} never read")
        sys.stderr.write(f"; {guests} governments are on the site of another\n" if guests else "\n")

    def _stale(self, opts: argparse.Namespace) -> None:
        """Portals that were crawled at least once or should have been, and need a look."""
        assert self.settings is not None  # noqa: S101 - set by scrapy.cmdline
        now, stale_days = utc_now(), self.settings.getint("STALE_DAYS")
        spiders = [opts.spider] if opts.spider else sorted({spider for _, spider in self._files(opts)})
        found = total = 0
        for spider in spiders:
            workspace = Workspace.of(self.settings, spider, sample=opts.sample)
            if not self.settings["DATABASE_URL"] and not (workspace.root / "ledger.sqlite").is_file():
                sys.stderr.write(f"{spider}: no run yet\n")
                continue
            with Ledger(workspace.ledger_url) as ledger:
                states = portal_states(ledger, spider, now, stale_days=stale_days)
            total += len(states)
            for state in states:
                if state.stale:
                    found += 1
                    sys.stdout.write(f"{state.health.name} ({state.health.region}) {state.health.home}\n")
                    sys.stdout.writelines(f"    {reason}\n" for reason in state.stale)
        sys.stderr.write(f"{found} of {total} portals need a look\n")
        self.exitcode = 1 if found else 0

    @staticmethod
    def _files(opts: argparse.Namespace) -> list[tuple[Path, str]]:
        """The files to list, each with the spider that crawls it."""
        if opts.portals:
            return [(Path(opts.portals), "annual_reports")]
        chosen = [opts.province] if opts.province else registry.registered_provinces()
        return [(registry.province_file(name), registry.find_province(name).spider) for name in chosen]

    def _health(self, spider: str, *, sample: bool) -> dict[str, PortalHealth]:
        """What the spider's ledger knows, by portal; nothing where it never ran."""
        assert self.settings is not None  # noqa: S101 - set by scrapy.cmdline
        workspace = Workspace.of(self.settings, spider, sample=sample)
        if not self.settings["DATABASE_URL"] and not (workspace.root / "ledger.sqlite").is_file():
            return {}
        with Ledger(workspace.ledger_url) as ledger:
            return {row.portal: row for row in ledger.portal_health(spider)}

    def _check(self, url: str, opts: argparse.Namespace) -> None:
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise UsageError(f"{url!r} is no http or https address", print_help=False)
        places = Places(opts.registry, opts.tests)
        try:
            portal = self._portal(url, places, opts)
        except ValueError as error:
            raise UsageError(str(error), print_help=False) from error
        spider = self._walk(portal)
        if spider is None:
            self.exitcode = 1
            return
        (sweep,) = spider.sweeps.values()
        sys.stdout.write(report(sweep))
        self.exitcode = 0 if sweep.outcome is Outcome.OK else 1
        if not opts.add:
            return
        try:
            added = add(places, sweep, spider.fetched)
        except ValueError as error:
            sys.stdout.write(f"nothing was written: {error}\n")
            self.exitcode = 1
            return
        sys.stdout.writelines(f"written: {path}\n" for path in added.files)
        sys.stdout.writelines(
            f"not followed: rows on {host}; if it is the portal's, run again with --allow-host {host}\n"
            for host in added.hosts_left
        )
        sys.stdout.write("tests/test_added_portals.py fails until the rows are looked at and confirmed in expected.toml\n")

    @staticmethod
    def _portal(url: str, places: Places, opts: argparse.Namespace) -> Portal:
        """The portal to walk.

        Raises:
            ValueError: it cannot be added as asked; the message says why.
        """
        if opts.add:
            return candidate(
                places,
                url,
                name=opts.name,
                region=opts.region,
                code=opts.region_code,
                columns=opts.column,
                allow_hosts=opts.allow_host,
            )
        known = next((portal for portal in places.portals() if url in (portal.home, portal.entry)), None)
        return known or Portal(name=urlsplit(url).netloc, region="检查", home=url)

    def _walk(self, portal: Portal) -> PortalCheckSpider | None:
        """Discovery and the lists of one portal, in a workspace that is thrown away; ``None`` where the crawl did not start."""
        assert self.crawler_process is not None  # noqa: S101 - set by scrapy.cmdline
        with tempfile.TemporaryDirectory(prefix="portal-check-") as folder:
            crawler = self.crawler_process.create_crawler(PortalCheckSpider)
            crawler.settings.set("OUTPUT_DIR", folder, priority="cmdline")
            crawler.settings.set("ITEM_PIPELINES", {}, priority="cmdline")
            self.crawler_process.crawl(crawler, arguments=CrawlArguments((portal,)))
            self.crawler_process.start()
            return crawler.spider if isinstance(crawler.spider, PortalCheckSpider) else None


def line(portal: Portal, row: PortalHealth | None) -> str:
    """A portal, and what the ledger knows of it."""
    facts = (row.last_outcome, row.last_success, row.last_new_document, str(row.documents), row.family) if row else (None,) * 5
    cells = (portal.region_code, portal.region, portal.name, ReportsSpider.portal_key(portal), *facts)
    return "\t".join(cell or "-" for cell in cells) + "\n"


def line_of_shared(guest: registry.SharedSite) -> str:
    """A government that is crawled with another's portal."""
    cells = (guest.region_code, guest.region, guest.name, guest.home, f"on the site of {guest.site_of}", *(None,) * 4)
    return "\t".join(cell or "-" for cell in cells) + "\n"


def report(sweep: PortalSweep) -> str:
    """The walk step by step, what each column's list gave, and how it ended."""
    lines = [*sweep.lines]
    for column in sweep.columns.values():
        declared = "declares no total" if column.declared_total is None else f"declares {column.declared_total}"
        lines.append(f"column {column.url}")
        lines.append(
            f"  family {column.family}, {len(column.pages)} pages, {len(column.collected)} rows "
            f"({declared}), {column.reports} possible reports, {column.lookalikes} look-alikes"
        )
        lines += [f"  {title}" for title in column.titles[:10]]
    lines.append(f"{sweep.outcome.value}: {sweep.message or 'discovery and the lists are in order'}")
    return "\n".join(lines) + "\n"


class PortalCheckSpider(ReportsSpider):
    """Walks discovery and the lists of one portal, and asks for no article."""

    name = "portal_check"
    follow_rows = False

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.fetched: list[Fetched] = []
        """The pages of its lists, in the order in which they came."""
        self.lists = FetchedLists(self, self.fetched)


class FetchedLists(Lists):
    """Keeps the pages that it reads."""

    def __init__(self, spider: ReportsSpider, fetched: list[Fetched]) -> None:
        super().__init__(spider)
        self.fetched = fetched

    async def read(
        self, response: Response, sweep: PortalSweep, column: ColumnSweep, depth: int, part: ListRequest | None = None
    ) -> AsyncIterator[Request | PageItem]:
        """Keep the page, and read it as ever."""
        self.fetched.append(Fetched(column.url, response.url, response.body, part))
        async for found in super().read(response, sweep, column, depth, part):
            yield found
