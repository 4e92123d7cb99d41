"""Portal pages and API answers that are broken on purpose, and what the portal parsers make of each.

As in `tests.fuzzing`, a case is its name alone: the same name gives the same page.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from crawler.portals.article import parse_article
from crawler.portals.challenges import recognise
from crawler.portals.discovery import Stage, examine, find_links, redirect_target
from crawler.portals.families import FAMILIES, read_answer, read_list
from crawler.portals.families.base import MAX_PAGES
from crawler.portals.model import ListRequest, ListShapeError, Portal
from crawler.sample.server import SITE
from tests.fuzzing import CORPUS, MARKUP_MUTATIONS, mutate
from tests.test_discovery import COLUMN_PAGE, DISCLOSURE_PAGE, HOME, HOME_PAGE
from tests.test_families import SHAPES
from tests.test_families import page as henan_page
from tests.test_families import rows as henan_rows
from tests.test_families_api import APIS, Api
from tests.test_families_html import SITES, Shelf

PORTAL = Portal("某县人民政府", "河南省/某市/某县", HOME)
PAGES = CORPUS / "pages"
ANSWERS_A_SITE = 3
SAVED_PAGES = 24
ODD_VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 2**63, 1e308, float("nan"), float("inf"), "", " ", "²", "\ud800", "\x00", "９９", "1e5", [], {}),
    *([[]], [None], {"": None}, "//", "http://[", "http://a:b/", "javascript:0", "data:,", "\\\\x", "9" * 5000, "年" * 3000),
)
"""What a field of an API's answer may hold one day."""


@dataclass(frozen=True, slots=True)
class Seed:
    """A whole page, or with ``request`` the answer to it."""

    content: bytes
    url: str
    request: ListRequest | None = None


def _answers(name: str, first: ListRequest, fetch: Any) -> Iterator[tuple[str, Seed]]:
    waiting = [first]
    for number in range(ANSWERS_A_SITE):
        if not waiting:
            return
        request = waiting.pop(0)
        content = fetch(request)
        if content is None:
            return
        yield f"{name}, answer {number}", Seed(content.encode(), request.url, request)
        waiting += read_answer(content.encode(), request).next_requests


def _lists() -> Iterator[tuple[str, Seed]]:
    for name, (_, _, make) in SITES.items():
        site = make(Shelf(40, 15))
        content = site.fetch(site.start, None) or ""
        yield name, Seed(content.encode(), site.start)
        read = read_list(content.encode(), site.start)
        for url in read.next_pages[:2]:
            yield f"{name}, {url}", Seed((site.fetch(url, None) or "").encode(), url)
        for request in read.next_requests[:1]:
            yield from _answers(name, request, lambda asked, site=site: site.fetch(asked.url, asked.body))
    for name, api in APIS.items():
        shell, url, answer = api(Api(25, 10))
        yield name, Seed(shell.encode(), url)
        for request in read_list(shell.encode(), url).next_requests[:1]:
            yield from _answers(name, request, answer)
    for name, (frame, row) in SHAPES.items():
        listed = henan_page(
            frame.replace("{}", henan_rows(18, shape=row)), '<div id="pageDec" pagesize="20" pagecount="18"></div>'
        )
        yield f"henan, {name}", Seed(listed, HOME)
    links = "".join(f'<a href="index_{number}.html">{number}</a>' for number in (2, 3, 9)) + '<a href="index_9.html">尾页</a>'
    posts = henan_rows(15).replace(".html", "").replace("/2024/", "/content/post_2024")
    yield (
        "nfcms",
        Seed(henan_page(f"<script>var NFCMS_PUB_TYPE = 'cat';</script><ul>{posts}</ul><div id='page_div'>{links}</div>"), HOME),
    )
    pager = (
        '<span class="p_t">1/11</span><a href="zbgg/10.htm">2</a><a href="zbgg/10.htm">下页</a><a href="zbgg/1.htm">尾页</a>'
    )
    yield "plain", Seed(henan_page(f"<ul>{henan_rows(9)}</ul>", pager), "https://www.example.gov.cn/xxgk/zbgg.htm")
    yield "plain, words", Seed(henan_page(f"<ul>{henan_rows(9)}</ul>", "<a href='other.htm'>下一页</a>"), HOME)


@cache
def seeds(saved: Path | None = None) -> Mapping[str, Seed]:
    """Whole pages by name: of generated sites of every family, of the sample portals, and the pages of a folder."""
    found = dict(_lists())
    for name, text in (
        ("home", HOME_PAGE),
        ("disclosure", DISCLOSURE_PAGE.format(column="/xxgk/nb/")),
        ("column", COLUMN_PAGE),
    ):
        found[name] = Seed(text.encode(), HOME)
    paths = sorted(SITE.rglob("*.html"), key=lambda path: (path.stat().st_size, path.name))
    for path in paths[:: max(1, len(paths) // SAVED_PAGES)]:
        found[str(path.relative_to(SITE))] = Seed(path.read_bytes(), f"{HOME}{path.relative_to(SITE)}")
    for path in sorted(saved.glob("*.html")) if saved else ():
        found[path.name] = Seed(path.read_bytes(), f"{HOME}{path.name}")
    return found


def mutate_answer(content: bytes, dice: random.Random) -> bytes:
    """Some values of a JSON answer lost, doubled, or of another kind."""
    answer = json.loads(content)
    for _ in range(dice.choice((1, 1, 3, 30))):
        places = list(_places(answer))
        if not places:
            break
        holder, key = dice.choice(places)
        match dice.randrange(6):
            case 0:
                del holder[key]
            case 1 if isinstance(holder, list):
                holder *= dice.choice((0, 2, 200))
            case 2:
                holder[key] = json.dumps(holder[key])
            case _:
                holder[key] = dice.choice(ODD_VALUES)
    return json.dumps(answer).encode()


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    waiting, left = [value], 5000
    while waiting and left:
        holder = waiting.pop()
        left -= 1
        keys = range(len(holder)) if isinstance(holder, list) else list(holder)
        yield from ((holder, key) for key in keys)
        waiting += [holder[key] for key in keys if isinstance(holder[key], dict | list)]


@dataclass(frozen=True, slots=True)
class PageCase:
    """One broken page: which seed it is made of, and its number."""

    seed: str
    number: int

    @property
    def name(self) -> str:
        return json.dumps(["page", self.seed, self.number], ensure_ascii=False)

    def page(self, saved: Path | None = None) -> Seed:
        """The page."""
        seed = seeds(saved)[self.seed]
        dice = random.Random(self.name)  # noqa: S311 - to be repeated, not to be secret
        if seed.content.lstrip()[:1] in {b"{", b"["} and dice.random() < 0.7:
            return Seed(mutate_answer(seed.content, dice), seed.url, seed.request)
        return Seed(mutate(seed.content, dice, MARKUP_MUTATIONS), seed.url, seed.request)


def page_cases(count: int, first: int = 0, saved: Path | None = None) -> Iterator[PageCase]:
    """So many cases, each seed in turn."""
    names = list(seeds(saved))
    for number in range(first, first + count):
        yield PageCase(names[number % len(names)], number)


def _is_documented(error: Exception) -> bool:
    """Of the ValueErrors only the documented one: a page over a limit. UnicodeError and their like are finds."""
    if type(error) is ValueError:
        return "larger than the limit" in str(error) or "page with a tag of more than" in str(error)
    return isinstance(error, ListShapeError) and bool(error.message)


def read_page(seed: Seed) -> tuple[str, float]:
    """How every parser that the crawl would show the page to ends, in words, and the processor time of the longest.

    Raises:
        Exception: whatever is not documented: a find.
    """
    ends, longest = [], 0.0
    for name, parse in _parsers(seed).items():
        start = time.process_time()
        try:
            result = parse()
        except (ListShapeError, ValueError) as error:
            if not _is_documented(error):
                raise
            ends.append(f"{name}: {type(error).__name__}")
        else:
            _require_sane(result)
            ends.append(f"{name}: read")
        longest = max(longest, time.process_time() - start)
    return ", ".join(ends), longest


def _parsers(seed: Seed) -> Mapping[str, Any]:
    content, url, request = seed.content, seed.url, seed.request
    if request is not None:
        return {"answer": lambda: read_answer(content, request)}
    own = {
        "list": lambda: read_list(content, url),
        "article": lambda: parse_article(content, url),
        "step": lambda: examine(content, url, PORTAL, Stage.COLUMN),
        "links": lambda: find_links(content, url),
        "redirect": lambda: redirect_target(content, url),
        "challenge": lambda: recognise(200, {}, content),
    }
    # The registry may fix a family, whatever the page is.
    family = list(FAMILIES)[len(content) % len(FAMILIES)]
    return {**own, "fixed": lambda: read_list(content, url, family=family)}


def _require_sane(result: Any) -> None:
    """What was read can be written down, and leads to the web only."""
    if result is None or isinstance(result, str):
        return
    values = [asdict(each) for each in result] if isinstance(result, tuple) else [asdict(result)]
    json.dumps(values, ensure_ascii=False, allow_nan=False).encode("utf-8")
    for value in values:
        pages = [*value.get("next_pages", ()), *(request["url"] for request in value.get("next_requests", ()))]
        if len(pages) > MAX_PAGES + 1:
            raise AssertionError(f"{len(pages)} further pages")
        links = [link["url"] for link in (*value.get("items", ()), *value.get("attachments", ()))]
        wrong = [url for url in [*pages, *links] if not url.startswith(("http://", "https://"))]
        if wrong:
            raise AssertionError(f"addresses that are none: {wrong[:3]}")
