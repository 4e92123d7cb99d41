"""A ledger and an output folder for tests of publishing, with nights that follow each other."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from crawler.dataset.ledger import Ledger
from crawler.dataset.model import Record
from crawler.dataset.publish import Publication, publish
from crawler.outcomes import Outcome

from .builders import DIVISIONS, extraction_record

NIGHT = datetime(2026, 1, 10, 2, 0, tzinfo=UTC)
KEY = "requests.granted.natural_person"
SPIDER = "henan_reports"
TOWNS = ("赤土店镇", "陶湾镇", "冷水镇", "石庙镇", "潭头镇", "庙子镇", "合峪镇", "三川镇", "叫河镇", "白土镇")


class House:
    """A ledger and an output folder, with nights that follow each other."""

    def __init__(self, folder: Path) -> None:
        self.output = folder / "output"
        self.root = self.output / SPIDER
        self.night = NIGHT
        self.ledger = Ledger(f"sqlite:///{folder / 'ledger.sqlite'}", clock=lambda: self.night)
        self.ledger.record_portal(
            SPIDER, "lc", name="栾川县人民政府", region="河南省/洛阳市/栾川县", region_code="410324",
            home="http://lc.example/", outcome=Outcome.OK,
        )  # fmt: skip

    def add(self, town: str, record: Record | None = None, *, content: str | None = None) -> None:
        """Sees and reads the report of a town."""
        url = f"http://lc.example/{town}.html"
        sha256 = hashlib.sha256(f"{town} {content}".encode()).hexdigest()
        record = record or extraction_record(f"栾川县{town}人民政府", prose=f"{town}的话" * 60)
        self.ledger.record_page(url, portal="lc", outcome=Outcome.OK, title=f"{town}年报", published_date="2024-01-20")
        self.ledger.record_document(
            url,
            page_url=url,
            role="body",
            outcome=Outcome.OK,
            sha256=sha256,
            media_type="text/html",
            size=10,
            path=f"{sha256}.html",
        )
        self.ledger.save_extraction(sha256, "1", outcome=Outcome.OK, record=record)

    def publish(self, **options: Any) -> Publication:
        """Publishes, and lets a night pass."""
        publication = publish(self.ledger, SPIDER, self.output, now=self.night, divisions=DIVISIONS, **options)
        self.night += timedelta(days=1)
        return publication

    def current(self, name: str = "reports.jsonl") -> list[Record]:
        """The lines of a file of the current version, as a reader finds them."""
        return [json.loads(line) for line in (self.root / "current" / name).read_text(encoding="utf-8").splitlines()]

    def versions(self) -> list[str]:
        """The names in the versions folder."""
        return sorted(path.name for path in (self.root / "versions").iterdir())


def faults_of_current(root: Path) -> list[str]:
    """What is wrong with the version that readers are given: files that do not open or are not what the manifest says."""
    current = root / "current"
    try:
        manifest = json.loads((current / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return [f"manifest: {error}"]
    faults = [] if current.resolve().name == manifest["version"] else [f"current is {current.resolve()}"]
    for name, entry in manifest["files"].items():
        try:
            content = (current / name).read_bytes()
        except OSError as error:
            faults.append(f"{name}: {error}")
            continue
        if hashlib.sha256(content).hexdigest() != entry["sha256"]:
            faults.append(f"{name} is not what the manifest says")
    faults += [f"{name} is missing" for name in set(manifest["files"]) ^ (_files(current) - {"manifest.json"})]
    reports = len((current / "reports.jsonl").read_text(encoding="utf-8").splitlines())
    if (
        reports != manifest["counts"]["reports"]
        or len(list((current / "text").iterdir())) != manifest["folders"]["text"]["files"]
    ):
        faults.append(f"{reports} reports where the manifest counts {manifest['counts']['reports']}")
    return faults


def _files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.is_file()}
