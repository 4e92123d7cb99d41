"""Writes the sample portals: ``python -m crawler.sample.build [--remake]``.

What this package writes itself comes out the same each time (packages part by part, as compressors differ). What LibreOffice,
Chromium and libarchive make is made anew only with ``--remake`` or where missing or out of date: it carries the time of its
making.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import json
import re
import sys
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from crawler.forms.catalogue import load_form
from crawler.sample import pages
from crawler.sample.archives import make_zip
from crawler.sample.exports import to_web_archive, to_word_html
from crawler.sample.faults import ERROR_PAGE
from crawler.sample.jobs import Job, make_files, package_parts
from crawler.sample.ofd import Style, to_ofd
from crawler.sample.pages import Article, Item
from crawler.sample.plan import FILES_ADDRESS, LOOK_ALIKE_PAGES, PORTALS, LookAlike, Planned, SamplePortal, Shape
from crawler.sample.prose import LOOK_ALIKES, prose_only
from crawler.sample.reports import as_document, second_rendition, sources
from crawler.sample.server import PORTALS as PORTALS_FILE
from crawler.sample.server import SITE
from crawler.sample.source import ReportSource
from crawler.sample.tables import printed_metrics
from crawler.sample.truth import failed_identities
from crawler.sample.typeset import BASE_STYLE, to_html
from crawler.sample.wordml import to_docx
from crawler.sample.workbook import table_sheets, to_sheets, write_xlsx

EXPECTED = SITE.parent / "expected.json"
MADE_FROM = "made_from.json"
"""Path of the made file -> digest of what it was made from."""
PART = "part"
"""Outcome of a document that is no report alone: an image of a page."""
_SECTION_5 = re.compile(r"<(?:h2|p)\b[^>]*>(?:<span[^>]*>)?五、")
"""Where the running text goes on behind the tables."""
FILES = "files"
"""Folder of the attachment host of the provincial platform."""
PRINT_STYLE = (
    BASE_STYLE
    + """
body { font-family: "WenQuanYi Zen Hei", SimSun, serif; font-size: 15pt; line-height: 1.8; }
td, th { padding: 5px 3px; }
"""
)
"""Running text of the size official documents have, so that tables are cut by pages; a TrueType face, which Chromium
embeds in a third of the bytes."""

_OFFICE = "application/vnd.openxmlformats-officedocument"
_FILES: Mapping[str, tuple[str, str]] = {
    "docx": (".docx", f"{_OFFICE}.wordprocessingml.document"),
    "error_page": (".pdf", "text/html"),
    "doc": (".doc", "application/msword"),
    "wps": (".wps", "application/msword"),
    "rtf": (".rtf", "application/rtf"),
    "word_web": (".doc", "text/html"),
    "web_archive": (".doc", "multipart/related"),
    "word_xml": (".doc", "application/x-wordml+xml"),
    "xlsx": (".xlsx", f"{_OFFICE}.spreadsheetml.sheet"),
    "text+xls": (".xls", "application/vnd.ms-excel"),
    "ofd": (".ofd", "application/ofd"),
    "zip": (".zip", "application/zip"),
    "rar": (".rar", "application/vnd.rar"),
    "7z": (".7z", "application/x-7z-compressed"),
}
"""Suffix and true media type of the attachment, by shape; all others have a PDF."""
_IN_PAGE = ("html", "html+pdf", "prose", "text+xls", "text+picture", "page_images")
_SPLIT = ("text+xls", "text+picture", "page_images")
"""Shapes whose page is no report without what is attached to it."""
_WITHOUT_FILE = ("html", "missing", "prose", "page_images", "text+picture")
IMAGED_PAGES = 4
"""Pages of the report that is published as images."""
OFD_STYLE = Style(text="repeated", template="rules")
"""As one widespread writer has it: offsets as ``g n d``, the tables' rules on template pages."""
SCANNED_PAGE = 2
"""The page, counted from 0, of which the PDF with one scanned page has nothing but the scan."""
_OUTCOMES = {
    "prose": "no_tables",
    "missing": "not_found",
    "truncated": "truncated",
    "error_page": "not_a_document",
}


@dataclass
class Site:
    """The files of all portals, by path under the site folder."""

    files: dict[str, bytes] = field(default_factory=dict)
    made: list[Job] = field(default_factory=list)
    reports: list[dict[str, Any]] = field(default_factory=list)
    look_alikes: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class _Attachment:
    host: str
    path: str
    href: str
    text: str
    media_type: str
    outcome: str


def make_site() -> Site:
    """The whole site in memory, what other programs make as jobs."""
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
    site.files[MADE_FROM] = _json({job.path: job.digest for job in site.made})
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


def _attachment(
    portal: SamplePortal, report: Planned, suffix: str, media_type: str, outcome: str, mark: str = ""
) -> _Attachment:
    """A file beside the page; ``mark`` tells several of one suffix apart."""
    title, day = report.full_title, report.date
    number = _identifier(portal.key, title, suffix + mark)
    if portal.family == "henan":
        name = hashlib.sha256(f"{title}{suffix}{mark}".encode()).hexdigest()[:32]
        path = f"/typtfile/{day:%Y%m%d}/{name}{suffix}"
        return _Attachment(FILES, path, f"@@HOST:{FILES}@@{path}", title + suffix, media_type, outcome)
    if portal.family == "trs":
        name = f"P0{day:%Y%m%d}{number % 10**12:012d}{suffix}"
        return _Attachment(portal.key, f"{portal.column}{day:%Y%m}/{name}", f"./{name}", title + suffix, media_type, outcome)
    path = f"/upload/{day:%Y/%m}/{number:010d}{suffix}"
    return _Attachment(portal.key, path, path, title + suffix, media_type, outcome)


def _report(site: Site, portal: SamplePortal, report: Planned, source: ReportSource) -> Item:
    day, title, shape = report.date, report.full_title, report.shape
    path = _article_path(portal, report.branch, title, day)
    outcome = _OUTCOMES.get(shape, "ok")
    attachments = _attachments(site, portal, report, source, outcome)
    pictures = _pictures(site, portal, report, source)
    shown = "".join(f'<p style="text-align:center"><img src="{picture.href}"></p>\n' for picture in pictures)
    if shape == "prose":
        body = "\n".join(f"<p>{text}</p>" for text in prose_only(report.organisation, report.year))
    elif shape == "page_images":
        body = shown
    elif shape in _IN_PAGE:
        only: Literal["", "text"] = "text" if shape in ("text+xls", "text+picture") else ""
        body = to_html(source, with_title=source.layout.title_lines > 1, only=only)
        if shown:
            behind = next(_SECTION_5.finditer(body)).start()
            body = body[:behind] + shown + body[behind:]
    else:
        body = f"<p>{report.name}{report.year}年政府信息公开工作年度报告已经发布，全文见附件。</p>"
    article = Article(
        path=path,
        title=title,
        date=day.isoformat(),
        source=report.name,
        body=body,
        attachments=tuple((attachment.href, attachment.text) for attachment in attachments),
        scripted="审计局" in report.organisation and portal.family == "trs",
        bare_pdf=shape in ("pdf_office", "pdf_browser"),
        index_number=f"S{_identifier(title) % 10**8:08d}/{day.year}-{_identifier(path) % 10**5:05d}",
    )
    if shape != "missing":
        _put_page(site, portal, path, pages.article_page(portal, article))
    alone = "no_tables" if shape in _SPLIT else outcome
    documents = [{"host": portal.key, "path": path, "media_type": "text/html", "outcome": alone}] if shape in _IN_PAGE else []
    documents += [
        {"host": file.host, "path": file.path, "media_type": file.media_type, "outcome": file.outcome}
        for file in (*attachments, *pictures)
    ]
    site.reports.append(_expected(portal, report, source, path, outcome, documents))
    return Item(path, title, day.isoformat())


def _attachments(site: Site, portal: SamplePortal, report: Planned, source: ReportSource, outcome: str) -> list[_Attachment]:
    """The files that the page links."""
    if report.shape in _WITHOUT_FILE:
        return []
    if report.shape == "docx+pdf":
        shapes: tuple[Shape, ...] = ("docx", "pdf_office")
    else:
        shapes = (report.shape,)
    found = []
    for number, shape in enumerate(shapes, start=1 + (report.shape in _IN_PAGE)):
        suffix, media_type = _FILES.get(shape, (".pdf", "application/pdf"))
        file = _attachment(portal, report, suffix, media_type, outcome)
        shown = source if number == 1 else second_rendition(report, source)
        _file(site, shape, as_document(shown), file.host + file.path)
        found.append(file)
    return found


def _pictures(site: Site, portal: SamplePortal, report: Planned, source: ReportSource) -> list[_Attachment]:
    """The images that the page shows instead of text."""
    document = as_document(source)
    if report.shape == "text+picture":
        file = _attachment(portal, report, ".png", "image/png", PART)
        html = to_html(document, whole=True, only="tables", style=PRINT_STYLE)
        site.made.append(Job(file.host + file.path, "browser", html.encode(), treatment="picture"))
        return [file]
    found = []
    for number in range(IMAGED_PAGES if report.shape == "page_images" else 0):
        file = _attachment(portal, report, ".png", "image/png", PART, str(number))
        treatment = f"{'last_page_image' if number + 1 == IMAGED_PAGES else 'page_image'}:{number}"
        site.made.append(Job(file.host + file.path, "office", to_docx(document), treatment=treatment))
        found.append(file)
    return found


def _file(site: Site, shape: Shape, document: ReportSource, path: str) -> None:
    """Puts an attachment's content, or the job that makes it, into the site."""
    deterministic: Mapping[str, Callable[[ReportSource], bytes]] = {
        "docx": to_docx,
        "error_page": lambda _: ERROR_PAGE,
        "word_web": to_word_html,
        "web_archive": to_web_archive,
        "ofd": lambda source: to_ofd(source, OFD_STYLE),
        "xlsx": lambda source: write_xlsx(to_sheets(source, "three_sheets")),
        "zip": lambda source: make_zip({f"{source.title}.docx": to_docx(source)}),
    }
    exported = {"doc": "doc", "wps": "doc", "rtf": "rtf", "word_xml": "xml"}
    treatments = {"truncated", "scanned", "scan_150", "scan_tilted", "7z"}
    if shape in deterministic:
        site.files[path] = deterministic[shape](document)
    elif shape == "pdf_browser":
        html = to_html(document, whole=True, style=PRINT_STYLE)
        site.made.append(Job(path, "browser", html.encode()))
    elif shape == "text+xls":
        site.made.append(Job(path, "office", write_xlsx(table_sheets(document)), target="xls"))
    elif shape == "rar":
        site.made.append(Job(path, "none", to_docx(document), "docx", "rar", f"{document.title}.docx"))
    elif shape == "mixed_pdf":
        site.made.append(Job(path, "office", to_docx(document), treatment=f"mixed_pdf:{SCANNED_PAGE}"))
    else:
        treatment = shape if shape in treatments else ""
        name = f"{document.title}.pdf" if shape == "7z" else ""
        site.made.append(Job(path, "office", to_docx(document), exported.get(shape, "pdf"), treatment, name))


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
        "called": sorted({report.name, report.second_name or report.name}),
        "year": report.year,
        "reporting_scope": report.scope,
        "title": report.full_title,
        "published_date": report.date.isoformat(),
        "page": path,
        "outcome": outcome,
        "shape": report.shape,
        "version_no": 2 if report.corrects else 1,
        "resolved": report.resolved,
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


def write(into: Path, *, remake: bool) -> Site:
    """Writes the site, the portals file and the truth under ``into``; removes what no longer belongs to it.

    Args:
        into: folder that gets ``site/``, ``portals.toml`` and ``expected.json``.
        remake: make anew what other programs make, not only what is missing or out of date.
    """
    site = make_site()
    root = into / "site"
    listed = root / MADE_FROM
    known: dict[str, str] = json.loads(listed.read_text(encoding="utf-8")) if listed.is_file() else {}
    stale = [job for job in site.made if remake or known.get(job.path) != job.digest or not (root / job.path).is_file()]
    contents = {**site.files, **make_files(stale)}
    belongs = {*contents, *(job.path for job in site.made)}
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
    parser.add_argument("--remake", action="store_true", help="make anew what other programs make")
    parser.add_argument("--into", type=Path, default=SITE.parent, help="folder for site/, portals.toml and expected.json")
    arguments = parser.parse_args()
    site = write(arguments.into, remake=arguments.remake)
    sys.stdout.write(
        f"{len(site.reports)} reports, {len(site.look_alikes)} look-alikes, {len(site.files)} files, {len(site.made)} made\n"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
