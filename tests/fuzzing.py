"""Files that are broken on purpose, and what a reader makes of each.

A case is its name alone: the same name gives the same bytes, in any process, as long as the seeds are the same.
"""

from __future__ import annotations

import io
import json
import random
import re
import signal
import time
import traceback
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from unittest.mock import patch

from PIL import Image, ImageDraw

from crawler.documents import pdf
from crawler.documents import sniff as kinds
from crawler.documents.archives import ARCHIVES, unpack
from crawler.documents.page_bundle import pack_pages
from crawler.documents.reader import READERS
from crawler.documents.sniff import sniff
from crawler.extraction import Extraction
from crawler.forms.reader import read_report
from crawler.forms.record import report_record
from crawler.outcomes import Outcome, OutcomeError
from crawler.sample.server import SITE
from crawler.sample.typeset import Layout, ReportSource, random_values, to_docx, to_html, to_text
from crawler.sample.workbook import to_sheets, write_xlsx
from tests.archive_builder import make_7z, make_rar4, make_rar5, make_zip
from tests.ofd_writer import Style, to_ofd

CORPUS = Path(__file__).resolve().parent / "corpus"
MAX_SEED_BYTES = 400_000
SEEDS_A_KIND = 12
OCR_EVERY = 50
HANGS_SECONDS = 60.0
"""Of processor time: who reads a broken file that long would never end; a busy machine makes no file look slow."""
TARGETS = (*READERS, *sorted(ARCHIVES))
"""Media types with something that reads them."""
PICTURES = tuple(kind for kind in TARGETS if kind.startswith("image/") or kind == kinds.PAGE_IMAGES)
TURNS = tuple(kind for kind in TARGETS if kind not in PICTURES)
"""All but pictures, which share one turn: recognising takes a hundred times as long as reading."""

ODD_NUMBERS = (
    *(b"0", b"-1", b"1", b"65535", b"65536", b"2147483648", b"-2147483649", b"18446744073709551616", b"9" * 400, b"1e999"),
    *(b"NaN", b"Infinity", b"0.0000001", b"1.2.3", b"007", b"0x10", b"", b" ", b"1 2", b"%d"),
)
ODD_TEXTS = (
    "１２.３",
    "٣٤",
    "²",
    "Ⅷ",
    "①",
    "一百二十",
    "―",
    "—",
    "／",
    "1,23,4",
    "1，234",
    "\u0000",
    "\ufeff",
    "\u202e12",
    "🈶",
    "\ud7ff",
)
ODD_BYTES = (b"\x00" * 64, b"\xff" * 64, b"\x80", b"\xed\xa0\x80", b"<", b">", b"&", b'"', b"]]>", b"\r", b"\t", b"\x1a")
TAG = re.compile(rb"<[^<>]{1,400}>")
NUMBER = re.compile(rb"\d+")
Mutation = Callable[[bytes, random.Random], bytes]


def flip_bits(data: bytes, dice: random.Random) -> bytes:
    broken = bytearray(data)
    for _ in range(dice.choice((1, 3, 20, 200)) if broken else 0):
        broken[dice.randrange(len(broken))] ^= 1 << dice.randrange(8)
    return bytes(broken)


def cut(data: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(data) + 1)
    return data[:at] if dice.random() < 0.8 else data[at:]


def insert(data: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(data) + 1)
    odd = dice.choice(
        (*ODD_BYTES, *(text.encode("utf-8", "replace") for text in ODD_TEXTS), dice.randbytes(dice.randrange(1, 300)))
    )
    return data[:at] + odd * dice.choice((1, 1, 1, 50)) + data[at:]


def move_block(data: bytes, dice: random.Random) -> bytes:
    start = dice.randrange(len(data) + 1)
    block = data[start : start + dice.choice((1, 8, 100, 4000))]
    rest = data[:start] + data[start + len(block) :]
    at = dice.randrange(len(rest) + 1)
    return rest[:at] + block * dice.choice((0, 1, 2, 30)) + rest[at:]


def odd_number(data: bytes, dice: random.Random) -> bytes:
    found = list(NUMBER.finditer(data))
    for match in sorted(dice.sample(found, min(len(found), dice.choice((1, 1, 5, 40)))), key=lambda match: -match.start()):
        data = data[: match.start()] + dice.choice(ODD_NUMBERS) + data[match.end() :]
    return data


def odd_text(data: bytes, dice: random.Random) -> bytes:
    found = list(NUMBER.finditer(data))
    for match in sorted(dice.sample(found, min(len(found), 8)), key=lambda match: -match.start()):
        data = data[: match.start()] + dice.choice(ODD_TEXTS).encode("utf-8", "surrogatepass") + data[match.end() :]
    return data


def break_tags(data: bytes, dice: random.Random) -> bytes:
    found = list(TAG.finditer(data))
    if not found:
        return flip_bits(data, dice)
    for match in sorted(dice.sample(found, min(len(found), dice.choice((1, 2, 10)))), key=lambda match: -match.start()):
        tag = match[0]
        new = dice.choice(
            (b"", tag * 2, tag * 300, NUMBER.sub(dice.choice(ODD_NUMBERS), tag), dice.choice(found)[0], tag[:-1], b"</x>" + tag)
        )
        data = data[: match.start()] + new + data[match.end() :]
    return data


def nest(data: bytes, dice: random.Random) -> bytes:
    found = [match for match in TAG.finditer(data) if not match[0].startswith((b"</", b"<!", b"<?"))]
    if not found:
        return move_block(data, dice)
    match = dice.choice(found)
    return data[: match.start()] + match[0] * dice.choice((20, 300, 6000)) + data[match.end() :]


def repeat_between_tags(data: bytes, dice: random.Random) -> bytes:
    found = list(TAG.finditer(data))
    if len(found) < 3:
        return move_block(data, dice)
    first = dice.randrange(len(found) - 1)
    last = min(first + dice.choice((1, 4, 40)), len(found) - 1)
    part = data[found[first].start() : found[last].start()]
    return data[: found[first].start()] + part * dice.choice((0, 2, 3, 40)) + data[found[last].start() :]


BYTE_MUTATIONS: tuple[Mutation, ...] = (flip_bits, cut, insert, move_block, odd_number)
MARKUP_MUTATIONS: tuple[Mutation, ...] = (break_tags, nest, repeat_between_tags, odd_number, odd_text, insert, cut, flip_bits)
TEXT_MUTATIONS: tuple[Mutation, ...] = (odd_text, odd_number, move_block, insert, cut, flip_bits)


def in_package(data: bytes, dice: random.Random) -> bytes:
    """One part of a zip changed, lost, doubled or renamed, the package written anew."""
    parts: list[tuple[str, bytes]] = []
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        parts = [(name, package.read(name)) for name in package.namelist()]
    number = dice.randrange(len(parts))
    if dice.random() < 0.7:
        # Where the words are: the longest part.
        number = max(range(len(parts)), key=lambda index: len(parts[index][1]))
    name, content = parts[number]
    match dice.randrange(8):
        case 0:
            del parts[number]
        case 1:
            parts[number] = (dice.choice(("../" + name, name.upper(), name * 20, "", "x")), content)
        case 2:
            parts[number] = (name, dice.choice(parts)[1])
        case _:
            parts[number] = (name, mutate(content, dice, MARKUP_MUTATIONS if content.lstrip()[:1] == b"<" else BYTE_MUTATIONS))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", dice.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED))) as package:
        for name, content in parts:
            package.writestr(zipfile.ZipInfo(name or "_"), content)
    return stream.getvalue()


def mutate(data: bytes, dice: random.Random, mutations: tuple[Mutation, ...]) -> bytes:
    for _ in range(dice.choice((1, 1, 2, 4))):
        data = dice.choice(mutations)(data, dice)
    return data


def broken(data: bytes, media_type: str, dice: random.Random) -> bytes:
    """A file of that kind, broken in a way that is worth trying for it."""
    if data.startswith(b"PK\x03\x04"):
        return in_package(data, dice) if dice.random() < 0.75 else mutate(data, dice, BYTE_MUTATIONS)
    if media_type.startswith("text/") or b"<" in data[:200]:
        return mutate(data, dice, TEXT_MUTATIONS if media_type == kinds.TEXT else MARKUP_MUTATIONS)
    return mutate(data, dice, BYTE_MUTATIONS)


def _made() -> Iterator[tuple[str, bytes]]:
    """Files of the kinds that the sample portals may not hold, all of one report."""
    form = "cn-ogi-2021"
    sections = dict.fromkeys((1, 2, 3, 4, 5, 6), ("本年度主动公开政府信息12条，收到申请3件。" * 5,))
    source = ReportSource(
        "柘城县人民政府2023年政府信息公开工作年度报告",
        "柘城县人民政府",
        2023,
        form,
        sections,
        random_values(form, 1),
        layout=Layout(),
    )
    page = to_html(source, whole=True).encode()
    head = (
        b'MIME-Version: 1.0\nContent-Type: multipart/related; boundary="b"\n\n--b\nContent-Type: text/html; charset=utf-8\n\n'
    )
    yield "made.html", page
    yield "made.mhtml", head + page + b"\n--b--\n"
    yield "made-tabs.txt", to_text(source, "tabs").encode()
    yield "made-cells.txt", to_text(source, "cells").encode("gb18030")
    yield "made.ofd", to_ofd(source)
    yield (
        "made-other.ofd",
        to_ofd(source, Style(rules="one_path", text="repeated", template="labels", composite=True, scaled=True)),
    )
    yield "made.xlsx", write_xlsx(to_sheets(source))
    word = to_docx(source)
    yield "made.docx", word
    for name, make in (("zip", make_zip), ("7z", make_7z), ("rar4", make_rar4), ("rar5", make_rar5)):
        yield f"made.{name}", make({"年报.docx": word, "附件/表.txt": to_text(source).encode()})
    paragraph = "<w:p><w:r><w:t>{}</w:t></w:r></w:p>"
    rows = "".join(
        f"<w:tr>{''.join(f'<w:tc>{paragraph.format(cell)}</w:tc>' for cell in line.split(chr(9)))}</w:tr>"
        for line in to_text(source).splitlines()
        if chr(9) in line
    )
    yield (
        "made.wordml.xml",
        (
            '<?xml version="1.0" encoding="UTF-8"?><?mso-application progid="Word.Document"?>'
            '<w:wordDocument xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml"><w:body>'
            f"{paragraph.format(source.title)}<w:tbl>{rows}</w:tbl></w:body></w:wordDocument>"
        ).encode(),
    )
    yield from _pictures()
    for path in sorted((CORPUS / "seeds").glob("*")):
        yield path.name, path.read_bytes()


def _pictures() -> Iterator[tuple[str, bytes]]:
    """A small ruled table in every format of images; recognising a whole page takes seconds."""
    picture = Image.new("L", (650, 450), 255)
    pencil = ImageDraw.Draw(picture)
    for position in range(10, 450, 80):
        pencil.line((10, position, 610, position), fill=0, width=2)
    for position in range(10, 650, 150):
        pencil.line((position, 10, position, 410), fill=0, width=2)
        pencil.text((position + 20, 25), str(position), fill=0, font_size=40)
    for kind in ("png", "jpeg", "gif", "bmp", "tiff", "webp"):
        stream = io.BytesIO()
        picture.save(stream, kind)
        yield f"made.{kind}", stream.getvalue()


@cache
def seeds() -> Mapping[str, Mapping[str, bytes]]:
    """Whole files by media type and name: of the sample portals, the smallest of each kind, reports first."""
    found: dict[str, dict[str, bytes]] = {media_type: {} for media_type in TARGETS}
    for name, content in _made():
        found.setdefault(sniff(content), {})[name] = content
    paths = sorted((path for path in SITE.rglob("*") if path.is_file()), key=lambda path: (path.stat().st_size, path.name))
    for path in paths:
        if path.suffix in {".css", ".js", ".json"} or path.stat().st_size > MAX_SEED_BYTES:
            continue
        content = path.read_bytes()
        media_type = sniff(content)
        if media_type in {kinds.HTML, kinds.TEXT} and "总体情况".encode() not in content:
            continue
        known = found.setdefault(media_type, {})
        if media_type in TARGETS and len(known) < SEEDS_A_KIND:
            known[str(path.relative_to(SITE))] = content
    pictures = [content for kind in ("image/png", "image/jpeg") for content in found.get(kind, {}).values()]
    found.setdefault(kinds.PAGE_IMAGES, {})["made.page-images"] = pack_pages(pictures[:2])
    return found


@dataclass(frozen=True, slots=True)
class Case:
    """One broken file: which reader gets it, which seed it is made of, and its number."""

    media_type: str
    seed: str
    number: int

    @property
    def name(self) -> str:
        return json.dumps([self.media_type, self.seed, self.number])

    @classmethod
    def named(cls, name: str) -> Case:
        return cls(*json.loads(name))

    @property
    def is_recognised(self) -> bool:
        """Whether OCR may read it: every picture, and one in so many of the PDFs, which it takes seconds."""
        return self.media_type in PICTURES or self.number % OCR_EVERY == 0

    def content(self) -> bytes:
        """The file."""
        dice = random.Random(self.name)  # noqa: S311 - to be repeated, not to be secret
        for by_name in seeds().values():
            if self.seed in by_name:
                return broken(by_name[self.seed], self.media_type, dice)
        raise KeyError(self.seed)


def cases(count: int, first: int = 0) -> Iterator[Case]:
    """So many cases, each reader in turn; one in ten gets a file of another kind."""
    every = [name for by_name in seeds().values() for name in by_name]
    for number in range(first, first + count):
        turn, place = divmod(number, len(TURNS) + bool(PICTURES))
        media_type = TURNS[place] if place < len(TURNS) else PICTURES[turn % len(PICTURES)]
        own = list(seeds()[media_type])
        pool = own if own and number % 10 else every
        yield Case(media_type, pool[turn % len(pool)], number)


def outcome_of(media_type: str, content: bytes) -> Outcome:
    """How the reader of that kind, the forms and the record end on a file; whatever else they raise is a find."""
    try:
        if media_type in ARCHIVES:
            return unpack(content).outcome
        record = report_record(read_report(READERS[media_type](content)))
    except OutcomeError as error:
        if not error.message.strip():
            raise ValueError(f"{error.outcome.value} without a message") from error
        return error.outcome
    json.dumps(record, allow_nan=False).encode("utf-8")
    return Outcome.OK


def read_case(content: bytes, expected: str | None = None) -> Extraction:  # noqa: ARG001 - the pool's signature
    """In a child: ``content`` is a case's name. A find comes back as ``failed`` with its trace; one that hangs ends the child."""
    case = Case.named(content.decode())
    data = case.content()
    start = time.process_time()
    # The default action of SIGPROF ends the process, also inside C code.
    signal.setitimer(signal.ITIMER_PROF, HANGS_SECONDS)
    try:
        # A PDF that lost its fonts goes to OCR.
        ocr = nullcontext() if case.is_recognised else patch.object(pdf, "missing_parts", lambda: ("left out",))
        with ocr:
            outcome, message = outcome_of(case.media_type, data), ""
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - this is what is looked for
        outcome, message = Outcome.FAILED, f"FIND {traceback.format_exc(limit=-6)}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return Extraction(outcome, message, None, time.process_time() - start)
