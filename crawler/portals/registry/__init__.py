"""Which portals there are: one data file a province, read and checked here. The format is that of a portals file (TOML)."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from crawler.portals.families import FAMILIES
from crawler.portals.markup import host_of
from crawler.portals.model import Portal

_KEYS = frozenset(
    {
        "name",
        "region",
        "region_code",
        "uncoded",
        "home",
        "entry",
        "columns",
        "allow_hosts",
        "family",
        "encoding",
        "browser",
        "delay",
    }
)
_SHARED_KEYS = frozenset({"name", "region", "region_code", "uncoded", "home", "site_of"})
_HOST = re.compile(r"(?:[\w-]+(?:\.[\w-]+)*|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?")
_MAX_DELAY_SECONDS = 3600.0
FOLDER = Path(__file__).parent
"""Where the registry files are."""


class RegistryError(ValueError):
    """A portals file that cannot be used; the message names the file, the number of the table (from 1) and the key."""


@dataclass(frozen=True, slots=True)
class Province:
    """A province as ``provinces.toml`` knows it.

    ``file`` is its registry file, ``code`` the first digits of its codes, ``at_least`` how many governments the file must hold,
    ``region`` the path under which its portals lie (its name, but for the corps of Xinjiang), ``attachment_hosts`` the hosts
    its portals share.
    """

    name: str
    file: str
    code: str
    at_least: int
    region: str
    attachment_hosts: frozenset[str]
    short: str | None = None

    @property
    def spider(self) -> str:
        """Name of the province's spider."""
        return f"{self.file.removesuffix('.toml')}_reports"


@dataclass(frozen=True, slots=True)
class SharedSite:
    """A government whose site in the list is that of another: counted and known by name, and crawled with the other.

    ``site_of`` is the region of the portal that the site is registered under.
    """

    name: str
    region: str
    home: str
    site_of: str
    region_code: str | None = None
    uncoded: str | None = None


@cache
def provinces() -> dict[str, Province]:
    """All provinces by name, whether or not their registry file exists yet."""
    data = tomllib.loads(resources.files(__package__).joinpath("provinces.toml").read_text("utf-8"))
    return {
        entry["name"]: Province(
            name=entry["name"],
            file=entry["file"],
            code=entry["code"],
            at_least=entry["at_least"],
            region=entry.get("region", entry["name"]),
            attachment_hosts=frozenset(entry.get("attachment_hosts", ())),
            short=entry.get("short"),
        )
        for entry in data["province"]
    }


def find_province(province: str) -> Province:
    """The province of a name or its beginning: "河南省", "河南".

    Raises:
        RegistryError: no province begins so, or several do.
    """
    known = provinces()
    matches = [entry for entry in known.values() if province and province in (entry.name, entry.short)]
    matches = matches or [entry for name, entry in known.items() if province and name.startswith(province)]
    if len(matches) != 1:
        raise RegistryError(f"{province!r} is no province: use one of {', '.join(known)}")
    return matches[0]


def province_of(region: str) -> Province | None:
    """The province whose file holds the portals of ``region``, a path of names; ``None`` where there is none."""
    under = [entry for entry in provinces().values() if region == entry.region or region.startswith(f"{entry.region}/")]
    return max(under, key=lambda entry: len(entry.region), default=None)


def province_file(province: str) -> Path:
    """Path of the registry file of ``province`` ("河南省"; "河南" will do).

    Raises:
        RegistryError: no such province, or no portals are registered for it yet.
    """
    found = find_province(province)
    path = FOLDER / found.file
    if not path.is_file():
        raise RegistryError(f"no portals are registered for {found.name}: {path.name} is missing from the registry")
    return path


def registered_provinces() -> tuple[str, ...]:
    """Names of the provinces that have a registry file."""
    return tuple(name for name, entry in provinces().items() if (FOLDER / entry.file).is_file())


def load_province(province: str) -> tuple[Portal, ...]:
    """The registered portals of ``province``, in file order.

    Raises:
        RegistryError: as ``province_file`` and ``load_portals``.
    """
    return load_portals(province_file(province))


def load_shared(source: Path | str | bytes) -> tuple[SharedSite, ...]:
    """The governments of a portals file whose site is that of another portal, in file order.

    Raises:
        RegistryError: as ``load_portals``.
    """
    name, data = _read(source)
    tables = _tables(name, data, "shared")
    return tuple(_Table(name, number, table, "shared").shared() for number, table in enumerate(tables, 1))


def load_portals(source: Path | str | bytes) -> tuple[Portal, ...]:
    """The portals of a portals file, in file order.

    Args:
        source: a path, or the file's content as bytes.

    Raises:
        RegistryError: the file cannot be read, is no TOML, or a table is not a portal; the first fault is reported.
    """
    return _portals(*_read(source))


def portal_table(portal: Portal) -> dict[str, Any]:
    """A portal as its table in a portals file has it, of JSON's types only; `portal_of` reads it."""
    values = {key: getattr(portal, key) for key in sorted(_KEYS)}
    told = {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}
    return {key: value for key, value in told.items() if value not in (None, "", [])}


def portal_of(table: dict[str, Any]) -> Portal:
    """The portal of one table.

    Raises:
        RegistryError: it is not a portal's.
    """
    return _Table("the task", 1, table).portal()


def shared_hint(region: str) -> str:
    """Half a sentence on the registered governments of a name in a region path that have no site of their own, or nothing."""
    files = (province_file(name) for name in registered_provinces())
    guests = [guest for file in files for guest in load_shared(file) if region in guest.region.split("/")]
    return "".join(f"; {guest.region} is on the site of {guest.site_of}" for guest in guests)


def _read(source: Path | str | bytes) -> tuple[str, dict[str, Any]]:
    if isinstance(source, bytes):
        name, content = "portals file", source
    else:
        path = Path(source)
        name = path.name
        try:
            content = path.read_bytes()
        except OSError as error:
            raise RegistryError(f"{name}: cannot be read: {error.strerror}") from error
    try:
        data = tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise RegistryError(f"{name}: not UTF-8 at byte {error.start}") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise RegistryError(f"{name}: not TOML: {error}") from error
    unknown = sorted(data.keys() - {"portal", "shared"})
    if unknown:
        raise RegistryError(f"{name}: unknown key {unknown[0]!r} outside the [[portal]] tables")
    return name, data


def _tables(name: str, data: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    tables = data.get(kind, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise RegistryError(f"{name}: no [[{kind}]] table")
    return tables


def _portals(name: str, data: dict[str, Any]) -> tuple[Portal, ...]:
    tables = _tables(name, data, "portal")
    if not tables:
        raise RegistryError(f"{name}: no [[portal]] table")
    portals: list[Portal] = []
    homes: dict[str, int] = {}
    for number, table in enumerate(tables, 1):
        portal = _Table(name, number, table).portal()
        key = _home_key(portal.home)
        if key and key in homes:
            raise RegistryError(f"{name}: [[portal]] {number}: home: {portal.home} is also the home of table {homes[key]}")
        homes.setdefault(key, number)
        portals.append(portal)
    return tuple(portals)


def _home_key(home: str) -> str:
    """http and https, with and without a last slash, are one home."""
    parts = urlsplit(home)
    return f"{host_of(home)}{parts.path.rstrip('/')}?{parts.query}" if home else ""


class _Table:
    """One ``[[portal]]`` or ``[[shared]]`` table under inspection."""

    def __init__(self, file: str, number: int, table: dict[str, Any], kind: str = "portal") -> None:
        self.file, self.number, self.table, self.kind = file, number, table, kind

    def fault(self, key: str, message: str) -> RegistryError:
        return RegistryError(f"{self.file}: [[{self.kind}]] {self.number}: {key}: {message}")

    def refuse_unknown(self, known: frozenset[str]) -> None:
        for key in sorted(self.table.keys() - known):
            raise self.fault(key, f"unknown key; known are {', '.join(sorted(known))}")

    def region(self, key: str = "region") -> str:
        region = self.text(key, required=True)
        if any(not part or part != part.strip() for part in region.split("/")):
            raise self.fault(key, f"{region!r} is no path of names such as 河南省/洛阳市/栾川县")
        return region

    def shared(self) -> SharedSite:
        self.refuse_unknown(_SHARED_KEYS)
        region = self.region()
        return SharedSite(
            name=self.text("name", required=True),
            region=region,
            home=self.url("home", self.text("home", required=True)),
            site_of=self.region("site_of"),
            region_code=self.region_code(region),
            uncoded=self.text("uncoded") or None,
        )

    def portal(self) -> Portal:
        self.refuse_unknown(_KEYS)
        name = self.text("name", required=True)
        region = self.region()
        home = self.url("home", self.text("home"))
        columns = tuple(self.url("columns", column) for column in self.texts("columns"))
        if not home and not columns:
            raise self.fault("home", "missing; a portal needs a home or columns")
        for host in self.texts("allow_hosts"):
            if not _HOST.fullmatch(host):
                raise self.fault("allow_hosts", f"{host!r} is no host name (no scheme, no path, no wildcard)")
        return Portal(
            name=name,
            region=region,
            home=home,
            region_code=self.region_code(region),
            uncoded=self.text("uncoded") or None,
            columns=columns,
            allow_hosts=tuple(host.lower() for host in self.texts("allow_hosts")),
            family=self.family(),
            encoding=self.encoding(),
            browser=self.flag("browser"),
            delay=self.delay(),
            entry=self.url("entry", self.text("entry")) or None,
        )

    def text(self, key: str, *, required: bool = False) -> str:
        value = self.table.get(key, "")
        if not isinstance(value, str):
            raise self.fault(key, f"must be a string, not {value!r}")
        if required and not value.strip():
            raise self.fault(key, "missing")
        if key in self.table and not value.strip():
            raise self.fault(key, "is empty")
        return value

    def family(self) -> str | None:
        name = self.text("family")
        if name and name not in FAMILIES:
            raise self.fault("family", f"{name!r} is no family; known are {', '.join(FAMILIES)}")
        return name or None

    def texts(self, key: str) -> tuple[str, ...]:
        values = self.table.get(key, [])
        if not isinstance(values, list) or not all(isinstance(value, str) and value for value in values):
            raise self.fault(key, f"must be a list of strings, not {values!r}")
        return tuple(values)

    def url(self, key: str, value: str) -> str:
        if not value:
            return value
        try:
            parts = urlsplit(value)
            usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
        except ValueError:
            usable = False
        else:
            if parts.password is not None:
                raise self.fault(key, "holds a password, which would be told in logs and in the ledger: write it without")
        if not usable or any(character.isspace() for character in value):
            raise self.fault(key, f"{value!r} is no http or https address")
        return value

    def region_code(self, region: str) -> str | None:
        code = self.text("region_code")
        if not code:
            return None
        if "uncoded" in self.table:
            raise self.fault("uncoded", "says why there is no region_code, but there is one")
        if not (code.isascii() and code.isdigit() and len(code) == 6):
            raise self.fault("region_code", f"{code!r} is no six-digit GB/T 2260 code")
        province = provinces().get(region.partition("/")[0])
        if province and not code.startswith(province.code):
            raise self.fault("region_code", f"{code} is no code of {province.name}, whose codes begin with {province.code}")
        return code

    def encoding(self) -> str | None:
        name = self.text("encoding")
        if not name:
            return None
        try:
            "".encode(name)
        except (LookupError, ValueError) as error:
            raise self.fault("encoding", f"{name!r} is no encoding") from error
        return name

    def flag(self, key: str) -> bool | None:
        value = self.table.get(key)
        if value is not None and not isinstance(value, bool):
            raise self.fault(key, f"must be true or false, not {value!r}")
        return value

    def delay(self) -> float | None:
        value = self.table.get("delay")
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _MAX_DELAY_SECONDS:
            raise self.fault("delay", f"must be seconds from 0 to {_MAX_DELAY_SECONDS:.0f}, not {value!r}")
        return float(value)


@lru_cache(maxsize=8192)
def allowed_hosts(portal: Portal) -> frozenset[str]:
    """Every host that may be asked on behalf of ``portal``: its own, those it names, and its province's attachment hosts.

    A host is ``host:port`` only where the URL names a port. A portal's bare domain and its ``www.`` name count as one,
    because home pages redirect between the two.
    """
    own = {host_of(url) for url in (portal.home, portal.entry or "", *portal.columns)} - {""}
    twins = {host.removeprefix("www.") if host.startswith("www.") else f"www.{host}" for host in own if _is_site_root(host)}
    province = provinces().get(portal.region.partition("/")[0])
    shared = province.attachment_hosts if province else frozenset()
    return frozenset({*own, *twins, *portal.allow_hosts, *shared})


def _is_site_root(host: str) -> bool:
    """``www.x.gov.cn`` or ``x.gov.cn``; not ``public.x.gov.cn``, whose ``www.`` twin does not exist."""
    return host.endswith(".gov.cn") and (host.startswith("www.") or host.count(".") == 2)
