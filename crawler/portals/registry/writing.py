"""Registry tables as text: written new, or changed in a file without touching what else stands in it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Value = str | bool | float | tuple[str, ...]

KEY_ORDER = (
    "name",
    "region",
    "region_code",
    "uncoded",
    "home",
    "site_of",
    "entry",
    "columns",
    "allow_hosts",
    "family",
    "encoding",
    "browser",
    "delay",
)
_HEADER = re.compile(r"^\[\[(?P<kind>portal|shared)\]\]\s*(?:#.*)?$")
_KEY = re.compile(r"^(?P<key>[a-z_]+)\s*=")
_REGION = re.compile(r'^region\s*=\s*"(?P<region>[^"]*)"')


class UneditableError(ValueError):
    """A table that is not written one key a line, so that a person must change it."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table as the file shows it: its lines, the comments and blank lines before it among them.

    ``region`` is ``None`` where no line states it plainly.
    """

    kind: str
    lines: tuple[str, ...]
    region: str | None

    @property
    def text(self) -> str:
        """The lines as they stand in the file."""
        return "".join(self.lines)


def table_text(values: Mapping[str, Value], *, kind: str = "portal", remark: str = "") -> str:
    """A table, one key a line in the usual order; empty values are left out, ``remark`` stands behind the home page."""
    lines = [f"[[{kind}]]\n"]
    for key in KEY_ORDER:
        value = values.get(key)
        if value is None or value in ("", ()):
            continue
        behind = f"  # {remark}" if remark and key == "home" else ""
        lines.append(f"{_line(key, value)}{behind}\n")
    return "".join(lines)


def _line(key: str, value: Value) -> str:
    return f"{key} = {toml_value(value)}"


def toml_value(value: Value) -> str:
    """A value on one line; JSON's strings are TOML's but for DEL, which JSON leaves as it is.

    >>> toml_value(("a", 'b"'))
    '["a", "b\\\\""]'
    """
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def split_tables(text: str) -> tuple[str, tuple[Table, ...]]:
    """The head of a registry file, and its tables; joined again they are the text."""
    lines = text.splitlines(keepends=True)
    starts = [number for number, line in enumerate(lines) if _HEADER.match(line)]
    if not starts:
        return text, ()
    # Comments and blank lines right before a header belong to its table, but those before the first are the file's head.
    edges = [starts[0]]
    for before, start in pairwise(starts):
        edge = start
        while edge > before + 1 and (not lines[edge - 1].strip() or lines[edge - 1].startswith("#")):
            edge -= 1
        edges.append(edge)
    edges.append(len(lines))
    tables = tuple(
        _table(tuple(lines[edge:after]), lines[start]) for edge, after, start in zip(edges, edges[1:], starts, strict=False)
    )
    return "".join(lines[: edges[0]]), tables


def _table(lines: tuple[str, ...], header: str) -> Table:
    kind = _HEADER.match(header)
    region = next((match["region"] for line in lines if (match := _REGION.match(line))), None)
    return Table(kind["kind"] if kind else "portal", lines, region)


def changed(table: Table, values: Mapping[str, Value]) -> Table:
    """The table with ``values`` in the place of its own, everything else as it stands; an empty value takes its key out.

    Raises:
        UneditableError: a value to be changed does not stand on one line.
    """
    lines = list(table.lines)
    places = {match["key"]: number for number, line in enumerate(lines) if (match := _KEY.match(line))}
    for key in KEY_ORDER:
        if key not in values:
            continue
        new = _line(key, values[key]) if values[key] not in ("", ()) else ""
        if key in places:
            line = lines[places[key]]
            if line.count("[") != line.count("]") or '"""' in line or "'''" in line:
                raise UneditableError(f"{key} of {table.region} runs over several lines: change it by hand")
            if not new or not line.startswith(new):
                lines[places[key]] = new and f"{new}\n"
        elif new:
            before = [places[known] for known in KEY_ORDER[: KEY_ORDER.index(key)] if known in places]
            at = max(before, default=len(lines) - 1) + 1
            lines[at - 1] = lines[at - 1].rstrip("\n") + "\n"
            lines.insert(at, f"{new}\n")
            places = {name: number + (number >= at) for name, number in places.items()} | {key: at}
    return replace(table, lines=tuple(lines))


def inserted(text: str, new: str, region: str) -> str:
    """The file with one more table, behind the last of the same prefecture; a prefecture's first gets a heading."""
    head, tables = split_tables(text)
    group = region.split("/")[:2]
    mine = [number for number, table in enumerate(tables) if (table.region or "").split("/")[:2] == group]
    at = mine[-1] + 1 if mine else len(tables)
    # The districts of a municipality (北京市/东城区) stand directly below it.
    heading = "" if mine or len(group) == 1 or group[0].endswith("市") else f"# --- {group[1]}\n\n"
    before = head + _joined(tables[:at])
    gap = "\n" if before.endswith("\n") or not before else "\n\n"
    after = _joined(tables[at:])
    between = "" if not after or after.startswith("\n") else "\n"
    return f"{before}{gap if before else ''}{heading}{new}{between}{after}"


def _joined(tables: Iterable[Table]) -> str:
    return "".join(table.text for table in tables)


def with_table(text: str, values: Mapping[str, Value], *, kind: str = "portal", remark: str = "") -> str:
    """The file with the table of ``values["region"]`` changed, or added where there is none.

    Raises:
        UneditableError: as ``changed``.
    """
    head, tables = split_tables(text)
    region = str(values["region"])
    for number, table in enumerate(tables):
        if table.region == region and table.kind == kind:
            return head + _joined((*tables[:number], changed(table, values), *tables[number + 1 :]))
    return inserted(text, table_text(values, kind=kind, remark=remark), region)


def without_table(text: str, region: str, *, kind: str) -> str:
    """The file without the tables of ``kind`` for ``region``, and without the comments right above them."""
    head, tables = split_tables(text)
    return head + _joined(table for table in tables if table.kind != kind or table.region != region)
