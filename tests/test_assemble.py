"""Which documents are one report, which are versions of it, and which are neither."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crawler.dataset.assemble import Assembly, assemble, local_record, report_record
from crawler.dataset.model import Record, Sighting
from crawler.dataset.organisations import Gazetteer
from crawler.dataset.reading import read_sighting
from crawler.dataset.renditions import split_versions
from crawler.divisions import registered_divisions
from crawler.extraction import extract
from crawler.outcomes import Outcome

from .builders import BLANK, DIVISIONS, extraction_record, sighting

GRANTED = "requests.granted.natural_person"
TOWN_2023 = "410324:赤土店镇人民政府:2023:own"
KEYS = """report_id org_id org_name org_name_raw org_level org_type region_code region_path
township_code org_confidence org_evidence year title form_version
reporting_scope published_date period contact sections text values cells checks quality_flags methods readings documents portal
page_url column_url version_no supersedes first_seen last_seen gone_at extractor_version"""
LATER = "2026-02-10T02:00:00Z"


def loader(sightings: Iterable[Sighting]) -> Any:
    records = {(seen.sha256, seen.extractor_version): seen.record for seen in sightings}
    return lambda sha256, version: records[sha256, version]


def assembled(*sightings: Sighting, **options: Any) -> Assembly:
    return assemble(sightings, load=loader(sightings), divisions=DIVISIONS, **options)


def records(*sightings: Sighting, **options: Any) -> tuple[list[Record], list[Record]]:
    assembly, load = assembled(*sightings, **options), loader(sightings)
    return [report_record(one, load) for one in assembly.current], [report_record(one, load) for one in assembly.superseded]


def flags(record: Record) -> set[str]:
    return set(record["quality_flags"])


def test_a_record_has_the_keys_of_the_documentation_in_order() -> None:
    (record,), superseded = records(sighting(extraction_record()))
    assert superseded == []
    assert list(record) == KEYS.split()
    assert record["report_id"] == TOWN_2023
    assert record["org_name"] == "洛阳市栾川县赤土店镇人民政府"
    assert (record["version_no"], record["supersedes"], record["published_date"]) == (1, None, "2024-01-20")


def test_the_same_bytes_at_two_urls_are_one_report_with_two_sources() -> None:
    record = extraction_record()
    (found,), superseded = records(
        sighting(record, url="http://lc.example/1.html", sha256="a" * 64),
        sighting(record, url="http://lc.example/2.html", sha256="a" * 64, first_seen="2026-01-01T00:00:00Z"),
    )
    assert superseded == []
    assert [document["url"] for document in found["documents"]] == ["http://lc.example/1.html", "http://lc.example/2.html"]
    assert found["first_seen"] == "2026-01-01T00:00:00Z"


def test_a_page_whose_bytes_change_every_night_stays_the_report_it_is() -> None:
    record = extraction_record(values={GRANTED: 7})
    spaced = record | {"text": record["text"].replace("\n", " \n\u3000")}
    first = sighting(record)
    (found,), superseded = records(first, sighting(spaced, first_seen=LATER, last_seen=LATER))
    assert superseded == []
    assert [document["sha256"] for document in found["documents"]] == [first.sha256]
    assert (found["first_seen"], found["last_seen"]) == ("2026-01-10T02:00:00Z", LATER)


def test_article_and_attachment_with_the_same_numbers_are_renditions_and_the_more_complete_one_is_read() -> None:
    body = extraction_record(values={GRANTED: 7, "requests.refused.commercial_secret.total": None})
    attachment = extraction_record(values={GRANTED: 7}, prose="另一种排版的文字。" * 20)
    page = "http://lc.example/1.html"
    (found,), superseded = records(
        sighting(body | {"cells": dict(list(body["cells"].items())[:-3])}, url=page),
        sighting(attachment, url="http://lc.example/1.pdf", page_url=page, role="attachment", media_type="application/pdf"),
    )
    assert superseded == []
    assert found["cells"] == attachment["cells"]
    assert [document["role"] for document in found["documents"]] == ["body", "attachment"]


def test_an_attachment_of_the_tables_alone_on_another_page_is_a_rendition() -> None:
    tables = extraction_record(values={GRANTED: 7}, prose="")
    (found,), superseded = records(
        sighting(extraction_record(values={GRANTED: 7})), sighting(tables, url="http://lc.example/tables.docx")
    )
    assert superseded == []
    assert len(found["sections"][0]["text"]) > 100


def test_of_two_equally_complete_renditions_the_born_digital_one_is_read() -> None:
    record = extraction_record(values={GRANTED: 7})
    scan = record | {"text": record["text"] + "扫描"}
    page = "http://lc.example/1.html"
    (found,), _ = records(
        sighting(scan, url=page, outcome=Outcome.SCANNED),
        sighting(record, url="http://lc.example/1.pdf", page_url=page, media_type="application/pdf"),
    )
    assert found["text"] == record["text"]


def test_what_ocr_doubts_contradicts_no_born_digital_rendition() -> None:
    record = extraction_record(values={GRANTED: 7})
    scan = extraction_record(values={GRANTED: 1})
    scan |= {"quality_flags": ["read_by_ocr", f"no_two_readings_agree:{GRANTED}"]}
    page = "http://lc.example/1.html"
    (found,), superseded = records(
        sighting(scan, url="http://lc.example/scan.pdf", page_url=page, media_type="application/pdf"),
        sighting(record, url=page),
    )
    assert superseded == []
    assert found["values"][GRANTED] == 7


def test_of_a_scan_and_a_text_with_the_same_numbers_the_text_is_read() -> None:
    record = extraction_record(values={GRANTED: 7})
    scan = record | {"text": record["text"] + "扫描", "quality_flags": ["read_by_ocr"]}
    page = "http://lc.example/1.html"
    (found,), _ = records(
        sighting(scan, url=page),
        sighting(record, url="http://lc.example/1.pdf", page_url=page, media_type="application/pdf"),
    )
    assert found["text"] == record["text"]


def test_changed_numbers_are_a_new_version_and_the_old_one_is_kept() -> None:
    old = sighting(extraction_record(values={GRANTED: 7}), sha256="a" * 64)
    new = sighting(extraction_record(values={GRANTED: 8}), sha256="b" * 64, first_seen=LATER, last_seen=LATER)
    (current,), (superseded,) = records(old, new)
    assert (current["values"][GRANTED], current["version_no"], current["supersedes"]) == (8, 2, f"{TOWN_2023}/v1")
    assert (superseded["values"][GRANTED], superseded["version_no"], superseded["supersedes"]) == (7, 1, None)
    assert superseded["report_id"] == current["report_id"]


def test_a_blank_is_not_a_zero() -> None:
    current, superseded = records(
        sighting(extraction_record(values={GRANTED: BLANK})),
        sighting(extraction_record(values={GRANTED: 0}), url="http://lc.example/2.html"),
    )
    assert len(current) == len(superseded) == 1


def test_what_is_published_later_supersedes_though_it_was_found_first() -> None:
    first_found = sighting(extraction_record(values={GRANTED: 8}), page_published_date="2024-05-01")
    found_later = sighting(
        extraction_record(values={GRANTED: 7}),
        url="http://lc.example/old.html",
        page_published_date="2024-01-20",
        first_seen=LATER,
    )
    (current,), _ = records(first_found, found_later)
    assert current["values"][GRANTED] == 8


@pytest.mark.parametrize("word", ["更正", "修订", "重新发布", "勘误"])
def test_a_marked_correction_of_the_same_day_supersedes_though_it_was_seen_first(word: str) -> None:
    corrected = sighting(extraction_record(values={GRANTED: 8}), page_title=f"2023年年报（{word}）")
    original = sighting(
        extraction_record(values={GRANTED: 7}), url="http://lc.example/2.html", first_seen=LATER, last_seen=LATER
    )
    (current,), (superseded,) = records(corrected, original)
    assert (current["values"][GRANTED], superseded["values"][GRANTED]) == (8, 7)


def test_a_marked_correction_with_the_same_numbers_is_a_version_of_its_own() -> None:
    record = extraction_record(values={GRANTED: 8})
    current, superseded = records(
        sighting(record | {"text": record["text"] + "更正后的说明"}, url="http://lc.example/2.html", page_title="年报（更正）"),
        sighting(record),
    )
    assert len(current) == len(superseded) == 1


def test_renditions_of_one_page_that_differ_are_both_kept_and_flagged_and_the_better_read_one_is_current() -> None:
    page = "http://lc.example/1.html"
    whole = sighting(extraction_record(values={GRANTED: 7}), url=page)
    misread = extraction_record(values={GRANTED: 1, "requests.granted.total": None})
    scan = sighting(
        misread, url="http://lc.example/scan.pdf", page_url=page, outcome=Outcome.SCANNED, first_seen="2026-01-10T02:00:09Z"
    )
    (current,), (superseded,) = records(whole, scan)
    assert current["values"][GRANTED] == 7
    assert "renditions_differ" in flags(current) & flags(superseded)


def test_a_replaced_attachment_of_the_same_page_is_a_correction_not_a_rendition() -> None:
    page = "http://lc.example/1.html"
    old = sighting(extraction_record(values={GRANTED: 7}), url="http://lc.example/a.pdf", page_url=page)
    new = sighting(
        extraction_record(values={GRANTED: 8, "requests.granted.total": None}),
        url="http://lc.example/b.pdf", page_url=page, first_seen=LATER, last_seen=LATER,
    )  # fmt: skip
    (current,), _ = records(old, new)
    assert current["values"][GRANTED] == 8
    assert "renditions_differ" not in flags(current)


def test_a_partly_legible_document_belongs_to_the_version_that_it_does_not_contradict() -> None:
    whole = extraction_record(values={GRANTED: 7})
    other = extraction_record(values={GRANTED: 8})
    partly = extraction_record(values={GRANTED: 8} | dict.fromkeys(list(whole["cells"])[:10]), prose="")
    (current,), (superseded,) = records(
        sighting(whole),
        sighting(other, url="http://lc.example/2.html", first_seen=LATER, last_seen=LATER),
        sighting(partly, url="http://lc.example/3.doc", first_seen=LATER, last_seen=LATER),
    )
    assert len(current["documents"]) == 2
    assert len(superseded["documents"]) == 1


def test_own_and_consolidated_reports_of_a_year_are_two() -> None:
    current, _ = records(
        sighting(extraction_record("栾川县人民政府")),
        sighting(extraction_record("栾川县人民政府", scope="consolidated"), url="http://lc.example/2.html"),
    )
    assert len(current) == 2


def test_a_document_that_does_not_state_its_scope_joins_the_one_that_does() -> None:
    (found,), superseded = records(
        sighting(extraction_record(scope="consolidated")),
        sighting(extraction_record(scope="unknown"), url="http://lc.example/2.pdf"),
    )
    assert (found["reporting_scope"], superseded) == ("consolidated", [])


def test_a_scope_that_nobody_states_is_not_invented() -> None:
    (found,), _ = records(sighting(extraction_record(scope="unknown")))
    assert (found["reporting_scope"], found["report_id"]) == ("unknown", TOWN_2023)


def test_government_and_office_are_two_and_numbers_they_share_are_flagged() -> None:
    current, _ = records(
        sighting(extraction_record("栾川县人民政府", values={GRANTED: 7})),
        sighting(extraction_record("栾川县人民政府办公室", values={GRANTED: 7}), url="http://lc.example/2.html"),
    )
    assert len(current) == 2
    assert all("copied_text" in flags(record) for record in current)


def test_towns_that_report_only_zeros_in_their_own_words_are_not_flagged() -> None:
    current, _ = records(
        sighting(extraction_record("赤土店镇人民政府", prose="本镇全年公开信息若干条，没有收到申请，继续加强培训。" * 5)),
        sighting(
            extraction_record("陶湾镇人民政府", prose="我们按照条例及时更新栏目，做好答复，未发生诉讼案件。" * 5),
            url="http://lc.example/2.html",
        ),
    )
    assert len(current) == 2
    assert not any("copied_text" in flags(record) for record in current)


def test_a_neighbours_words_with_another_name_are_flagged_and_never_merged() -> None:
    current, _ = records(
        sighting(extraction_record("赤土店镇人民政府")),
        sighting(extraction_record("陶湾镇人民政府"), url="http://lc.example/2.html"),
    )
    assert len(current) == 2
    assert all("copied_text" in flags(record) for record in current)


def test_equal_titles_alone_make_no_two_reports_one() -> None:
    same_title: dict[str, Any] = {"title": "2023年政府信息公开工作年度报告", "org": None}
    current, _ = records(
        sighting(extraction_record(**same_title, prose="甲" * 100)),
        sighting(extraction_record(**same_title, prose="乙" * 100), url="http://lc.example/2.html"),
    )
    assert len(current) == 2
    assert all({"organisation_unresolved"} <= flags(record) and record["org_id"] is None for record in current)
    assert len({record["report_id"] for record in current}) == 2


def test_a_report_of_an_unknown_year_is_kept_and_flagged() -> None:
    current, _ = records(sighting(extraction_record()), sighting(extraction_record(year=None), url="http://lc.example/2.html"))
    assert len(current) == 2
    assert [("year_unknown" in flags(record), record["year"]) for record in current] == [(False, 2023), (True, None)]


def test_the_page_says_whose_report_an_attachment_is_where_the_attachment_does_not() -> None:
    seen = sighting(extraction_record(None, None), link_text="附件", page_title="栾川县赤土店镇2023年政府信息公开年报")
    (found,), _ = records(seen, read_title=lambda title: ("赤土店镇", 2023) if "2023" in title else (None, None))
    assert (found["report_id"], found["org_name_raw"]) == (TOWN_2023, None)
    assert {"organisation_from_page_title", "year_from_page_title"} <= flags(found)


def test_a_towns_report_on_the_citys_portal_is_the_countys_town() -> None:
    record = extraction_record("赤土店镇人民政府")
    (found,), superseded = records(
        sighting(record, sha256="a" * 64),
        sighting(
            record, url="http://ly.example/1.html", sha256="a" * 64,
            portal="luoyang", portal_name="洛阳市人民政府", portal_region="河南省/洛阳市", portal_region_code="410300",
        ),
    )  # fmt: skip
    assert superseded == []
    assert found["report_id"] == TOWN_2023
    assert len(found["documents"]) == 2


def test_documents_that_gave_no_report_are_problems_but_not_the_article_around_an_attachment() -> None:
    page = "http://lc.example/1.html"
    assembly = assembled(
        sighting(None, url=page),
        sighting(extraction_record(), url="http://lc.example/1.pdf", page_url=page),
        sighting(None, url="http://lc.example/2.pdf", outcome=Outcome.ENCRYPTED, sha256="e" * 64, message="needs a password"),
        sighting(None, url="http://lc.example/3.html"),
    )
    assert [(problem.url, problem.outcome) for problem in assembly.problems] == [
        ("http://lc.example/2.pdf", Outcome.ENCRYPTED),
        ("http://lc.example/3.html", Outcome.NOT_A_REPORT),
    ]


def test_a_local_file_has_the_same_identity_without_what_only_a_crawl_knows() -> None:
    record = local_record(
        extraction_record("洛阳市栾川县赤土店镇"),
        gazetteer=Gazetteer(DIVISIONS),
        content_sha256="a" * 64,
        extractor_version="1",
    )
    (crawled,), _ = records(sighting(extraction_record()))
    assert record["report_id"] == TOWN_2023
    assert "organisation_by_name_only" in flags(record)
    crawl_only = [
        "documents",
        "portal",
        "page_url",
        "column_url",
        "version_no",
        "supersedes",
        "first_seen",
        "last_seen",
        "gone_at",
    ]
    assert list(record) == [key for key in crawled if key not in crawl_only]


CARRIED_IN, CARRIED_OUT = "requests.carried_in.total", "requests.carried_out.total"


def checks_of(record: Record, kind: str) -> dict[str, str]:
    return {check["id"]: check["status"] for check in record["checks"] if check["kind"] == kind}


def test_a_report_is_checked_against_the_year_before_of_the_same_body_and_scope() -> None:
    before = sighting(extraction_record(year=2022, values={CARRIED_OUT: 3}), url="http://lc.example/2022.html")
    other = sighting(extraction_record("陶湾镇", 2022, values={CARRIED_OUT: 5}), url="http://lc.example/other.html")
    after = sighting(extraction_record(year=2023, values={CARRIED_IN: 3}))
    current, _ = records(before, other, after)
    found = {(record["org_id"], record["year"]): checks_of(record, "cross_year") for record in current}
    assert found[TOWN_2023.split(":2023")[0], 2023]["X.carry.total"] == "pass"
    assert found[TOWN_2023.split(":2023")[0], 2022] == {}
    assert len(found[TOWN_2023.split(":2023")[0], 2023]) == 11
    (_, now), _ = records(before, sighting(extraction_record(year=2023, values={CARRIED_IN: 4})))
    assert checks_of(now, "cross_year")["X.carry.total"] == "fail"
    (_, skipped), _ = records(before, sighting(extraction_record(year=2024)))
    assert checks_of(skipped, "cross_year") == {}


def test_the_year_before_is_what_stands_for_it_and_a_replaced_version_is_checked_too() -> None:
    page = "http://lc.example/2022.html"
    wrong = sighting(extraction_record(year=2022, values={CARRIED_OUT: 9}), url=page)
    right = sighting(extraction_record(year=2022, values={CARRIED_OUT: 3}), url=page, first_seen=LATER, last_seen=LATER)
    url = "http://lc.example/2023.html"
    old = sighting(extraction_record(year=2023, values={CARRIED_IN: 9}), url=url)
    new = sighting(extraction_record(year=2023, values={CARRIED_IN: 3}), url=url, first_seen=LATER, last_seen=LATER)
    current, superseded = records(wrong, right, old, new)
    assert [checks_of(record, "cross_year").get("X.carry.total") for record in current] == [None, "pass"]
    assert [checks_of(record, "cross_year").get("X.carry.total") for record in superseded] == [None, "fail"]


def test_a_number_that_is_not_legible_or_of_another_form_is_not_held_against_the_next_year() -> None:
    page = "http://lc.example/2022.html"
    blank = sighting(extraction_record(year=2022, values={CARRIED_OUT: BLANK}), url=page)
    doubted = extraction_record(year=2022, values={CARRIED_OUT: 8})
    doubted |= {"quality_flags": ["read_by_ocr", f"no_two_readings_agree:{CARRIED_OUT}"]}
    after = sighting(extraction_record(year=2023, values={CARRIED_IN: 3}))
    for before in (blank, sighting(doubted, url=page)):
        (_, now), _ = records(before, after)
        assert checks_of(now, "cross_year")["X.carry.total"] == "not_assessable"
    (_, now), _ = records(sighting(extraction_record(year=2022, form="cn-ogi-2019"), url=page), after)
    assert "X.stock_flow.rules" not in checks_of(now, "cross_year")
    assert checks_of(now, "cross_year")["X.carry.total"] == "fail"


def test_a_consolidated_report_covers_what_the_bodies_below_it_report() -> None:
    received = "requests.received_new.total"
    town = sighting(extraction_record("赤土店镇", values={received: 4}), url="http://lc.example/town.html")
    office = sighting(extraction_record("教育局", values={received: 3}), url="http://lc.example/office.html")
    last_year = sighting(extraction_record("陶湾镇", 2022, values={received: 90}), url="http://lc.example/2022.html")
    elsewhere = sighting(extraction_record("嵩县教育局", values={received: 90}), url="http://lc.example/song.html")
    for whole, status in ((7, "pass"), (6, "fail")):
        county = extraction_record("栾川县人民政府", values={received: whole}, scope="consolidated")
        current, _ = records(town, office, last_year, elsewhere, sighting(county, url="http://lc.example/county.html"))
        assert {
            record["org_id"]: checks_of(record, "cross_level") for record in current if checks_of(record, "cross_level")
        } == {"410324:人民政府": {"H.consolidated": status}}


def test_a_town_on_its_citys_portal_is_told_by_the_register_and_by_its_own_words() -> None:
    city: dict[str, Any] = {"portal": "luoyang", "portal_region": "河南省/洛阳市", "portal_region_code": "410300"}
    (found,), _ = records(sighting(extraction_record("赤土店镇"), **city))
    assert (found["report_id"], found["township_code"], found["org_confidence"]) == (TOWN_2023, "410324101", "likely")
    assert found["org_evidence"] == ["portal: 河南省/洛阳市", "register: 410324101"]
    text = "县教育局在嵩县县委领导下，主动公开政府信息，办理依申请公开事项。" * 5
    (found,), _ = records(sighting(extraction_record("县教育局", prose=text), **city))
    assert (found["org_id"], found["org_confidence"], found["org_evidence"]) == ("410325:教育局", "likely", ["text: 嵩县"])
    (found,), _ = records(sighting(extraction_record("县教育局"), **city))
    assert (found["org_id"], found["org_confidence"]) == (None, None)
    assert found["org_evidence"] == ["candidates: 河南省/洛阳市/嵩县; 河南省/洛阳市/栾川县"]
    assert "organisation_unresolved" in flags(found)


def test_a_copy_on_another_countys_portal_is_the_town_that_the_register_knows() -> None:
    record = extraction_record("陶湾镇人民政府")
    (found,), superseded = records(
        sighting(record, sha256="a" * 64),
        sighting(
            record, url="http://sx.example/1.html", sha256="a" * 64,
            portal="songxian", portal_name="嵩县人民政府", portal_region="河南省/洛阳市/嵩县", portal_region_code="410325",
        ),
    )  # fmt: skip
    assert superseded == []
    assert (found["org_id"], len(found["documents"])) == ("410324:陶湾镇人民政府", 2)


def test_a_correction_that_only_its_address_names_is_a_version_of_its_own() -> None:
    record = extraction_record(values={GRANTED: 8})
    address = "http://lc.example/2023%E5%B9%B4%E6%8A%A5%EF%BC%88%E6%9B%B4%E6%AD%A3%EF%BC%89.html"
    current, superseded = records(sighting(record | {"text": record["text"] + "说明"}, url=address), sighting(record))
    assert len(current) == len(superseded) == 1
    assert current[0]["page_url"] == address


@pytest.mark.real
@pytest.mark.parametrize(
    ("seed", "org_id", "confidence"),
    [
        ("000", "419001:轵城镇人民政府", "weak"),
        ("001", "410721:人民政府", "likely"),
        ("002", "360981:泉港镇人民政府", "likely"),
        ("003", "410324:人民政府", "likely"),
        ("004", "410328:马店镇人民政府", "certain"),
    ],
)
def test_seed_reports_are_resolved_by_their_own_words(
    shared: Path, seed: str, org_id: str | None, confidence: str | None
) -> None:
    record = extract((shared / "seeds" / f"{seed}.txt").read_bytes()).record
    assert record is not None
    found = local_record(record, gazetteer=Gazetteer(registered_divisions()), content_sha256="a" * 64, extractor_version="1")
    assert (found["org_id"], found["org_confidence"]) == (org_id, confidence), found["org_evidence"]


ORGANISATIONS = st.sampled_from(
    [None, "赤土店镇", "栾川县赤土店镇人民政府", "嵩县城关镇", "城关镇", "县教育局", "栾川县人民政府"]
)
PORTALS = st.sampled_from(
    [
        {},
        {"portal": "ly", "portal_name": "洛阳市人民政府", "portal_region": "河南省/洛阳市", "portal_region_code": "410300"},
        {"portal": "sx", "portal_name": "嵩县人民政府", "portal_region": "河南省/洛阳市/嵩县", "portal_region_code": "410325"},
    ]
)
TIMES = st.sampled_from(["2026-01-10T02:00:00Z", "2026-01-10T02:00:05Z", "2026-01-11T02:00:00Z", LATER])


@st.composite
def sightings(draw: st.DrawFn) -> Sighting:
    value = st.sampled_from([0, 7, 8, BLANK, None])
    record = extraction_record(
        draw(ORGANISATIONS),
        draw(st.sampled_from([None, 2022, 2023])),
        values={GRANTED: draw(value), "requests.granted.total": draw(value)},
        prose=draw(st.sampled_from(["", None, "完全不同的另一篇文字，讲的是别的事情。" * 6])),
        scope=draw(st.sampled_from(["own", "consolidated", "unknown"])),
    )
    number = draw(st.integers(1, 4))
    return sighting(
        record,
        url=f"http://lc.example/{number}.html",
        page_url=f"http://lc.example/{draw(st.integers(1, 2))}.html",
        page_title=draw(st.sampled_from(["年报", "年报（更正）"])),
        page_published_date=draw(st.sampled_from([None, "2024-01-20", "2024-03-01"])),
        first_seen=(first := draw(TIMES)),
        last_seen=max(first, draw(TIMES)),
        **draw(PORTALS),
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.data_too_large, HealthCheck.too_slow])
@given(st.lists(sightings(), max_size=7), st.randoms(use_true_random=False))
def test_neither_order_nor_repetition_of_sightings_changes_the_reports(seen: list[Sighting], random: Random) -> None:
    # One content at one URL has one row in the ledger.
    seen = list({(one.url, one.sha256, one.page_url, one.portal): one for one in seen}.values())
    shuffled = [*seen, *seen]
    random.shuffle(shuffled)
    assert records(*shuffled) == records(*seen)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.data_too_large, HealthCheck.too_slow])
@given(st.lists(sightings(), max_size=7), st.randoms(use_true_random=False))
def test_merging_what_is_merged_already_changes_nothing(seen: list[Sighting], random: Random) -> None:
    load, gazetteer = loader(seen), Gazetteer(DIVISIONS)
    readings = [read_sighting(one, gazetteer) for one in seen]
    once = split_versions(readings, load)
    merged = [reading for version in once for reading in version]
    random.shuffle(merged)
    assert split_versions(merged, load) == once


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.data_too_large, HealthCheck.too_slow])
@given(st.lists(sightings(), max_size=7))
def test_no_document_is_lost_and_none_is_in_two_versions(seen: list[Sighting]) -> None:
    current, superseded = records(*seen)
    documents = [
        (document["url"], document["sha256"]) for record in (*current, *superseded) for document in record["documents"]
    ]
    assert {url for url, _ in documents} == {one.url for one in seen}
    assert set(documents) <= {(one.url, one.sha256) for one in seen}
    assert len({record["report_id"] for record in current}) == len(current)
    for record in (*current, *superseded):
        versions = [one["version_no"] for one in (*current, *superseded) if one["report_id"] == record["report_id"]]
        assert sorted(versions) == list(range(1, len(versions) + 1))
