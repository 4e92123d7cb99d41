"""What the page holds, collected report by report while a version is written."""

from __future__ import annotations

import base64
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from crawler.dataset.model import PortalHealth, Record, Sighting
from crawler.dataset.report.failed import Entry, FailedChecks, labels, rules_by_id
from crawler.dataset.report.figures import BINS, Figures
from crawler.dataset.report.model import Box, Crop, CropPages, Picture

MOST_REPORTS = 30_000
"""Reports that can be looked up one by one; the grid counts all."""
MOST_PROBLEMS = 1_000
MOST_CHANGES = 300
"""Of each operation."""
MOST_CHANGED_KEYS = 12
MOST_PICTURES = 120
MOST_PICTURE_BYTES = 6_000_000
"""Of all together; a third more in the page."""
LONGEST_TEXT = 160
LONGEST_MESSAGE = 400


class _Numbered:
    """Values by the order in which they came first."""

    def __init__(self) -> None:
        self.numbers: dict[Any, int] = {}

    def number(self, value: Any) -> int:
        return self.numbers.setdefault(value, len(self.numbers))


class Contents:
    """Everything the page shows, in memory a few hundred bytes a report."""

    def __init__(self) -> None:
        self._regions = _Numbered()
        self._organisations = _Numbered()
        self._media_types = _Numbered()
        self._reports: list[list[Any]] = []
        self._count = 0
        self._coverage: dict[tuple[int, int | None], list[int]] = defaultdict(lambda: [0, 0, 0])
        """By region and year: reports, those with failed checks or doubts, organisations that reported."""
        self._reported: set[tuple[int, int | None]] = set()
        self._states: Counter[str] = Counter()
        self._figures = Figures()
        self._failed = FailedChecks()

    def add(self, record: Record, source: str) -> None:
        """Takes in one current record, read from the content of that sha256."""
        number, self._count = self._count, self._count + 1
        region = self._regions.number(record["region_path"] or "")
        organisation = self._organisations.number((record["org_name"] or record["org_name_raw"] or "", region))
        entries = self._failed.add(number, record, source)
        self._figures.add(number, record)
        self._states.update(cell["state"] for cell in record["cells"].values())
        place = self._coverage[region, record["year"]]
        place[0] += 1
        place[1] += entries > 0
        place[2] += (organisation, record["year"]) not in self._reported
        self._reported.add((organisation, record["year"]))
        media_type = next((one["media_type"] for one in record["documents"] if one["sha256"] == source), None)
        if number < MOST_REPORTS:
            self._reports.append(
                [
                    *(organisation, record["year"], record["report_id"], _cut(record["title"]), record["page_url"]),
                    *(self._media_types.number(media_type or ""), entries, len(record["quality_flags"])),
                    *(record["version_no"], record["published_date"], record["gone_at"] is not None),
                ]
            )

    def facts(
        self,
        portals: Iterable[Mapping[str, Any]],
        outcomes: Mapping[str, Mapping[str, int]],
        problems: Sequence[Sighting],
        changes: Path,
    ) -> dict[str, Any]:
        """Everything but the pictures, as JSON values.

        Args:
            portals: entries as in ``health.json``.
            outcomes: documents by media type and outcome.
            problems: documents that gave no report.
            changes: the version's ``delta.jsonl``.
        """
        portals = [_portal(portal) for portal in portals]
        for portal in portals:
            self._regions.number(portal["region"])
        return {
            "reports": self._reports,
            "report_count": self._count,
            "organisations": [list(key) for key in self._organisations.numbers],
            "regions": list(self._regions.numbers),
            "media_types": list(self._media_types.numbers),
            "coverage": [[region, year, *found] for (region, year), found in self._coverage.items()],
            "states": dict(self._states),
            "portals": portals,
            "outcomes": outcomes,
            "problems": [_problem(sighting) for sighting in problems[:MOST_PROBLEMS]],
            "problem_count": len(problems),
            "metrics": labels(),
            "figures": self._figures.summary(),
            "bins": list(BINS),
            "rules": self._rules(),
            "failed_totals": dict(self._failed.totals),
            "delta": _delta(changes),
        }

    def failed(self, crop_pages: CropPages) -> tuple[list[dict[str, Any]], list[str], dict[str, int]]:
        """The failed checks as JSON values, the pictures as data URLs, and how many pictures were left out and why."""
        entries = self._failed.entries()
        wanted = list(dict.fromkeys(crop for entry in entries for crop, _ in entry.crops))
        asked = wanted[:MOST_PICTURES]
        drawn = crop_pages(asked) if asked else {}
        numbers: dict[Crop, int] = {}
        urls: list[str] = []
        size = 0
        for crop in asked:
            picture = drawn.get(crop, "not drawn")
            if isinstance(picture, Picture) and size + len(picture.content) <= MOST_PICTURE_BYTES:
                size += len(picture.content)
                numbers[crop] = len(urls)
                urls.append(f"data:{picture.media_type};base64,{base64.b64encode(picture.content).decode('ascii')}")
        shown = [_entry(entry, numbers, drawn) for entry in entries]
        return shown, urls, {"most": MOST_PICTURES, "wanted": len(wanted), "shown": len(urls), "bytes": size}

    def _rules(self) -> list[dict[str, Any]]:
        rules = {rule_id: rule for (rule_id, _), rule in rules_by_id().items()}
        return [
            {
                "id": rule_id,
                "kind": rules[rule_id].kind if rule_id in rules else "",
                "severity": rules[rule_id].severity if rule_id in rules else "",
                "note": rules[rule_id].note if rule_id in rules else "",
                "counts": dict(counts),
            }
            for rule_id, counts in sorted(self._failed.counts.items())
        ]


def health_entries(portals: Iterable[PortalHealth]) -> list[dict[str, Any]]:
    """The portals as the ledger alone knows them: without a judgement on what is stale."""
    return [
        {
            **{key: getattr(portal, key) for key in ("name", "region", "home", "last_attempt", "last_success")},
            **{key: getattr(portal, key) for key in ("last_new_document", "last_outcome", "last_message", "documents")},
        }
        for portal in portals
    ]


def _portal(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": entry["name"],
        "region": entry["region"],
        "home": entry["home"],
        "last_attempt": entry["last_attempt"],
        "last_success": entry["last_success"],
        "last_new_document": entry["last_new_document"],
        "outcome": entry["last_outcome"],
        "message": _cut(entry["last_message"], LONGEST_MESSAGE),
        "documents": entry["documents"],
        "stale": None if "stale" not in entry else [_cut(reason, LONGEST_MESSAGE) for reason in entry["stale"][:5]],
    }


def _problem(sighting: Sighting) -> list[Any]:
    return [
        sighting.url,
        sighting.page_url,
        sighting.portal_name,
        _cut(sighting.page_title or sighting.list_title or ""),
        sighting.outcome.value,
        _cut(sighting.message, LONGEST_MESSAGE),
    ]


def _entry(entry: Entry, numbers: Mapping[Crop, int], drawn: Mapping[Crop, Picture | str]) -> dict[str, Any]:
    pictures: list[dict[str, Any]] = []
    for crop, boxes in entry.crops:
        picture = drawn.get(crop)
        if crop in numbers and isinstance(picture, Picture):
            marks = {key: _share(box, picture.box) for key, box in boxes.items()}
            pictures.append({"page": crop.page, "picture": numbers[crop], "marks": marks})
        else:
            pictures.append({"page": crop.page, "note": picture if isinstance(picture, str) else None})
    return {
        "report": entry.report,
        "kind": entry.kind,
        "rule": entry.rule,
        "severity": entry.severity,
        "detail": entry.detail,
        "keys": entry.keys,
        "tables": entry.tables,
        "pictures": pictures,
    }


def _share(box: Box, whole: Box) -> list[float]:
    """Left, top, width and height of a box in percent of the whole.

    >>> _share((10, 20, 30, 40), (0, 0, 100, 200))
    [10.0, 10.0, 20.0, 10.0]
    """
    width, height = whole[2] - whole[0], whole[3] - whole[1]
    x, y = 100 * (box[0] - whole[0]) / width, 100 * (box[1] - whole[1]) / height
    return [round(part, 2) for part in (x, y, 100 * (box[2] - box[0]) / width, 100 * (box[3] - box[1]) / height)]


def _delta(path: Path) -> dict[str, Any]:
    counts: Counter[str] = Counter()
    shown: list[list[Any]] = []
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            change = json.loads(line)
            counts[change["op"]] += 1
            if counts[change["op"]] <= MOST_CHANGES:
                changes = change.get("changes", {})
                keys = [[key, _said(one["old"]), _said(one["new"])] for key, one in _telling(changes)]
                shown.append([change["op"], change["report_id"], change["org_name"], change["year"], keys, len(changes)])
    return {"counts": {operation: counts[operation] for operation in ("ADD", "MOD", "DEL")}, "changes": shown}


def _telling(changes: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """The changes that a person is told: numbers first, and of a cell nothing that its number tells already."""
    told = [(key, change) for key, change in changes.items() if not key.startswith("cells.")]
    return islice(sorted(told, key=lambda one: not one[0].startswith("values.")), MOST_CHANGED_KEYS)


def _said(value: Any) -> str | None:
    if value is None:
        return None
    return _cut(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), 80)


def _cut(text: str | None, longest: int = LONGEST_TEXT) -> str | None:
    return text if text is None or len(text) <= longest else f"{text[: longest - 1]}…"
