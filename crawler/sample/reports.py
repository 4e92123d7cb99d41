"""From the plan to typeset sources: figures, sentences and layouts of every planned report."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Mapping

from crawler.forms.catalogue import load_form
from crawler.sample.figures import plausible_values, with_thousands, zero_values
from crawler.sample.pages import NOTE
from crawler.sample.plan import LAYOUTS, PORTALS, REPORTS, Planned
from crawler.sample.prose import sections
from crawler.sample.source import ReportSource

_FLOWS = {"in_force": ("issued", "repealed")}


def sources() -> list[tuple[Planned, ReportSource]]:
    """Every planned report with its contents, those of one organisation continuing each other from year to year."""
    figures = _figures()
    return [(planned, _source(planned, figures[_identity(planned)])) for planned in REPORTS]


def _identity(planned: Planned) -> tuple[str, int]:
    return planned.copies or planned.organisation, planned.year


def _seed(planned: Planned) -> int:
    return zlib.crc32("/".join(map(str, _identity(planned))).encode())


def _figures() -> dict[tuple[str, int], dict[str, str]]:
    known: dict[tuple[str, int], dict[str, str]] = {}
    for planned in sorted(REPORTS, key=lambda report: report.year):
        identity = _identity(planned)
        if identity in known or planned.shape == "prose":
            known.setdefault(identity, {})
            continue
        if planned.zero:
            known[identity] = zero_values(planned.form_version)
            continue
        values = plausible_values(planned.form_version, _seed(planned), planned.size)
        before = known.get((planned.organisation, planned.year - 1))
        known[identity] = _continued(values, before, planned.form_version) if before else values
    return known


def _continued(values: dict[str, str], before: Mapping[str, str], form_version: str) -> dict[str, str]:
    """The figures made to follow last year's: requests carried over, stocks kept."""
    form = load_form(form_version)
    columns = [column.key for column in form.request_columns]
    for column in columns[:-1]:
        carried = int(before[f"requests.carried_out.{column}"])
        done = int(values[f"requests.result_total.{column}"]) + int(values[f"requests.carried_out.{column}"])
        short = max(0, carried - done)
        for row in ("granted", "result_total"):
            values[f"requests.{row}.{column}"] = str(int(values[f"requests.{row}.{column}"]) + short)
        values[f"requests.carried_in.{column}"] = str(carried)
        values[f"requests.received_new.{column}"] = str(done + short - carried)
    for row in ("received_new", "carried_in", "granted", "result_total"):
        total = sum(int(values[f"requests.{row}.{column}"]) for column in columns[:-1])
        values[f"requests.{row}.total"] = str(total)
    for block in form.blocks:
        for spec in block.rows:
            _continue_stock(values, before, f"active_disclosure.{spec.key}")
    return values


def _continue_stock(values: dict[str, str], before: Mapping[str, str], prefix: str) -> None:
    if f"{prefix}.in_force" in values and f"{prefix}.in_force" in before:
        stock = int(before[f"{prefix}.in_force"]) + int(values[f"{prefix}.issued"]) - int(values[f"{prefix}.repealed"])
        values[f"{prefix}.in_force"] = str(stock)
    if f"{prefix}.items_change" in values and f"{prefix}.items_change" in before:
        stock = int(before[f"{prefix}.items_previous_year"]) + int(before[f"{prefix}.items_change"])
        values[f"{prefix}.items_previous_year"] = str(stock)
        values[f"{prefix}.items_change"] = str(max(-stock, int(values[f"{prefix}.items_change"])))


def _source(planned: Planned, figures: Mapping[str, str]) -> ReportSource:
    layout = LAYOUTS[planned.layout]
    printed = dict(figures)
    if layout.single_other and printed:
        for column in load_form(planned.form_version).request_columns:
            parts = [key for key in printed if key.startswith("requests.other_") and key.endswith(f".{column.key}")]
            printed[f"requests.other_handling.{column.key}"] = str(sum(int(printed.pop(key)) for key in parts))
    for key, text in planned.edits.items():
        printed[key] = str(int(printed[key]) + int(text)) if text.startswith("+") else text
    if planned.thousands:
        printed = with_thousands(printed)
    seed = _seed(planned)
    paragraphs = sections(
        planned.name, planned.year, planned.form_version, planned.size, printed, seed, planned.stated_requests
    )
    day = planned.date
    return ReportSource(
        title=planned.full_title,
        organisation=planned.name,
        year=planned.year,
        form_version=planned.form_version,
        paragraphs=paragraphs,
        printed=printed,
        intro=_intro(planned),
        signature=(planned.name, f"{day.year}年{day.month}月{day.day}日"),
        layout=layout,
    )


def _intro(planned: Planned) -> tuple[str, ...]:
    if planned.lead:
        return (planned.lead,)
    period = f"报告中所列数据的统计期限自{planned.year}年1月1日起至{planned.year}年12月31日止。"
    if planned.scope == "consolidated":
        area = next(portal for portal in PORTALS if portal.key == planned.portal).name.removesuffix("人民政府")
        office = f"{planned.organisation}办公室"
        contact = f"如有疑问，请与{office}联系（地址：{area}样例路1号；电话：0000-60000000；邮编：000000）。"
        return (
            f"根据《中华人民共和国政府信息公开条例》规定，{office}汇总{area}各级行政机关的数据，编制本报告。{period}{contact}",
        )
    if planned.size == "bureau":
        return (f"本报告由{planned.organisation}编制，所列数据为本机关数据。{period}",)
    return ()


def second_rendition(planned: Planned, source: ReportSource) -> ReportSource:
    """The other rendition of a report, which may call the organisation otherwise in its title."""
    name = planned.second_name or planned.name
    return dataclasses.replace(source, title=source.title.replace(planned.name, name))


def as_document(source: ReportSource) -> ReportSource:
    """The report as a file of its own, which says at its end that it is a sample."""
    return dataclasses.replace(source, signature=(*source.signature, NOTE.replace("本页", "本文件")))
