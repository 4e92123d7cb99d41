"""The codebook is generated, and says something about every metric."""

from crawler.dataset.codebook import DOCUMENT, render
from crawler.forms.catalogue import all_metrics


def test_the_committed_codebook_is_up_to_date() -> None:
    assert DOCUMENT.read_text("utf-8") == render(), "run python -m crawler.dataset.codebook"


def test_every_metric_has_its_row() -> None:
    assert sum(line.startswith("| `") for line in render().splitlines()) == len(all_metrics()) == 226
