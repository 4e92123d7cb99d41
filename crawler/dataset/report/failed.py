"""Failed checks and doubtful cells: which cells they are about, what was read there, and where it stands on the page."""

from __future__ import annotations

import heapq
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from crawler.dataset.model import Record
from crawler.dataset.report.model import Box, Crop
from crawler.forms.catalogue import FORM_VERSIONS, load_form
from crawler.forms.model import State, Status
from crawler.forms.rules import Rule, load_rules

DOUBT = "doubt"
"""The kind of an entry that is about cells the reader was unsure of, and about no rule."""
UNPARSED = State.UNPARSED.value
DOUBTFUL = frozenset({"ocr_suspect", "second_reading_differs", "no_two_readings_agree", "blank_not_zero"})
"""Flags of a cell whose value may be misread, or missing."""
MOST_OF_A_KIND = 300
"""Entries shown of each kind, the worst and newest; all are counted."""
MOST_CELLS = 60
"""Of one entry."""
LONGEST_RAW, LONGEST_DETAIL = 40, 600
DRAWABLE = ("application/pdf", "application/x-page-images", "image/")
"""Media types, or their beginnings, of which pages can be drawn."""
ABOVE, BELOW = 64.0, 12.0
"""Points around the cells of a table: its header stands above them."""
WHOLE_WIDTH = 100_000.0

SEVERITIES = ("error", "warn", "info")
KINDS = ("identity", "cross_year", "plausibility", "text", DOUBT, "structure", "cross_level", "timeliness")
"""What a number is wrong by comes before what is missing."""
Rank = tuple[int, int, int]
Found = tuple[str, str, str, str, tuple[str, ...]]
"""Kind, rule, severity, detail, and the cells where they are known."""

_KEY = re.compile(r"[a-z][a-z_]*(?:\.[a-z_]+){1,2}")
_TURNED = re.compile(r"page_turned_(\d+):(\d+)")
_ABOUT: Mapping[str, str] = {
    "amount_unit": "active_disclosure.central_procurement",
    "rule_making_power": "active_disclosure.rules",
    "stock_not_flow": "active_disclosure.{item}",
    "text_received": "requests.received_new.total",
    "text_none": "requests.received_new.total",
    "text_review": "review_litigation",
    "pending": "review_litigation",
}
"""What the rules judge that name no operands."""


@dataclass(slots=True)
class Entry:
    """One failed check, or the doubtful cells of one table."""

    report: int
    kind: str
    rule: str
    severity: str
    detail: str
    keys: tuple[str, ...]
    tables: dict[str, list[list[str | None]]]
    """By the tables of ``keys``: key, raw text, value and state of every cell of the table."""
    crops: list[tuple[Crop, dict[str, Box]]] = field(default_factory=list)
    """Places of those tables, a page each, and the boxes of ``keys`` there."""


class FailedChecks:
    """Collects the entries; of each kind only as many as are shown."""

    def __init__(self) -> None:
        self.counts: dict[str, Counter[str]] = defaultdict(Counter)
        """By rule, how its checks ended."""
        self.totals: Counter[str] = Counter()
        """Entries by kind, whether shown or not."""
        self._heaps: dict[str, list[tuple[Rank, int, Entry]]] = defaultdict(list)
        self._number = 0

    def add(self, report: int, record: Record, source: str) -> int:
        """Takes in the report of that number, read from the content ``source`` (a sha256); gives how many entries it has."""
        entries = 0
        for check in record["checks"]:
            self.counts[check["id"]][check["status"]] += 1
        for kind, rule, severity, detail, doubtful in (*_failed(record), *_doubts(record)):
            entries += 1
            self.totals[kind] += 1
            self._number += 1
            year = record["year"] or 0
            rank = _rank(kind, severity, year)
            heap = self._heaps[kind]
            if len(heap) >= MOST_OF_A_KIND and heap[0][0] >= rank:
                continue
            keys = doubtful or _keys(rules_by_id().get((rule, record["form_version"])), detail, record["cells"])
            entry = Entry(report, kind, rule, severity, detail[:LONGEST_DETAIL], keys, _tables(record, keys))
            entry.crops = list(_crops(record, keys, source))
            item = (rank, -self._number, entry)
            heapq.heappush(heap, item) if len(heap) < MOST_OF_A_KIND else heapq.heappushpop(heap, item)
        return entries

    def entries(self) -> list[Entry]:
        """Those shown: errors first, the newest years first."""
        found = [item for heap in self._heaps.values() for item in heap]
        return [entry for _, _, entry in sorted(found, key=lambda item: item[:2], reverse=True)]


def _rank(kind: str, severity: str, year: int) -> Rank:
    return -SEVERITIES.index(severity), -KINDS.index(kind) if kind in KINDS else -len(KINDS), year


@cache
def rules_by_id() -> Mapping[tuple[str, str], Rule]:
    """The rules by their names and form versions; one name may stand for a rule of each form."""
    return {(rule.id, version): rule for rule in load_rules().rules for version in rule.versions}


def _failed(record: Record) -> Iterator[Found]:
    """The failed checks; which cells they are about takes longer to tell than most are worth."""
    for check in record["checks"]:
        if check["status"] == Status.FAIL.value:
            rule = rules_by_id().get((check["id"], record["form_version"]))
            yield check["kind"], check["id"], rule.severity if rule else "error", check["detail"], ()


def _keys(rule: Rule | None, detail: str, cells: Mapping[str, Any]) -> tuple[str, ...]:
    """The cells a check is about: its operands of this year, else those that it names."""
    named = [operand.key for operand in rule.operands if not operand.previous] if rule else []
    if not named:
        named = _KEY.findall(detail)
        if rule and rule.function in _ABOUT:
            named.append(_ABOUT[rule.function].format(item=rule.item))
    found = [key for name in named for key in cells if key == name or key.startswith(f"{name}.")]
    return tuple(dict.fromkeys(found))[:MOST_CELLS]


def _doubts(record: Record) -> Iterator[Found]:
    by_table: dict[str, list[str]] = defaultdict(list)
    for key, cell in record["cells"].items():
        if cell["state"] == UNPARSED or ("flags" in cell and not DOUBTFUL.isdisjoint(cell["flags"])):
            by_table[key.partition(".")[0]].append(key)
    for keys in by_table.values():
        words = {flag for key in keys for flag in record["cells"][key].get("flags") or () if flag in DOUBTFUL}
        words |= {UNPARSED for key in keys if record["cells"][key]["state"] == UNPARSED}
        yield DOUBT, ", ".join(sorted(words)), "warn", _readings(record, keys), tuple(keys[:MOST_CELLS])


def _readings(record: Record, keys: Iterable[str]) -> str:
    cells = record["cells"]
    seen = [f"{key}: {cells[key]['raw']} | {cells[key]['second_raw']}" for key in keys if "second_raw" in cells[key]]
    return "; ".join(seen)


def _tables(record: Record, keys: tuple[str, ...]) -> dict[str, list[list[str | None]]]:
    tables = {key.partition(".")[0] for key in keys}
    return {
        table: [
            [key, None if cell["raw"] is None else cell["raw"][:LONGEST_RAW], _number(cell["value"]), cell["state"]]
            for key, cell in record["cells"].items()
            if key.startswith(f"{table}.")
        ]
        for table in sorted(tables)
    }


def _number(value: float | None) -> str | None:
    return None if value is None else str(value)


def _crops(record: Record, keys: tuple[str, ...], source: str) -> Iterator[tuple[Crop, dict[str, Box]]]:
    """A crop for every page that a table of these cells has some of them on."""
    pages: dict[tuple[str, str, int], dict[str, Box]] = defaultdict(dict)
    for key, cell in record["cells"].items():
        where = cell["where"] or {}
        if where.get("page") and where.get("bbox"):
            pages[key.partition(".")[0], where.get("document", ""), where["page"]][key] = tuple(where["bbox"])
    turns = {int(match[2]): int(match[1]) for flag in record["quality_flags"] if (match := _TURNED.fullmatch(flag))}
    for (_, url, page), boxes in sorted(pages.items()):
        marked = {key: boxes[key] for key in keys if key in boxes}
        document = _document(record, source, url)
        if marked and document is not None:
            area = (0.0, min(box[1] for box in boxes.values()) - ABOVE, WHOLE_WIDTH, max(b[3] for b in boxes.values()) + BELOW)
            yield Crop(document["sha256"], document["path"], page, area, turns.get(page, 0)), marked


def _document(record: Record, source: str, url: str) -> Mapping[str, Any] | None:
    """The stored document that cells stand in, where its pages can be drawn."""
    for document in record["documents"]:
        if (document["url"] == url if url else document["sha256"] == source) and document["path"]:
            drawable = any((document["media_type"] or "").startswith(kind) for kind in DRAWABLE)
            return document if drawable else None
    return None


def labels() -> dict[str, dict[str, Any]]:
    """What the page says of every metric, by its key: the official labels of the newest form that prints it, and its unit."""
    found: dict[str, dict[str, Any]] = {}
    for version in reversed(FORM_VERSIONS):
        form = load_form(version)
        for metric in (*form.metrics, *form.extra_metrics):
            found.setdefault(metric.key, {"labels": list(metric.labels), "unit": metric.unit})
    return found
