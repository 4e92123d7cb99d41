"""Stata's ``.dta``, written row by row: format 118 (Stata 14 and later), after StataCorp's ``help dta``.

Libraries that write the format want the whole table in memory. Here the caller says beforehand how many rows come and how
wide each text may be; texts wider than 2,045 bytes become ``strL``, whose bytes wait in a temporary file until their section.
"""

from __future__ import annotations

import shutil
import struct
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import IO, Any, Self

STR_BYTES = 2045
"""The widest text that stands in the row itself."""

NAME_LENGTH, LABEL_LENGTH = 32, 80
"""Characters, each of at most four bytes; both are followed by a zero byte."""

FORMAT_BYTES = 57
MISSING_DOUBLE = struct.pack("<Q", 0x7FE0000000000000)
MISSING_LONG = 2_147_483_621
STATA_EPOCH = date(1960, 1, 1)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
SECTIONS = (
    *("stata_data", "map", "variable_types", "varnames", "sortlist", "formats", "value_label_names", "variable_labels"),
    *("characteristics", "data", "strls", "value_labels", "close", "end"),
)


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable. ``kind`` is text, integer, number, date or time; ``width`` is that of the longest text, in bytes."""

    name: str
    kind: str
    label: str
    other_label: str = ""
    """In the second language."""
    width: int = 0

    @property
    def long(self) -> bool:
        """Whether its texts are kept outside the rows."""
        return self.kind == "text" and self.width > STR_BYTES

    @property
    def type_code(self) -> int:
        """The number of its type."""
        if self.kind == "text":
            return 32768 if self.long else max(self.width, 1)
        return {"integer": 65528, "date": 65528, "number": 65526, "time": 65526}[self.kind]

    @property
    def row_format(self) -> str:
        """Its place in a row, for `struct`."""
        if self.kind == "text":
            return "8s" if self.long else f"{max(self.width, 1)}s"
        return {"integer": "i", "date": "i", "number": "8s", "time": "8s"}[self.kind]

    @property
    def display_format(self) -> str:
        """As Stata shows it."""
        if self.kind == "text":
            return "%9s" if self.long else f"%{max(self.width, 1)}s"
        return {"integer": "%12.0g", "number": "%10.0g", "date": "%td", "time": "%tc"}[self.kind]


class DtaWriter:
    """A context manager: one `add` a row, exactly ``rows`` of them.

    Args:
        file: seekable, opened for writing bytes.
        variables: in order; names of at most 32 letters, labels of at most 80.
        rows: how many will come.
        label: of the dataset, at most 80 characters.
        made: stands in the file.
        languages: of ``label`` and of ``other_label`` (``label language`` in Stata).

    Raises:
        ValueError: more or fewer rows came, or a wider text, than was announced; or a name or label is too long.
    """

    def __init__(
        self,
        file: IO[bytes],
        variables: Sequence[Variable],
        *,
        rows: int,
        label: str,
        made: datetime,
        languages: tuple[str, str] = ("en", "zh"),
    ) -> None:
        for variable in variables:
            if len(variable.name) > NAME_LENGTH or max(len(variable.label), len(variable.other_label)) > LABEL_LENGTH:
                raise ValueError(f"{variable.name}: Stata takes names of 32 and labels of 80 characters")
        self._file = file
        self._variables = variables
        self._rows = rows
        self._label = label
        self._made = made
        self._languages = languages
        self._row = struct.Struct("<" + "".join(variable.row_format for variable in variables))
        self._places: dict[str, int] = {}
        self._written = 0
        self._long_texts: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed in __exit__

    def __enter__(self) -> Self:
        try:
            self._head()
            self._mark("data")
            self._file.write(b"<data>")
        except BaseException:
            self._long_texts.close()
            raise
        return self

    def add(self, values: Sequence[Any]) -> None:
        """Writes one row: str, int, float, date, datetime (UTC) or None, after the kinds of the variables."""
        self._written += 1
        self._file.write(
            self._row.pack(
                *(
                    self._packed(no, variable, value)
                    for no, (variable, value) in enumerate(zip(self._variables, values, strict=True), 1)
                )
            )
        )

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._tail()
        finally:
            self._long_texts.close()

    def _packed(self, number: int, variable: Variable, value: Any) -> Any:
        kind = variable.kind
        if kind == "number":
            return MISSING_DOUBLE if value is None else struct.pack("<d", value)
        if kind == "text":
            return self._text(number, variable, value)
        if kind == "time":
            return MISSING_DOUBLE if value is None else struct.pack("<d", _milliseconds(value))
        if value is None:
            return MISSING_LONG
        return (value - STATA_EPOCH).days if kind == "date" else value

    def _text(self, number: int, variable: Variable, value: str | None) -> bytes:
        # A zero byte ends a text in Stata: what follows it would be lost.
        content = (value or "").replace("\0", "\ufffd").encode()
        if not variable.long:
            if len(content) > max(variable.width, 1):
                raise ValueError(f"{variable.name}: a text of {len(content)} bytes, announced were {variable.width}")
            return content
        if not content:
            return bytes(8)
        self._long_texts.write(b"GSO" + struct.pack("<IQBI", number, self._written, 130, len(content) + 1) + content + b"\0")
        return struct.pack("<H", number) + self._written.to_bytes(6, "little")

    def _head(self) -> None:
        file, variables = self._file, self._variables
        label = self._label[:LABEL_LENGTH].encode()
        stamp = f"{self._made:%d} {MONTHS[self._made.month - 1]} {self._made:%Y %H:%M}".encode()
        self._mark("stata_data")
        file.write(b"<stata_dta><header><release>118</release><byteorder>LSF</byteorder>")
        file.write(b"<K>" + struct.pack("<H", len(variables)) + b"</K><N>" + struct.pack("<Q", self._rows) + b"</N>")
        file.write(b"<label>" + struct.pack("<H", len(label)) + label + b"</label>")
        file.write(b"<timestamp>" + bytes([len(stamp)]) + stamp + b"</timestamp></header>")
        self._mark("map")
        self._map()
        self._section("variable_types", (struct.pack("<H", variable.type_code) for variable in variables))
        self._section("varnames", (_padded(variable.name, 4 * NAME_LENGTH + 1) for variable in variables))
        self._section("sortlist", [bytes(2 * (len(variables) + 1))])
        self._section("formats", (_padded(variable.display_format, FORMAT_BYTES) for variable in variables))
        self._section("value_label_names", (bytes(4 * NAME_LENGTH + 1) for _ in variables))
        self._section("variable_labels", (_padded(variable.label, 4 * LABEL_LENGTH + 1) for variable in variables))
        self._section("characteristics", self._characteristics())

    def _characteristics(self) -> Iterator[bytes]:
        """Labels in two languages, as ``label language`` keeps them."""
        first, other = self._languages
        yield _characteristic("_dta", "_lang_list", f"{first} {other}")
        yield _characteristic("_dta", "_lang_c", first)
        for variable in self._variables:
            yield _characteristic(variable.name, f"_lang_v_{other}", variable.other_label)

    def _tail(self) -> None:
        if self._written != self._rows:
            raise ValueError(f"{self._written} rows came, {self._rows} were announced")
        self._file.write(b"</data>")
        self._mark("strls")
        self._file.write(b"<strls>")
        self._long_texts.seek(0)
        shutil.copyfileobj(self._long_texts, self._file)
        self._file.write(b"</strls>")
        self._section("value_labels", [])
        self._mark("close")
        self._file.write(b"</stata_dta>")
        self._mark("end")
        self._file.seek(self._places["map"])
        self._map()

    def _map(self) -> None:
        """Where each section begins: zeros at first, the truth once all are written."""
        places = struct.pack(f"<{len(SECTIONS)}Q", *(self._places.get(section, 0) for section in SECTIONS))
        self._file.write(b"<map>" + places + b"</map>")

    def _mark(self, section: str) -> None:
        self._places[section] = self._file.tell()

    def _section(self, name: str, parts: Iterator[bytes] | Sequence[bytes]) -> None:
        self._mark(name)
        self._file.write(f"<{name}>".encode())
        self._file.writelines(parts)
        self._file.write(f"</{name}>".encode())


def _padded(text: str, size: int) -> bytes:
    return text.encode().ljust(size, b"\0")


def _characteristic(variable: str, name: str, text: str) -> bytes:
    content = _padded(variable, 4 * NAME_LENGTH + 1) + _padded(name, 4 * NAME_LENGTH + 1) + text.encode() + b"\0"
    return b"<ch>" + struct.pack("<I", len(content)) + content + b"</ch>"


def _milliseconds(moment: datetime) -> int:
    """Since 1960 in UTC; Stata's ``%tc`` knows no leap seconds either."""
    since = moment.replace(tzinfo=None) - datetime(STATA_EPOCH.year, 1, 1)  # noqa: DTZ001 - both are UTC
    return since.days * 86_400_000 + since.seconds * 1000 + since.microseconds // 1000
