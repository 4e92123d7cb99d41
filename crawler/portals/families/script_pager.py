"""Pagers that call a function instead of linking: ``javascript:goPage(2)``, ``onclick="toPage('3')"``.

The address is derived from what is written in the page: a page's address among the call's own arguments, or the function's
definition where it sets ``location`` to texts and its arguments strung together. Nothing is run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from crawler.portals.families.base import MAX_PAGES
from crawler.portals.markup import host_of, opened_by, resolve, squeeze, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.portals.families.rows import Reading
    from crawler.portals.markup import Element

_LABEL = re.compile(r"^(?:下一?页|后一?页|next|[>›»]{1,2}|尾\s*页|末\s*页|最后一页|\[?(?P<number>\d{1,4})\]?)$", re.IGNORECASE)
_CALL = re.compile(r"(?:^|[\s;:{(])(?P<name>[A-Za-z_$][\w$]{0,60})\s*\((?P<arguments>[^()]{0,600})\)")
_ARGUMENT = re.compile(r"""\s*(?:'(?P<single>[^']*)'|"(?P<double>[^"]*)"|(?P<bare>[^,'"]*?))\s*(?:,|$)""")
_PAGE_ADDRESS = re.compile(r"\.(?:s?html?|jspx?|aspx?|php|do)(?:[?#]|$)|[?&]\w+=\d", re.IGNORECASE)
_LOCATION = re.compile(
    r"(?:location(?:\s*\.\s*href)?\s*=(?!=)|location\s*\.\s*(?:replace|assign)\s*\(|window\s*\.\s*open\s*\()\s*(?P<value>[^;\n}]{1,600})"
)
_TOKEN = re.compile(
    r"""\s*(?:'(?P<single>[^']*)'|"(?P<double>[^"]*)"|(?P<sum>\(\s*(?P<term>[A-Za-z_$][\w$]*)\s*(?P<sign>[+-])\s*(?P<step>\d{1,2})\s*\))"""
    r"""|(?P<name>[A-Za-z_$][\w$]*)|(?P<number>\d+))\s*(?P<end>\+|[,)]|$)?"""
)
_VARIABLE = re.compile(
    r"""\b(?:var|let|const)\s+(?P<name>[A-Za-z_$][\w$]*)\s*=\s*(?:'(?P<single>[^']*)'|"(?P<double>[^"]*)"|(?P<number>\d+))"""
)
_MAX_BODY = 3000
_MAX_CALLS = 200
_NOT_FUNCTIONS = frozenset({"if", "for", "while", "switch", "void", "return", "function", "open", "replace", "assign"})


@dataclass(frozen=True, slots=True)
class _Call:
    name: str
    arguments: tuple[str, ...]
    page: int | None
    """The page its label names."""

    @property
    def text(self) -> str:
        return f"{self.name}({', '.join(self.arguments)})"


@dataclass(frozen=True, slots=True)
class ScriptPager:
    """``pages``: addresses that the pager's calls lead to, as far as the page tells. ``unread``: a call that leads further and
    whose address the page does not tell, where ``pages`` is empty.
    """

    pages: tuple[str, ...]
    unread: str | None


def script_pager(reading: Reading, declared_pages: int | None) -> ScriptPager:
    """Read the pager of a page; pages up to ``declared_pages`` where the calls count them."""
    calls = list(islice(_calls(reading.root), _MAX_CALLS))
    script = _Script("\n".join(element.text or "" for element in reading.root.iter("script")) if calls else "")
    found: dict[str, None] = {}
    # The first page is where the pager stands, or came from.
    further_calls = [call for call in calls if call.page != 1]
    for call in [*further_calls, *_counted(calls, declared_pages)]:
        written = _written(call) or script.address(call)
        address = resolve(reading.base, written) if written else None
        if address and address != reading.url and host_of(address) == host_of(reading.url):
            found.setdefault(address)
    for address in _opened(reading):
        found.setdefault(address)
    further = next((call for call in further_calls if call.page or any(_whole(one) > 1 for one in call.arguments)), None)
    return ScriptPager(tuple(found)[:MAX_PAGES], further.text if further and not found else None)


def _calls(root: Element) -> Iterator[_Call]:
    for element in root.iter("a", "span", "li", "button", "div", "input", "td"):
        source = element.get("onclick") or ""
        href = element.get("href") or ""
        if href.strip().lower().startswith("javascript:"):
            source = f"{href.strip()[len('javascript:') :]};{source}"
        label = _LABEL.match(_label(element)) if source else None
        if label is None:
            continue
        for match in _CALL.finditer(source):
            if match["name"] not in _NOT_FUNCTIONS:
                page = int(label["number"]) if label["number"] else None
                yield _Call(match["name"], _arguments(match["arguments"]), page)
                break


def _label(element: Element) -> str:
    return text_of(element, 500) or squeeze(element.get("value") or element.get("title") or "")


def _arguments(text: str) -> tuple[str, ...]:
    kinds = ("single", "double", "bare")
    found = [next((match[kind] for kind in kinds if match[kind] is not None), "") for match in _ARGUMENT.finditer(text)]
    return tuple(found[:-1] if found and not found[-1] else found)


def _whole(text: str) -> int:
    return int(text) if re.fullmatch(r"[0-9]{1,4}", text) else 0


def _counted(calls: list[_Call], pages: int | None) -> Iterator[_Call]:
    """Calls for all pages, made after one that hands on the page its label names."""
    for call in calls:
        place = next((index for index, one in enumerate(call.arguments) if call.page and _whole(one) == call.page), None)
        if place is not None:
            for number in range(2, min(pages or 1, MAX_PAGES) + 1):
                yield _Call(call.name, (*call.arguments[:place], str(number), *call.arguments[place + 1 :]), number)
            return


def _written(call: _Call) -> str | None:
    """The page's address where it is an argument itself: ``turn(this, '/a/list-2.shtml')``."""
    return next((one for one in call.arguments if _PAGE_ADDRESS.search(one) and not re.search(r"\s", one)), None)


class _Script:
    """The page's scripts, searched once for each function."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._values = {
            match["name"]: match["single"] or match["double"] or match["number"] or "" for match in _VARIABLE.finditer(source)
        }
        self._functions: dict[str, tuple[list[str], list[str]]] = {}

    def address(self, call: _Call) -> str | None:
        """Where the function called sets ``location`` to, for these arguments."""
        names, expressions = self._function(call.name)
        values = self._values | dict(zip(names, call.arguments, strict=False))
        strung = (_strung(expression, values, set(names)) for expression in expressions)
        return next((text for text in strung if text), None)

    def _function(self, name: str) -> tuple[list[str], list[str]]:
        """Names of the arguments, and what ``location`` is set to."""
        if name not in self._functions:
            plain = re.escape(name)
            head = rf"(?:function\s+{plain}|\b{plain}\s*[=:]\s*function)\s*\((?P<names>[^)]{{0,300}})\)\s*\{{"
            found = re.search(head, self._source)
            names = [one.strip() for one in found["names"].split(",")] if found else []
            body = self._body(found.end()) if found else ""
            self._functions[name] = ([one for one in names if one], [match["value"] for match in _LOCATION.finditer(body)])
        return self._functions[name]

    def _body(self, start: int) -> str:
        depth = 1
        for index in range(start, min(len(self._source), start + _MAX_BODY)):
            depth += {"{": 1, "}": -1}.get(self._source[index], 0)
            if depth == 0:
                return self._source[start:index]
        return self._source[start : start + _MAX_BODY]


def _strung(expression: str, values: dict[str, str], arguments: set[str]) -> str | None:
    """The text that ``'index_' + page + '.html'`` makes; ``None`` where a part is not known or none is an argument."""
    parts: list[str] = []
    uses_argument = False
    place = 0
    while match := _TOKEN.match(expression, place):
        if match["sum"]:
            term = values.get(match["term"], "")
            if not re.fullmatch(r"[0-9]{1,6}", term):
                return None
            step = int(match["step"])
            parts.append(str(int(term) + (step if match["sign"] == "+" else -step)))
            uses_argument |= match["term"] in arguments
        elif match["name"]:
            if match["name"] not in values:
                return None
            parts.append(values[match["name"]])
            uses_argument |= match["name"] in arguments
        else:
            parts.append(next(match[kind] for kind in ("single", "double", "number") if match[kind] is not None))
        place = match.end()
        if match["end"] != "+":
            break
    return "".join(parts) if uses_argument else None


def _opened(reading: Reading) -> Iterator[str]:
    """``href="javascript:location.href='index_2.html'"`` of a pager's links."""
    for element in reading.root.iter("a"):
        href = (element.get("href") or "").strip()
        if href.lower().startswith("javascript:") and _LABEL.match(_label(element)):
            for written in opened_by(href):
                address = resolve(reading.base, written)
                if address and address != reading.url and host_of(address) == host_of(reading.url):
                    yield address
