"""Document -> Report: which form it prints, what stands in every cell, whose report it is, and what does not add up."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from crawler.documents.model import Document, Grid, GridCell, Paragraph
from crawler.forms.blanks import blanks_not_zero
from crawler.forms.catalogue import ACTIVE_DISCLOSURE, REQUESTS, REVIEW_LITIGATION, load_form
from crawler.forms.cells import UNDECLARED, absent_cell
from crawler.forms.checks import Facts, run_checks
from crawler.forms.identity import TITLE_LINES, Identity, read_identity
from crawler.forms.model import CellReading, Report, Status, TableReading
from crawler.forms.ocr_gate import inferred_cells, ocr_suspects, proven_by_sums
from crawler.forms.readings import compare, settle
from crawler.forms.review import ROW_UNDECIDED
from crawler.forms.rows import detect_form, printed_rows, table_rows
from crawler.forms.sections import clean_text, is_frame, paragraphs, read_sections
from crawler.forms.tables import SECOND_READING_DIFFERS, TableReadings, metrics_by_key, read_tables
from crawler.forms.titles import fold_title, is_other_paper, is_report_title, printed_title
from crawler.outcomes import Outcome, OutcomeError

MIN_ROWS = {ACTIVE_DISCLOSURE: 3, REQUESTS: 5, REVIEW_LITIGATION: 1}
"""Rows by which a table is known for the statutory one; table 4 is known by its header and a row that fits it."""
SHORT_LINE = 60
UNIT_UNDECLARED = "unit_undeclared"
AMOUNT_UNIT_SUSPECT = "amount_unit_suspect"
_TABLES_TITLE = re.compile(r"公开[^，。、]{0,14}统计表(?:\([^()]*\))?$")
_DISCLOSURE = re.compile(r"信息公开|政务公开|信息公開|政務公開")


def read_report(document: Document) -> Report:
    """Read a document as an annual report of government information disclosure.

    Raises:
        OutcomeError: ``not_a_report`` where the document is something else; ``no_tables`` where it is such a report but
            carries no statutory table.
    """
    texts = paragraphs(document)
    rows = printed_rows(grid for grid in document.grids if not is_frame(grid))
    evidence = detect_form(rows)
    if evidence.version is None:
        raise _no_tables(document, texts)
    tables = table_rows(rows, evidence.version)
    readings = read_tables(tables, evidence.version)
    if not _is_statutory(readings):
        raise _no_tables(document, texts)
    if _is_about_reports(document, texts, readings):
        raise OutcomeError(
            Outcome.NOT_A_REPORT,
            f"The title says that this is another paper ({_first_lines(document, texts)}); the form in it is not a report.",
        )
    comparison = compare(tables, readings, evidence.version)
    pages = comparison.pages(readings)
    if pages and document.settle is not None:
        document = document.settle(pages)
        tables = table_rows(printed_rows(grid for grid in document.grids if not is_frame(grid)), evidence.version)
        readings = read_tables(tables, evidence.version)
        comparison = compare(tables, readings, evidence.version)
    readings.cells.update(inferred_cells(tables, readings.cells))
    readings.cells.update(proven_by_sums(readings.methods, readings.cells, evidence.version))
    how = settle(tables, readings, comparison, metrics_by_key(evidence.version))
    return _report(document, texts, readings, how, evidence.version, evidence.flags)


def _is_statutory(readings: TableReadings) -> bool:
    undecided = f"{ROW_UNDECIDED}:{REVIEW_LITIGATION}" in readings.flags
    return any(
        readings.row_counts[table] >= least and not (table == REVIEW_LITIGATION and undecided)
        for table, least in MIN_ROWS.items()
    )


def _report(
    document: Document,
    texts: Sequence[str],
    readings: TableReadings,
    how: Mapping[str, TableReading],
    version: str,
    form_flags: Sequence[str],
) -> Report:
    form = load_form(version)
    sections = read_sections(texts, form.sections)
    identity = read_identity(document, texts, sections)
    cells: dict[str, CellReading] = {
        metric.key: readings.cells.get(metric.key) or absent_cell(metric) for metric in form.metrics
    }
    cells.update({key: reading for key, reading in readings.cells.items() if key not in cells})
    cells |= blanks_not_zero(cells, version)
    flags = [
        *document.flags,
        *(flag for grid in document.grids for flag in grid.flags),
        *identity.flags,
        *form_flags,
        *readings.flags,
        *_cell_flags(cells),
    ]
    facts = Facts(version, cells, identity.year, identity.org_name_raw, sections.sections, sections.found, flags)
    checks = run_checks(facts)
    flags += [
        f"{AMOUNT_UNIT_SUSPECT}:{ACTIVE_DISCLOSURE}.central_procurement.amount"
        for check in checks
        if check.id == "R2.amount_unit" and check.status is Status.FAIL
    ]
    flags += ocr_suspects(readings.methods, cells, checks)
    return Report(
        title=identity.title,
        org_name_raw=identity.org_name_raw,
        year=identity.year,
        form_version=version,
        reporting_scope=identity.reporting_scope.value,
        published_date=identity.published_date,
        period=identity.period,
        contact=identity.contact,
        sections=sections.sections,
        text=_text(document, identity),
        cells=cells,
        checks=checks,
        quality_flags=tuple(dict.fromkeys(flags)),
        methods=readings.methods,
        readings=how,
    )


def _cell_flags(cells: dict[str, CellReading]) -> list[str]:
    flags = []
    for key, reading in cells.items():
        flags += [f"{flag}:{key}" for flag in reading.flags]
        if reading.second_raw is not None:
            flags.append(f"{SECOND_READING_DIFFERS}:{key}")
        if reading.unit == UNDECLARED and reading.value is not None:
            flags.append(f"{UNIT_UNDECLARED}:{key}")
    return flags


def _text(document: Document, identity: Identity) -> str:
    """Title, sections and tables in place, the title written first where the body does not print it."""
    parts = [clean_text(block.text) if isinstance(block, Paragraph) else _grid_text(block) for block in document.blocks]
    body = "\n".join(part for part in parts if part)
    if identity.title and not "".join(body[:2000].split()).count("".join(identity.title.split())):
        return f"{identity.title}\n{body}"
    return body


def _grid_text(grid: Grid) -> str:
    """One line a row, cells parted by tabs in their columns."""
    rows: dict[int, list[GridCell]] = {}
    for cell in grid.cells:
        rows.setdefault(cell.row, []).append(cell)
    lines = []
    for number in sorted(rows):
        slots: list[str] = []
        for cell in sorted(rows[number], key=_column):
            gap = min(cell.column, grid.column_count) - len(slots)
            if gap > 0:
                slots += [""] * gap
            text = cell.text
            slots.append(text if text.isalnum() else text.replace("\n", "").replace("\t", " "))
        lines.append("\t".join(slots))
    return "\n".join(lines)


def _column(cell: GridCell) -> int:
    return cell.column


def _is_about_reports(document: Document, texts: Sequence[str], readings: TableReadings) -> bool:
    """Whether the document's own title names another paper, such as a notice with the blank form annexed."""
    titles = [line for line in (document.title, *texts[:3]) if line and len(line) <= SHORT_LINE]
    if not titles or not is_other_paper(titles[0]) or any(map(is_report_title, titles)):
        return False
    # The tables of a report whose text stands elsewhere are titled so; the blank form is no such part.
    filled = any(reading.value is not None for reading in readings.cells.values())
    return not (filled and _TABLES_TITLE.search(fold_title(titles[0])))


def _no_tables(document: Document, texts: Sequence[str]) -> OutcomeError:
    head = [line for line in (document.title, *texts[:TITLE_LINES]) if line]
    titled = _has_report_title(head)
    if titled and _DISCLOSURE.search("".join(texts)[:20000] + (document.title or "")):
        count = sum(not is_frame(grid) for grid in document.grids)
        return OutcomeError(
            Outcome.NO_TABLES,
            f"A disclosure report without the statutory tables: {count} other tables found. "
            "It may be of a year before 2019, or its tables may be images: read it by eye or look for another rendition.",
        )
    return OutcomeError(
        Outcome.NOT_A_REPORT,
        f"No statutory table, and no title of a disclosure report ({_first_lines(document, texts)}). "
        "If it is one, its title is missing: check the link it came from.",
    )


def _has_report_title(head: Sequence[str]) -> bool:
    first = head[0] if head else ""
    if is_other_paper(first) and not is_report_title(first):
        return False
    return is_report_title(first) or printed_title(head) is not None


def _first_lines(document: Document, texts: Sequence[str]) -> str:
    return " / ".join([line for line in (document.title, *texts[:2]) if line])[:80] or "no text"
