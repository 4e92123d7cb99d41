"""Every portal that ``scrapy portals check URL --add`` added: its saved pages are read as a person confirmed."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler.adding import TESTS
from crawler.portals.families import read_list
from crawler.portals.model import Portal
from crawler.portals.registry.expectation import (
    ExpectationError,
    SavedColumn,
    differences,
    expectation_files,
    load_expectation,
)
from tests.test_families_api import APIS, Api, title


def check_added(folder: Path) -> None:
    expectation = load_expectation(folder)
    assert expectation.confirmed, (
        f"nobody has confirmed {expectation.region} yet: compare the rows in {folder / 'expected.toml'} with the page in a browser, "
        "then set confirmed = true there"
    )
    found = differences(folder, expectation)
    assert not found, f"{folder.name} is read differently:\n" + "\n".join(found)


@pytest.mark.parametrize(
    "folder", sorted(file.parent for file in TESTS.glob("*/expected.toml")), ids=lambda folder: folder.name
)
def test_an_added_portal_is_read_as_a_person_confirmed(folder: Path) -> None:
    check_added(folder)


@pytest.mark.parametrize("name", sorted(APIS))
def test_a_list_that_only_an_api_gives_is_kept_with_its_first_answer(tmp_path: Path, name: str) -> None:
    shell, url, answer = APIS[name](Api(total=3, cap=100))
    (request, *_) = read_list(shell.encode(), url).next_requests
    column = SavedColumn(url, shell.encode(), answer(request).encode())
    portal = Portal("甲县人民政府", "河南省/洛阳市/甲县", url)
    for file, content in expectation_files(portal, [column], checked="2026-11-21").items():
        (tmp_path / file).write_bytes(content)
    expected = tmp_path / "expected.toml"
    expected.write_text(expected.read_text("utf-8").replace("confirmed = false", "confirmed = true"), encoding="utf-8")
    check_added(tmp_path)
    assert [row.text for row in load_expectation(tmp_path).columns[0].rows] == [title(1), title(2), title(3)]
    shorter = APIS[name](Api(total=2, cap=100))[2](request)
    (tmp_path / "column-1.answer").write_text(shorter, encoding="utf-8")
    with pytest.raises(AssertionError, match="not read any more"):
        check_added(tmp_path)
    (tmp_path / "column-1.answer").write_text("<html>维护中</html>", encoding="utf-8")
    with pytest.raises(AssertionError, match=r"column-1\.html"):
        check_added(tmp_path)


@pytest.mark.parametrize("text", ["confirmed = true", "[[column]\n", "confirmed = true\nregion = 'x'\ncolumn = 3"])
def test_an_expectation_that_is_none_is_told_by_its_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "expected.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ExpectationError, match=r"expected\.toml"):
        check_added(tmp_path)
