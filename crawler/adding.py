"""A checked portal becomes part of the project: its table in the registry, its pages, and a test that waits for a person."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from crawler.divisions import registered_divisions
from crawler.outcomes import Outcome
from crawler.portals import registry
from crawler.portals.markup import host_of
from crawler.portals.model import Portal
from crawler.portals.registry.expectation import SavedColumn, expectation_files, folder_name
from crawler.portals.registry.writing import UneditableError, Value, with_table, without_table
from crawler.portals.titles import classify_title

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crawler.portals.model import ListRequest
    from crawler.sweep import PortalSweep

TESTS = Path(__file__).resolve().parents[1] / "tests" / "portals"
"""Where the saved pages of added portals are."""


class NotAddedError(ValueError):
    """Why nothing was written, and what to do about it."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """One page of a list as it came; ``part`` is the request of an API that it answers."""

    column: str
    url: str
    body: bytes
    part: ListRequest | None


@dataclass(frozen=True, slots=True)
class Places:
    """Where an added portal is written: the folder of registry files, and that of saved pages."""

    registry: Path = registry.FOLDER
    tests: Path = TESTS

    def portals(self) -> tuple[Portal, ...]:
        """All portals of the registry files that there are.

        Raises:
            registry.RegistryError: a file cannot be used.
        """
        files = (self.registry / province.file for province in registry.provinces().values())
        return tuple(portal for file in files if file.is_file() for portal in registry.load_portals(file))


def candidate(
    places: Places,
    url: str,
    *,
    name: str | None = None,
    region: str | None = None,
    code: str | None = None,
    columns: Sequence[str] = (),
    allow_hosts: Sequence[str] = (),
) -> Portal:
    """The portal to be checked, as it is registered or new. Discovery starts afresh: only ``columns`` are taken as known.

    Raises:
        NotAddedError: name or region are missing for a new portal; the region lies in no province; its host is another's.
        registry.RegistryError: a registry file cannot be used.
    """
    known = places.portals()
    mine = next((portal for portal in known if _is_meant(portal, url, region)), None)
    if mine is None and not (name and region):
        raise NotAddedError(
            f"{url} is not registered: say whose it is with --name and --region, e.g. --region 河南省/洛阳市/栾川县"
        )
    home = url if mine is None or host_of(mine.home) != host_of(url) or urlsplit(url).path in ("", "/") else mine.home
    base = mine or Portal(name=name or "", region=region or "", home=home)
    if registry.province_of(base.region) is None:
        raise NotAddedError(f"{base.region} lies in no province: begin with one of {', '.join(registry.provinces())}")
    other = next((portal for portal in known if portal is not mine and host_of(portal.home) == host_of(home)), None)
    if other:
        raise NotAddedError(f"{host_of(home)} is already the portal of {other.region}")
    code = code or base.region_code or dict(registered_divisions()).get(base.region)
    return replace(
        base,
        name=name or base.name,
        home=home,
        region_code=code,
        uncoded=None if code else base.uncoded or "the registry knows no code of this division",
        columns=tuple(columns),
        allow_hosts=tuple(dict.fromkeys((*base.allow_hosts, *(host.lower() for host in allow_hosts)))),
        family=None,
    )


def _is_meant(portal: Portal, url: str, region: str | None) -> bool:
    if region is not None:
        return portal.region == region
    return url == portal.entry or host_of(portal.home) == host_of(url)


@dataclass(frozen=True, slots=True)
class Added:
    """What was written, and the hosts of listed pages that a person must decide on: nothing on them is asked for."""

    files: tuple[Path, ...]
    hosts_left: tuple[str, ...]


def add(places: Places, sweep: PortalSweep, fetched: Sequence[Fetched]) -> Added:
    """Write what the check of ``sweep.portal`` found; an existing table is changed, its other keys stay.

    Args:
        places: where to.
        sweep: of a `candidate`, walked to the end.
        fetched: every page of its lists.

    Raises:
        NotAddedError: the check found no column with reports, or could not read one; nothing was written.
    """
    _refuse_failures(sweep)
    columns = tuple(sweep.discovery.columns)
    encoding = sweep.portal.encoding
    saved = [column for url in columns if (column := _saved(url, fetched, encoding))]
    below = (_saved(url, fetched, encoding) for url, column in sweep.columns.items() if url not in columns and column.reports)
    saved += [column for column in below if column][:1]
    hosts = _hosts_of_rows(saved, encoding)
    families = {column.family for column in sweep.columns.values() if column.family}
    portal = replace(
        sweep.portal,
        columns=columns,
        family=families.pop() if len(families) == 1 and families != {"generic"} else None,
        allow_hosts=(*sweep.portal.allow_hosts, *_own_hosts(sweep.portal, hosts)),
    )
    folder = places.tests / folder_name(portal.home)
    texts = expectation_files(portal, saved, checked=datetime.now(UTC).date().isoformat())
    files = dict([_table_file(places, portal)]) | {folder / name: content for name, content in texts.items()}
    for path, content in files.items():
        _write(path, content)
    for stale in folder.glob("column-*"):
        if stale not in files:
            stale.unlink()
    return Added(tuple(files), tuple(host for host in hosts if host not in registry.allowed_hosts(portal)))


def _refuse_failures(sweep: PortalSweep) -> None:
    if sweep.outcome is not Outcome.OK:
        raise NotAddedError(sweep.message or sweep.outcome.value)
    unread = [column.message for column in sweep.columns.values() if column.outcome is not Outcome.OK]
    if unread:
        raise NotAddedError(f"{'; '.join(unread)}; name the columns that are the portal's with --column URL")
    if not sweep.discovery.columns:
        raise NotAddedError("only articles were found and no column that lists them; name the column with --column URL")
    if not any(column.reports for column in sweep.columns.values()):
        raise NotAddedError("no row of the columns is titled as a report, so there is nothing that a person could confirm")


def _saved(url: str, fetched: Sequence[Fetched], encoding: str | None) -> SavedColumn | None:
    """The first page of a column, with the answer to the first request that it makes."""
    page = next((one for one in fetched if one.column == url and one.part is None), None)
    if page is None:
        return None
    column = SavedColumn(page.url, page.body)
    requests = column.read(encoding).next_requests
    answer = next((one.body for one in fetched if requests and one.part and one.part.key == requests[0].key), None)
    return replace(column, answer=answer)


def _hosts_of_rows(saved: Sequence[SavedColumn], encoding: str | None) -> tuple[str, ...]:
    rows = (item for column in saved for item in column.read(encoding).items)
    return tuple(dict.fromkeys(host_of(item.url) for item in rows if classify_title(item.text).kind != "lookalike"))


def _own_hosts(portal: Portal, hosts: Sequence[str]) -> list[str]:
    """Those of ``hosts`` that are not allowed yet and lie in the portal's own domain."""
    domain = _domain(portal.home)
    allowed = registry.allowed_hosts(portal)
    return [host for host in hosts if host not in allowed and domain and f".{host}".endswith(f".{domain}")]


def _domain(url: str) -> str:
    """``luanchuan.gov.cn`` of ``www.luanchuan.gov.cn``; nothing for an address that is no such name."""
    names = (urlsplit(url).hostname or "").split(".")
    return ".".join(names[-3:]) if names[-2:] == ["gov", "cn"] and len(names) > 2 else ""


def _province(portal: Portal) -> registry.Province:
    province = registry.province_of(portal.region)
    if province is None:
        raise NotAddedError(f"{portal.region} lies in no province")
    return province


def _table_file(places: Places, portal: Portal) -> tuple[Path, bytes]:
    """The registry file with the portal's table, read again before it is believed."""
    path = places.registry / _province(portal).file
    text = path.read_text("utf-8") if path.is_file() else f"# The government portals of {_province(portal).name}.\n"
    values: dict[str, Value] = {
        "name": portal.name,
        "region": portal.region,
        "region_code": portal.region_code or "",
        "uncoded": portal.uncoded or "",
        "home": portal.home,
        "columns": portal.columns,
        "allow_hosts": portal.allow_hosts,
        "family": portal.family or "",
    }
    before = _others(text, portal)
    try:
        text = with_table(without_table(text, portal.region, kind="shared"), values)
        after = registry.load_portals(text.encode())
    except (UneditableError, registry.RegistryError) as error:
        raise NotAddedError(f"{path.name}: {error}") from error
    written = next((one for one in after if one.region == portal.region), None)
    if written is None or _facts(written) != _facts(portal) or _others(text, portal) != before:
        raise NotAddedError(f"{path.name}: the table of {portal.region} is written in an unusual way: change it by hand")
    return path, text.encode()


def _others(text: str, portal: Portal) -> tuple[Portal, ...]:
    if "[[portal]]" not in text:
        return ()
    return tuple(one for one in registry.load_portals(text.encode()) if one.region != portal.region)


def _facts(portal: Portal) -> Mapping[str, object]:
    return {key: getattr(portal, key) for key in ("name", "region", "home", "region_code", "columns", "allow_hosts", "family")}


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        file.write(content)
    os.chmod(file.name, 0o644)  # noqa: PTH101
    os.replace(file.name, path)  # noqa: PTH105
