"""The nation on one night: a site a portal, the stores, and what a crawler can get of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

from tests.nation.cms import BUILDERS
from tests.nation.faults import Faults, Kind
from tests.nation.plan import FAMILIES
from tests.nation.web import Asked, Resource, Role, Site

if TYPE_CHECKING:
    from tests.nation.pack import Pack
    from tests.nation.plan import Nation, Portal, Report

State = Literal["reached", "lost", "open"]

ROBOTS = "/robots.txt"
_ROBOTS = {
    True: b"User-agent: *\nDisallow: /private/\nDisallow: /module/web/private/\n",
    False: None,
}
_FILE_OUTCOMES = {
    Kind.UNAVAILABLE: "failed",
    Kind.RESET: "failed",
    Kind.CUT: "truncated",
    Kind.SHORT: "truncated",
    Kind.HTML: "not_a_document",
}


@dataclass(frozen=True, slots=True)
class Truth:
    """What there is to know of a report on one night.

    ``state``: a crawler that keeps to its rules must get it (``reached``), cannot (``lost``), or it depends on the order in
    which it asks (``open``). ``fault`` is what stands in the way and ``at`` where; ``outcome`` is how the document or the page
    should end then, empty where nothing is known of either. ``page_url`` is the article, or the file that a row links to.
    """

    key: str
    family: str
    host: str
    organisation: str
    year: int
    title: str
    kind: str
    direct: bool
    version: int
    page_url: str
    file_url: str
    state: State
    fault: str = ""
    at: str = ""
    outcome: str = "ok"


@dataclass(frozen=True, slots=True)
class Host:
    """What one address serves."""

    site: Site | None
    files: dict[str, Resource]
    has_robots: bool


class World:
    """All hosts of one night."""

    def __init__(
        self, nation: Nation, night: int, port: int, pack: Pack, *, share: float, lasting: float, challenged: float
    ) -> None:
        self.nation = nation
        self.night = night
        self.port = port
        self.sites: dict[str, Site] = {}
        self.hosts: dict[str, Host] = {}
        stored: dict[str, dict[str, Resource]] = {store: {} for store in nation.stores}
        for portal in nation.portals:
            site = Site(portal, night, port, pack)
            BUILDERS[portal.family](site)
            self.sites[portal.host] = site
            self.hosts[portal.host] = Host(site, {}, portal.has_robots)
            if portal.store:
                stored[portal.store].update(site.files)
        for store, files in stored.items():
            self.hosts[store] = Host(None, files, has_robots=False)
        first = [portal.host for portal in nation.portals[: len(FAMILIES)]]
        ways = {(host, name) for host in first for name in (ROBOTS, *self.sites[host].entrance)}
        ways |= {(store, ROBOTS) for store in nation.stores}
        self.faults = Faults(
            nation.seed,
            night,
            share=share,
            lasting=lasting,
            challenged=challenged,
            spared=frozenset((*first, *nation.stores)),
            spared_names=frozenset(ways),
        )

    def find(self, host: str, asked: Asked) -> Resource | None:
        """The resource that a request asks for."""
        served = self.hosts[host]
        if asked.path == ROBOTS:
            content = _ROBOTS[served.has_robots]
            return None if content is None else Resource(ROBOTS, "robots", "text/plain", lambda: content)
        target = f"{asked.path}?{asked.query}" if asked.query else asked.path
        if served.site is None:
            return served.files.get(target)
        site = served.site
        found = site.resources.get(target)
        if found is None and (api := site.apis.get(asked.path)):
            return api(asked)
        return found or site.resources.get(asked.path)

    # --- truth ----------------------------------------------------------------------------------------------------------

    def truths(self) -> Iterator[Truth]:
        """Every report listed on this night."""
        for site in self.sites.values():
            for report in site.portal.reports:
                if report.is_listed(self.night):
                    yield self._truth(site, report)

    def vanished(self) -> list[str]:
        """Addresses of the pages that are gone on this night."""
        found = []
        for site in self.sites.values():
            gone = [one for one in site.portal.reports if one.vanished_night is not None and one.vanished_night <= self.night]
            if gone:
                before = Site(site.portal, min(one.vanished_night or 1 for one in gone) - 1, self.port, site.pack)
                BUILDERS[site.portal.family](before)
                found += [self._urls(before, report)[0] for report in gone]
        return found

    def _urls(self, site: Site, report: Report) -> tuple[str, str]:
        """Addresses of the page and of the file of a report that the site lists."""
        portal = site.portal
        file = site.file_of.get(report.key, "")
        file_url = f"http://{portal.store or portal.host}:{self.port}{file}" if file else ""
        return (file_url if report.direct else site.url(site.article_of[report.key])), file_url

    def _truth(self, site: Site, report: Report) -> Truth:
        portal = site.portal
        page_url, file_url = self._urls(site, report)
        state, kind, at, outcome = self._reach(portal, site, report)
        return Truth(
            key=report.key,
            family=portal.family,
            host=portal.host,
            organisation=report.organisation,
            year=report.year,
            title=report.title,
            kind=report.kind,
            direct=report.direct,
            version=report.version(self.night),
            page_url=page_url,
            file_url=file_url,
            state=state,
            fault=kind,
            at=at,
            outcome=outcome,
        )

    def _reach(self, portal: Portal, site: Site, report: Report) -> tuple[State, str, str, str]:
        """State, fault, place of the fault, outcome."""
        host = portal.host
        challenge = self.faults.challenge_from(host)
        if challenge is not None:
            return ("lost" if challenge == 1 else "open"), Kind.CHALLENGE.value, "host", ""
        names: list[tuple[str, Role]] = [(ROBOTS, "robots")]
        names += [(name, _role(site, name)) for name in site.entrance]
        for name, role in names:
            if role == "robots" and not portal.has_robots:
                continue
            if kind := self._broken(host, name, role):
                # On a later night the column may be known.
                return ("lost" if self.night == 1 else "open"), kind, "entrance", ""
        for name in sorted({name for names in site.places.values() for name in names}):
            if name not in site.entrance and (kind := self._broken(host, name, "list")):
                # Pages behind a broken one may or may not be known.
                mine = name in site.places[report.key]
                if mine or not set(site.places[report.key]) & set(site.entrance):
                    return "open", kind, "list", ""
        article = site.article_of.get(report.key)
        if article and (kind := self._broken(host, article, "article")):
            return "lost", kind, "article", "truncated" if kind in (Kind.CUT, Kind.SHORT) else "failed"
        file = site.file_of.get(report.key)
        if file and (kind := self._broken(portal.store or host, file, "file")):
            return "lost", kind, "file", _FILE_OUTCOMES[Kind(kind)]
        return "reached", "", "", "ok"

    def _broken(self, host: str, name: str, role: Role) -> str:
        fault = self.faults.of(host, name, role)
        return fault.kind.value if fault and fault.loses else ""


def _role(site: Site, name: str) -> Role:
    return site.resources[name].role


def as_json(truth: Truth) -> dict[str, object]:
    """The truth as the monitor tells it."""
    return asdict(truth)
