"""Counts by kind: what a kind is called, and the table at the end of a run."""

from __future__ import annotations

from typing import Any

import pytest

from crawler.documents import sniff
from crawler.items import DocumentItem, PageItem
from crawler.kinds import ORDER, kind_of
from crawler.outcomes import Outcome
from crawler.portals.model import Portal
from crawler.summary import kind_lines
from pipelines.checks import ChecksPipeline


class _Stats(dict[str, Any]):
    def inc_value(self, key: str, count: int = 1) -> None:
        self[key] = self.get(key, 0) + count


def _document(media_type: str | None, outcome: str = "ok", methods: dict[str, str] | None = None, **more: Any) -> DocumentItem:
    extraction = {"methods": methods} if methods else None
    return DocumentItem(
        "http://127.0.0.1/a", "attachment", media_type=media_type, outcome=outcome, extraction=extraction, **more
    )


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        (_document(sniff.PDF, methods={"requests": "lattice", "active_disclosure": "text"}), "PDF"),
        (_document(sniff.PDF, methods={"requests": "ocr", "active_disclosure": "ocr"}), "PDF, scanned"),
        (_document(sniff.PDF, methods={"requests": "ocr", "active_disclosure": "lattice"}), "PDF, scanned in part"),
        (_document(sniff.PDF, "scanned"), "PDF, scanned"),
        (_document(sniff.PDF, "garbled"), "PDF"),
        (_document(sniff.DOC, expected="doc"), "DOC"),
        (_document(sniff.DOC, expected="wps"), "WPS"),
        (_document("image/png", "no_tables"), "image"),
        (_document("application/gzip", "unsupported"), "other"),
        (_document(None, "not_found"), "not fetched"),
    ],
)
def test_kinds_are_what_was_found_not_what_was_promised(document: DocumentItem, kind: str) -> None:
    assert kind_of(document) == kind
    assert kind in ORDER


def test_the_table_holds_every_document_and_says_what_is_missing_here() -> None:
    stats = _Stats()
    portal = Portal(name="样例", region="河南省", home="http://127.0.0.1/")
    lacking = "no reader without LibreOffice for this kind of file: RTF"
    documents = [
        _document(sniff.PDF),
        _document(sniff.PDF),
        _document(sniff.RTF, Outcome.UNSUPPORTED.value, message=lacking),
        _document(None, Outcome.NOT_FOUND.value, message="404"),
    ]
    ChecksPipeline(stats).process_item(PageItem(portal, "http://127.0.0.1/", "http://127.0.0.1/p", documents=documents))  # type: ignore[arg-type]  # the one method that is used
    lines = [line.split() for line in kind_lines(stats)]
    assert lines == [
        [],
        ["ok", "not_found", "unsupported"],
        ["PDF", "2", "·", "·"],
        ["RTF", "·", "·", "1"],
        ["not", "fetched", "·", "1", "·"],
        ["1", "unsupported:", *lacking.split()],
        [],
    ]


def test_a_run_without_documents_has_no_table() -> None:
    assert kind_lines({"page/outcome/failed": 3}) == []
