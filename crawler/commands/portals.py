"""``scrapy portals`` and ``scrapy portals check URL``."""

from __future__ import annotations

import argparse
import sys
import tempfile
from urllib.parse import urlsplit

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from crawler.arguments import CrawlArguments
from crawler.dataset.ledger import Ledger
from crawler.dataset.model import PortalHealth
from crawler.outcomes import Outcome
from crawler.portals import registry
from crawler.portals.model import Portal
from crawler.spider import ReportsSpider
from crawler.workspace import Workspace


class Command(ScrapyCommand):
    """The registry with health and freshness, or what discovery finds on one home page."""

    requires_project = True
    default_settings = {"LOG_LEVEL": "WARNING"}  # noqa: RUF012 - Scrapy's way to declare it

    def syntax(self) -> str:
        """The arguments."""
        return "[options] [check URL]"

    def short_desc(self) -> str:
        """One line for ``scrapy -h``."""
        return "List the portals with health and freshness, or check one home page"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Which portals."""
        super().add_options(parser)
        parser.add_argument("--province", help="only this province, e.g. 河南省")
        parser.add_argument("--portals", metavar="FILE", help="a portals file instead of the registry")
        parser.add_argument("--spider", default="henan_reports", help="whose ledger knows the health (default: %(default)s)")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """List, or check."""
        if not args:
            self._list(opts)
        elif args[0] == "check" and len(args) == 2:
            self._check(args[1])
        else:
            raise UsageError("use `scrapy portals` or `scrapy portals check URL`")

    def _list(self, opts: argparse.Namespace) -> None:
        assert self.settings is not None  # noqa: S101 - set by scrapy.cmdline
        try:
            if opts.portals:
                portals = registry.load_portals(opts.portals)
            elif opts.province:
                portals = registry.load_province(opts.province)
            else:
                portals = tuple(p for name in registry.registered_provinces() for p in registry.load_province(name))
        except registry.RegistryError as error:
            raise UsageError(str(error), print_help=False) from error
        workspace = Workspace.of(self.settings, opts.spider)
        health: dict[str, PortalHealth] = {}
        if self.settings["DATABASE_URL"] or (workspace.root / "ledger.sqlite").is_file():
            with Ledger(workspace.ledger_url) as ledger:
                health = {row.portal: row for row in ledger.portal_health(opts.spider)}
        sys.stdout.write("code\tregion\tname\thome\tlast outcome\tlast read\tlast new document\tdocuments\tfamily\n")
        for portal in portals:
            row = health.get(ReportsSpider.portal_key(portal))
            facts = (
                (row.last_outcome, row.last_success, row.last_new_document, str(row.documents), row.family)
                if row
                else (None, None, None, None, None)
            )
            cells = (portal.region_code, portal.region, portal.name, ReportsSpider.portal_key(portal), *facts)
            sys.stdout.write("\t".join(cell or "-" for cell in cells) + "\n")
        never = sum(
            1 for portal in portals if not (row := health.get(ReportsSpider.portal_key(portal))) or not row.last_success
        )
        sys.stderr.write(f"{len(portals)} portals, {never} never read\n")

    def _check(self, url: str) -> None:
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise UsageError(f"{url!r} is no http or https address", print_help=False)
        portal = next(
            (p for name in registry.registered_provinces() for p in registry.load_province(name) if url in (p.home, p.entry)),
            Portal(name=urlsplit(url).netloc, region="检查", home=url),
        )
        assert self.crawler_process is not None  # noqa: S101 - set by scrapy.cmdline
        with tempfile.TemporaryDirectory(prefix="portal-check-") as folder:
            crawler = self.crawler_process.create_crawler(PortalCheckSpider)
            crawler.settings.set("OUTPUT_DIR", folder, priority="cmdline")
            crawler.settings.set("ITEM_PIPELINES", {}, priority="cmdline")
            self.crawler_process.crawl(crawler, arguments=CrawlArguments((portal,)))
            self.crawler_process.start()
            spider = crawler.spider
        if not isinstance(spider, PortalCheckSpider):
            self.exitcode = 1
            return
        (sweep,) = spider.sweeps.values()
        sys.stdout.write("\n".join(sweep.lines) + "\n")
        for column in sweep.columns.values():
            declared = "declares no total" if column.declared_total is None else f"declares {column.declared_total}"
            sys.stdout.write(
                f"column {column.url}\n  family {column.family}, {len(column.pages)} pages, {len(column.collected)} rows "
                f"({declared}), {column.reports} possible reports, {column.lookalikes} look-alikes\n"
            )
            sys.stdout.writelines(f"  {title}\n" for title in column.titles[:10])
        sys.stdout.write(f"{sweep.outcome.value}: {sweep.message or 'discovery and the lists are in order'}\n")
        self.exitcode = 0 if sweep.outcome is Outcome.OK else 1


class PortalCheckSpider(ReportsSpider):
    """Walks discovery and the lists of one portal, and asks for no article."""

    name = "portal_check"
    follow_rows = False
