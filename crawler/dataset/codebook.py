"""The metric columns in words: ``python -m crawler.dataset.codebook`` writes ``docs/metrics.md`` from the form data."""

from __future__ import annotations

from pathlib import Path

from crawler.forms.catalogue import FORM_VERSIONS, Metric, all_metrics, load_form

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "metrics.md"

_HEAD = """# The metric columns

Generated from `crawler/forms/*.toml` by `python -m crawler.dataset.codebook`; do not edit.

One row a metric: its key in `values`, `cells` and the columns of `reports.csv`; its short code; the official labels from
the outermost header to the cell; the unit; whether it may be negative; the forms that print it. `cn-ogi-2019` is the form of
国办公开办函〔2019〕60号 (reports for 2019 and 2020), `cn-ogi-2021` that of 国办公开办函〔2021〕30号 (from 2021 on). The form
is told by its printed headers, never by the year. `undeclared`: the form states no unit; what the header or the cell states is
in the cell's `unit`.

Comparability over the two forms: `requests.other_handling.*` (2019) equals the sum of
`requests.other_overdue_correction.*`, `other_unpaid_fee.*` and `other_other.*` (2021); `active_disclosure.*.decisions` are
comparable; `issued` (2021) is not `made` (2019); `in_force` has no 2019 counterpart; `admin_fees` counts items in 2019 and
money in 2021 and is not comparable; `other_external_services` and `central_procurement` exist in 2019 only.

| key | code | official labels | unit | signed | forms |
|---|---|---|---|---|---|
"""


def render() -> str:
    """The document as text."""
    printed = {version: {metric.key for metric in load_form(version).metrics} for version in FORM_VERSIONS}
    return _HEAD + "".join(_line(metric, [v for v in FORM_VERSIONS if metric.key in printed[v]]) for metric in all_metrics())


def _line(metric: Metric, versions: list[str]) -> str:
    labels = " / ".join(metric.labels)
    signed = "yes" if metric.signed else ""
    return f"| `{metric.key}` | {metric.code} | {labels} | {metric.unit} | {signed} | {', '.join(versions)} |\n"


def main() -> None:
    """Write the document."""
    DOCUMENT.write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    main()
