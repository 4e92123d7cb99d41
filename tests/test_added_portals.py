"""Every portal that ``scrapy portals check URL --add`` added: its saved pages are read as a person confirmed."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler.adding import TESTS
from crawler.portals.registry.expectation import differences, load_expectation


def check_added(folder: Path) -> None:
    expectation = load_expectation(folder)
    assert expectation.confirmed, (
        f"nobody has confirmed {expectation.region} yet: compare the rows in {folder / 'expected.toml'} with the page in a browser, "
        "then set confirmed = true there"
    )
    assert differences(folder, expectation) == []


@pytest.mark.parametrize(
    "folder", sorted(file.parent for file in TESTS.glob("*/expected.toml")), ids=lambda folder: folder.name
)
def test_an_added_portal_is_read_as_a_person_confirmed(folder: Path) -> None:
    check_added(folder)
