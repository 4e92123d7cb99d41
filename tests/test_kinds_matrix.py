"""Reports of every kind, bare and in every kind of archive, the way a user's file takes: every cell as printed.

An archive only wraps: what comes out of it is shown to be the file that went in under its own name, byte for byte, and one
file of each kind is read out of each kind of archive all the same. The long form reads every file out of every archive.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import pytest
from scrapy.settings import Settings

from crawler.extraction import extract
from crawler.forms.catalogue import load_form
from crawler.isolation import ExtractionPool
from crawler.outcomes import Outcome
from crawler.sample.reports import sources as sample_sources
from crawler.sample.source import ReportSource
from crawler.sample.tables import printed_metrics
from tests.archive_builder import Files, make_7z, make_rar5, make_zip
from tests.crawling import scrapy
from tests.seed_files import KINDS, files_of, seed_files
from tests.test_typeset_seeds import SEED_LIKE

PACKERS: Mapping[str, Callable[[Files], bytes]] = {
    "zip": lambda files: make_zip(files, gbk=True),
    "rar": make_rar5,
    "7z": make_7z,
}


def wrong_cells(source: ReportSource, record: Mapping[str, Any] | None) -> dict[str, Any]:
    """Printed cells that are not as printed, and unprinted ones that are there."""
    if record is None:
        return {"record": None}
    printed = printed_metrics(source)
    wrong = {}
    for metric in load_form(source.form_version).metrics:
        cell, text = record["cells"][metric.key], source.printed.get(metric.key, "")
        number = _number(text)
        state = "blank" if not text else "na_mark" if number is None else "number"
        expected = (text, number, state) if metric.key in printed else ("", None, "absent")
        found = ((cell["raw"] or "").strip(), cell["value"], cell["state"].replace("zero", "number"))
        if found != expected:
            wrong[metric.key] = (expected, found)
    return wrong


def _number(text: str) -> float | None:
    try:
        return float(Decimal(text.replace(",", "").removesuffix("元")))
    except InvalidOperation:
        return None


@pytest.fixture(scope="module")
def pool() -> Iterator[ExtractionPool]:
    settings = Settings()
    settings.setmodule("crawler.settings")
    with ExtractionPool.from_settings(settings) as made:
        yield made


@pytest.fixture(scope="module")
def files() -> dict[str, dict[str, bytes]]:
    return seed_files()


@pytest.mark.office
def test_every_kind_by_itself(files: dict[str, dict[str, bytes]], pool: ExtractionPool) -> None:
    started = {(kind, seed): pool.submit(content, kind) for kind in KINDS for seed, content in files[kind].items()}
    wrong = {key: wrong_cells(SEED_LIKE[key[1]], future.result().record) for key, future in started.items()}
    assert {key: cells for key, cells in wrong.items() if cells} == {}
    assert len(wrong) == len(KINDS) * len(SEED_LIKE)
    other = started["xlsx", "000"].result().record
    assert len(wrong_cells(SEED_LIKE["001"], other)) > 150, "the comparison finds nothing"


def packed(files: dict[str, dict[str, bytes]]) -> dict[str, bytes]:
    """Every file of every kind, as an office would pack them: by county, under their own names."""
    return {f"年报/{seed}年报.{kind}": content for kind, by_seed in files.items() for seed, content in by_seed.items()}


@pytest.mark.office
@pytest.mark.parametrize("packer", PACKERS)
def test_what_comes_out_of_an_archive_is_what_went_in(
    packer: str, files: dict[str, dict[str, bytes]], pool: ExtractionPool
) -> None:
    extraction = pool.submit(PACKERS[packer](packed(files)), packer).result()
    assert extraction.outcome is Outcome.OK
    assert {member.name: member.content for member in extraction.members} == packed(files)
    assert all(member.expected == member.name.rpartition(".")[2] for member in extraction.members)


@pytest.mark.office
def test_one_of_each_kind_out_of_each_archive_by_the_command(files: dict[str, dict[str, bytes]], tmp_path: Path) -> None:
    expected: dict[str, str] = {}
    for number, (packer, pack) in enumerate(PACKERS.items()):
        seeds = [list(SEED_LIKE)[(number + place) % len(SEED_LIKE)] for place in range(len(KINDS))]
        chosen = {f"年报/{seed}年报.{kind}": files[kind][seed] for kind, seed in zip(KINDS, seeds, strict=True)}
        (tmp_path / f"年报.{packer}").write_bytes(pack(chosen))
        expected |= {f"{tmp_path}/年报.{packer}#{name}": name.partition("/")[2][:3] for name in chosen}
    done = scrapy("extract", *(str(tmp_path / f"年报.{packer}") for packer in PACKERS))
    assert done.returncode == 0, done.stderr[-3000:]
    records = {record["file"]: record for record in map(json.loads, done.stdout.splitlines())}
    assert list(records) == list(expected)
    wrong = {name: wrong_cells(SEED_LIKE[seed], records[name]) for name, seed in expected.items()}
    assert {name: cells for name, cells in wrong.items() if cells} == {}


@pytest.mark.office
@pytest.mark.soak
@pytest.mark.parametrize("which", ["seeds", "samples"])
def test_every_kind_in_every_archive(which: str, pool: ExtractionPool) -> None:
    sources: dict[str, ReportSource] = dict(SEED_LIKE)
    if which == "samples":
        sources = {f"{n:03d}": source for n, (_, source) in enumerate(sample_sources()) if source.printed}
    every = files_of(sources) if which == "samples" else seed_files()
    kinds = {"bare": every, **dict.fromkeys(PACKERS, every)}
    wrong: dict[tuple[str, str, str], dict[str, Any]] = {}
    for way in kinds:
        for kind in KINDS:
            start = time.monotonic()
            contents = every[kind]
            if way != "bare":
                members = pool.submit(PACKERS[way]({f"{name}.{kind}": c for name, c in contents.items()}), way).result().members
                contents = {member.title: member.content for member in members}
            futures = {name: pool.submit(content, kind) for name, content in contents.items()}
            bad = {name: wrong_cells(sources[name], future.result().record) for name, future in futures.items()}
            wrong |= {(way, kind, name): cells for name, cells in bad.items() if cells}
            assert bad.keys() == sources.keys()
            cells = sum(len(load_form(source.form_version).metrics) for source in sources.values())
            exact = cells - sum(map(len, bad.values()))
            line = f"{which} {way:<5}{kind:<5}{len(bad):>4} reports {exact}/{cells} cells {time.monotonic() - start:6.1f} s"
            sys.stderr.write(f"{line}\n")
    assert wrong == {}


@pytest.mark.real
@pytest.mark.office
@pytest.mark.parametrize("packer", PACKERS)
def test_real_files_are_read_in_an_archive_as_they_are_alone(packer: str, shared: Path, pool: ExtractionPool) -> None:
    """Documents saved by Word and WPS, and OFD of several producers; none of them is an annual report."""
    paths = [*sorted((shared / "real" / "doc").glob("*.doc")), *sorted((shared / "real" / "ofd").glob("*.ofd"))]
    contents = {path.name: path.read_bytes() for path in paths}
    assert len(contents) >= 8
    members = extract(PACKERS[packer](contents)).members
    assert {member.name: member.content for member in members} == contents
    if packer == "zip":
        ends = [pool.submit(member.content, member.expected) for member in members]
        assert {end.result().outcome for end in ends} <= {Outcome.NOT_A_REPORT, Outcome.NO_TABLES}
