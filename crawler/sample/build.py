"""Writes the sample portals: ``python -m crawler.sample.build [--pdfs]``.

Everything but the PDFs comes out the same each time (DOCX part by part, as compressors differ). PDFs are made anew only
with ``--pdfs`` or where missing or out of date, because they need LibreOffice and Chromium and carry the time of their making.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import io
import json
import sys
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pypdfium2

from crawler.forms.catalogue import load_form
from crawler.sample import pages
from crawler.sample.faults import ERROR_PAGE
from crawler.sample.pages import Article, Item
from crawler.sample.plan import FILES_ADDRESS, LOOK_ALIKE_PAGES, PORTALS, LookAlike, Planned, SamplePortal
from crawler.sample.producers import pdf_by_chromium, pdfs_by_libreoffice
from crawler.sample.prose import LOOK_ALIKES, prose_only
from crawler.sample.reports import as_document, sources
from crawler.sample.server import PORTALS as PORTALS_FILE
from crawler.sample.server import SITE
from crawler.sample.source import ReportSource
from crawler.sample.tables import printed_metrics
from crawler.sample.truth import failed_identities
from crawler.sample.typeset import BASE_STYLE, to_html
from crawler.sample.wordml import to_docx

EXPECTED = SITE.parent / "expected.json"
FILES = "files"
"""Folder of the attachment host of the provincial platform."""
SCAN_DPI = 200
PRINT_STYLE = (
    BASE_STYLE
    + """
body { font-family: "WenQuanYi Zen Hei", SimSun, serif; font-size: 15pt; line-height: 1.8; }
td, th { padding: 5px 3px; }
"""
)
"""Running text of the size official documents have, so that tables are cut by pages; a TrueType face, which Chromium
embeds in a third of the bytes."""

_MEDIA = {".pdf": "application/pdf", ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document"}
_OUTCOMES = {
    "prose": "no_tables",
    "missing": "not_found",
    "truncated": "truncated",
    "error_page": "not_a_document",
    "scanned": "scanned",
}


def package_parts(content: bytes) -> dict[str, bytes]:
    """The parts of a zip package by name; anything else is its own single part."""
    if not content.startswith(b"PK"):
        return {"": content}
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        return {name: package.read(name) for name in package.namelist()}


@dataclass(frozen=True)
class PdfJob:
    """A PDF to be made: where it goes, by which program, from which source, and what is done to it then."""

    path: str
    producer: Literal["office", "browser"]
    source: bytes
    treatment: Literal["", "truncated", "scanned"] = ""

    @property
    def digest(self) -> str:
        """Of the source, to tell a PDF that is out of date; of a DOCX its parts, as compressors differ between machines."""
        fingerprint = hashlib.sha256(f"{self.producer}/{self.treatment}/".encode())
        for name, content in sorted(package_parts(self.source).items()):
            fingerprint.update(name.encode() + b"\0" + content)
        return fingerprint.hexdigest()


@dataclass
class Site:
    """The files of all portals, by path under the site folder."""

    files: dict[str, bytes] = field(default_factory=dict)
    pdfs: list[PdfJob] = field(default_factory=list)
    reports: list[dict[str, Any]] = field(default_factory=list)
    look_alikes: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class _Attachment:
    host: str
    path: str
    href: str
    text: str
    outcome: str


def make_site() -> Site:
    """The whole site in memory, PDFs as jobs."""
    site = Site()
    site.files["hosts.json"] = _json({**{portal.key: portal.address for portal in PORTALS}, FILES: FILES_ADDRESS})
    site.files[f"{FILES}/robots.txt"] = b"User-agent: *\nDisallow:\n"
    planned = sources()
    for portal in PORTALS:
        _furniture(site, portal)
        listed: dict[str, list[Item]] = {branch: [] for branch in (portal.branches or ("",))}
        for report, source in planned:
            if report.portal == portal.key:
                listed[report.branch].append(_report(site, portal, report, source))
        for look_alike in LOOK_ALIKE_PAGES:
            if look_alike.portal == portal.key:
                listed[look_alike.branch].append(_look_alike(site, portal, look_alike))
        for branch, items in listed.items():
            _lists(site, portal, portal.column + branch, sorted(items, key=lambda item: (item.date, item.path), reverse=True))
        if portal.branches:
            _put_page(site, portal, portal.column, pages.branch_page(portal))
    site.files["pdf_sources.json"] = _json({job.path: job.digest for job in site.pdfs})
    return site


def _json(data: Any) -> bytes:
    return (json.dumps(data, ensure_ascii=False, indent=1) + "\n").encode()


def _put_page(site: Site, portal: SamplePortal, path: str, text: str) -> None:
    name = path + "index.html" if path.endswith("/") else path
    site.files[portal.key + name] = text.encode(portal.encoding)


def _furniture(site: Site, portal: SamplePortal) -> None:
    _put_page(site, portal, "/", pages.home_page(portal))
    _put_page(site, portal, portal.disclosure, pages.disclosure_page(portal))
    plain = {path: words for words, path in pages.navigation(portal) if path not in ("/", portal.disclosure)}
    plain |= {path: words for words, path in pages.disclosure_parts(portal) if path != portal.column}
    plain |= {f"/xw/{number}.html": "新闻" for number in range(1, 5)} | {"/wzdt.html": "网站地图", "/lxwm.html": "联系我们"}
    for path, words in plain.items():
        _put_page(site, portal, path, pages.plain_page(portal, words, "栏目内容从略。"))
    site.files[f"{portal.key}/robots.txt"] = b"User-agent: *\nDisallow: /admin/\nDisallow: /search/\n"
    site.files[f"{portal.key}/images/base.css"] = b"body { font-size: 14px; }\n.sample-note { color: #a00; }\n"
    site.files[f"{portal.key}/images/page.js"] = "/* 分页脚本 */\n".encode()


def _lists(site: Site, portal: SamplePortal, folder: str, items: Sequence[Item]) -> None:
    size = portal.page_size
    count = max(1, -(-len(items) // size))
    for number in range(count):
        shown = items[number * size : (number + 1) * size]
        text = pages.list_page(portal, shown, number, count, len(items), folder)
        _put_page(site, portal, folder + pages.list_name(portal, number), text)


def _identifier(*words: str) -> int:
    return zlib.crc32("/".join(words).encode())


def _article_path(portal: SamplePortal, branch: str, title: str, day: dt.date) -> str:
    number = _identifier(portal.key, title)
    if portal.family == "henan":
        shown = day + dt.timedelta(days=number % 3)
        return f"/{shown:%Y}/{shown:%m-%d}/{2_000_000 + number % 900_000}.html"
    if portal.family == "trs":
        return f"{portal.column}{day:%Y%m}/t{day:%Y%m%d}_{100_000 + number % 900_000}.html"
    if portal.key == "zhecheng":
        return f"{portal.column}content_{100_000 + number % 90_000}"
    return f"{portal.column}{branch}t{300_000 + number % 90_000}.html"


def _attachment(portal: SamplePortal, title: str, day: dt.date, suffix: str, outcome: str) -> _Attachment:
    number = _identifier(portal.key, title, suffix)
    if portal.family == "henan":
        name = hashlib.sha256(f"{title}{suffix}".encode()).hexdigest()[:32]
        path = f"/typtfile/{day:%Y%m%d}/{name}{suffix}"
        return _Attachment(FILES, path, f"@@HOST:{FILES}@@{path}", title + suffix, outcome)
    if portal.family == "trs":
        name = f"P0{day:%Y%m%d}{number % 10**12:012d}{suffix}"
        return _Attachment(portal.key, f"{portal.column}{day:%Y%m}/{name}", f"./{name}", title + suffix, outcome)
    path = f"/upload/{day:%Y/%m}/{number:010d}{suffix}"
    return _Attachment(portal.key, path, path, title + suffix, outcome)


def _report(site: Site, portal: SamplePortal, report: Planned, source: ReportSource) -> Item:
    day, title = report.date, report.full_title
    path = _article_path(portal, report.branch, title, day)
    outcome = _OUTCOMES.get(report.shape, "ok")
    attachments: list[_Attachment] = []
    if "docx" in report.shape:
        attachments.append(_attachment(portal, title, day, ".docx", "ok"))
        site.files[attachments[-1].host + attachments[-1].path] = to_docx(as_document(source))
    if report.shape not in ("html", "docx", "missing", "prose"):
        pdf = _attachment(portal, title, day, ".pdf", outcome)
        attachments.append(pdf)
        _pdf(site, report, source, pdf)
    in_page = report.shape in ("html", "html+pdf", "prose")
    if report.shape == "prose":
        body = "\n".join(f"<p>{text}</p>" for text in prose_only(report.organisation, report.year))
    elif in_page:
        body = to_html(source, with_title=source.layout.title_lines > 1)
    else:
        body = f"<p>{report.organisation}{report.year}年政府信息公开工作年度报告已经发布，全文见附件。</p>"
    article = Article(
        path=path,
        title=title,
        date=day.isoformat(),
        source=report.organisation,
        body=body,
        attachments=tuple((attachment.href, attachment.text) for attachment in attachments),
        scripted="审计局" in report.organisation and portal.family == "trs",
        bare_pdf=report.shape in ("pdf_office", "pdf_browser"),
        index_number=f"S{_identifier(title) % 10**8:08d}/{day.year}-{_identifier(path) % 10**5:05d}",
    )
    if report.shape != "missing":
        _put_page(site, portal, path, pages.article_page(portal, article))
    documents = [{"host": portal.key, "path": path, "media_type": "text/html", "outcome": outcome}] if in_page else []
    documents += [
        {
            "host": attachment.host,
            "path": attachment.path,
            "media_type": "text/html" if report.shape == "error_page" else _MEDIA[Path(attachment.path).suffix],
            "outcome": attachment.outcome,
        }
        for attachment in attachments
    ]
    site.reports.append(_expected(portal, report, source, path, outcome, documents))
    return Item(path, title, day.isoformat())


def _pdf(site: Site, report: Planned, source: ReportSource, pdf: _Attachment) -> None:
    path = pdf.host + pdf.path
    document = as_document(source)
    if report.shape == "error_page":
        site.files[path] = ERROR_PAGE
    elif report.shape == "pdf_browser":
        html = to_html(document, whole=True, style=PRINT_STYLE)
        site.pdfs.append(PdfJob(path, "browser", html.encode()))
    else:
        treatment: Literal["", "truncated", "scanned"] = ""
        if report.shape == "truncated" or report.shape == "scanned":
            treatment = report.shape
        site.pdfs.append(PdfJob(path, "office", to_docx(document), treatment))


def _expected(
    portal: SamplePortal, report: Planned, source: ReportSource, path: str, outcome: str, documents: list[dict[str, str]]
) -> dict[str, Any]:
    keys = printed_metrics(source) if report.shape != "prose" else ()
    form = load_form(report.form_version)
    values = {key: source.printed.get(key, "") for key in keys}
    return {
        "portal": portal.key,
        "region": portal.region,
        "organisation": report.organisation,
        "year": report.year,
        "reporting_scope": report.scope,
        "title": report.full_title,
        "published_date": report.date.isoformat(),
        "page": path,
        "outcome": outcome,
        "shape": report.shape,
        "version_no": 2 if report.corrects else 1,
        "form_version": report.form_version if keys else None,
        "documents": documents,
        "failed_identities": failed_identities(report.form_version, values, keys),
        "planted": list(report.planted),
        "note": report.note,
        "values": values,
        "absent": [metric.key for metric in form.metrics if metric.key not in values] if keys else [],
    }


def _look_alike(site: Site, portal: SamplePortal, look_alike: LookAlike) -> Item:
    day = dt.date.fromisoformat(look_alike.published)
    path = _article_path(portal, look_alike.branch, look_alike.title, day)
    body = "\n".join(f"<p>{text}</p>" for text in LOOK_ALIKES[look_alike.kind])
    if look_alike.kind == "picture":
        body += '\n<p><img src="/images/tujie.jpg"></p>'
    article = Article(path, look_alike.title, look_alike.published, f"{portal.name}办公室", body)
    _put_page(site, portal, path, pages.article_page(portal, article))
    site.look_alikes.append({"portal": portal.key, "title": look_alike.title, "page": path, "kind": look_alike.kind})
    return Item(path, look_alike.title, look_alike.published)


def expected(site: Site) -> bytes:
    """The truth about the site as JSON."""
    return _json(
        {
            "note": "Values are the texts of the cells as printed; an empty text is a blank cell.",
            "reports": site.reports,
            "look_alikes": site.look_alikes,
        }
    )


def portals_file() -> bytes:
    """The portals file, with ``{port}`` for the server to fill in."""
    lines = ["# The sample portals; written by crawler.sample.build, the server fills in the port."]
    for portal in PORTALS:
        lines += [
            "",
            "[[portal]]",
            f'name = "{portal.name}（样例）"',
            f'region = "{portal.region}"',
            f'home = "http://{portal.address}:{{port}}/"',
            "delay = 0",
        ]
        if portal.allow:
            lines.append(f"allow_hosts = {json.dumps(list(portal.allow))}")
    return ("\n".join(lines) + "\n").encode()


def make_pdfs(jobs: Sequence[PdfJob]) -> Mapping[str, bytes]:
    """The PDFs of the jobs, by path.

    Raises:
        ProducerError: a program is missing or made nothing.
    """
    made: dict[str, bytes] = {}
    office = [job for job in jobs if job.producer == "office"]
    if office:
        made |= {
            job.path: content for job, content in zip(office, pdfs_by_libreoffice([job.source for job in office]), strict=True)
        }
    made |= {job.path: pdf_by_chromium(job.source.decode()) for job in jobs if job.producer == "browser"}
    return {job.path: _treated(made[job.path], job.treatment) for job in jobs}


def _treated(pdf: bytes, treatment: str) -> bytes:
    if treatment == "truncated":
        return pdf[: len(pdf) * 3 // 5]
    return scanned(pdf) if treatment == "scanned" else pdf


def scanned(pdf: bytes, dpi: int = SCAN_DPI) -> bytes:
    """The same pages as black and white images, as an office scanner leaves them."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        images = [page.render(scale=dpi / 72, grayscale=True).to_pil().convert("1") for page in document]
    finally:
        document.close()
    written = io.BytesIO()
    images[0].save(written, "PDF", resolution=dpi, save_all=True, append_images=images[1:])
    return written.getvalue()


def write(into: Path, *, pdfs: bool) -> Site:
    """Writes the site, the portals file and the truth under ``into``; removes what no longer belongs to it.

    Args:
        into: folder that gets ``site/``, ``portals.toml`` and ``expected.json``.
        pdfs: make every PDF anew, not only those that are missing or out of date.
    """
    site = make_site()
    root = into / "site"
    listed = root / "pdf_sources.json"
    known: dict[str, str] = json.loads(listed.read_text(encoding="utf-8")) if listed.is_file() else {}
    stale = [job for job in site.pdfs if pdfs or known.get(job.path) != job.digest or not (root / job.path).is_file()]
    contents = {**site.files, **make_pdfs(stale)}
    belongs = {*contents, *(job.path for job in site.pdfs)}
    for path in sorted(root.rglob("*"), reverse=True):
        if path.is_file() and path.relative_to(root).as_posix() not in belongs:
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()
    for name, content in contents.items():
        path = root / name
        if path.is_file() and package_parts(path.read_bytes()) == package_parts(content):
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (into / PORTALS_FILE.name).write_bytes(portals_file())
    (into / EXPECTED.name).write_bytes(expected(site))
    return site


def main() -> int:
    """Writes the site into the package or another folder."""
    parser = argparse.ArgumentParser(description="Writes the sample portals.")
    parser.add_argument("--pdfs", action="store_true", help="make every PDF anew")
    parser.add_argument("--into", type=Path, default=SITE.parent, help="folder for site/, portals.toml and expected.json")
    arguments = parser.parse_args()
    site = write(arguments.into, pdfs=arguments.pdfs)
    sys.stdout.write(
        f"{len(site.reports)} reports, {len(site.look_alikes)} look-alikes, {len(site.files)} files, {len(site.pdfs)} PDFs\n"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
