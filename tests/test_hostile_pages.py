"""A page that is not read in its time is lost: whatever a page holds, it costs less than that, and a documented error at most."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import pytest

from crawler.portals.article import parse_article
from crawler.portals.discovery import Stage, examine, page_role
from crawler.portals.families import read_list
from crawler.portals.markup import MAX_TAGS, parse_html, text_of
from crawler.portals.model import ListShapeError, Portal
from crawler.settings import PAGE_MAX_BYTES, PAGE_TIMEOUT
from tests.hostile_pages import PAGES

URL = "http://www.example.gov.cn/zwgk/nb/"
PORTAL = Portal("某县", "河南省", "http://www.example.gov.cn/")
PARSERS: dict[str, Callable[[bytes], object]] = {
    "article": lambda content: parse_article(content, URL),
    "list": lambda content: read_list(content, URL),
    "role": lambda content: page_role(content, URL),
    "step": lambda content: examine(content, URL, PORTAL, Stage.HOME),
}
QUADRATIC = (
    *("clickable words in one row", "clickable boxes in one another", "buttons in one row", "bodies in one another"),
    *(
        "titles in one another",
        "attributes",
        "one attribute's spaces",
        "a title of dashes",
        "a script of words",
        "comments",
        "tags in one another's quotes",
    ),
)
"""Pages that once took time with the square of their length."""


def seconds(parse: Callable[[bytes], object], content: bytes) -> float:
    """Of processor time; anything but the documented errors is raised."""
    start = time.process_time()
    try:
        parse(content)
    except (ListShapeError, ValueError) as error:
        assert str(error)  # noqa: PT017 - both are documented ends
    return time.process_time() - start


@pytest.mark.slow
@pytest.mark.parametrize("name", QUADRATIC)
def test_no_page_takes_time_with_the_square_of_its_length(name: str) -> None:
    content = PAGES[name](200_000).encode()
    assert sum(seconds(parse, content) for parse in PARSERS.values()) < 15


@pytest.mark.slow
def test_every_hostile_page_ends_in_a_page_or_a_documented_error() -> None:
    for name, make in PAGES.items():
        content = make(5_000).encode()
        for kind, parse in PARSERS.items():
            assert seconds(parse, content) < 5, (name, kind)


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("size", [3_000_000, PAGE_MAX_BYTES])
def test_the_longest_pages_are_read_or_refused_in_half_their_time(size: int) -> None:
    slowest: list[tuple[float, str]] = []
    for name, make in PAGES.items():
        content = make(size).encode()
        slowest += [(seconds(parse, content), f"{kind} of {name}") for kind, parse in PARSERS.items()]
    slowest.sort(reverse=True)
    sys.stdout.write(f"\n{len(slowest)} readings of pages of {size} bytes; the slowest:\n")
    for taken, what in slowest[:10]:
        sys.stdout.write(f"  {taken:6.2f} s {what}\n")
    assert slowest[0][0] < PAGE_TIMEOUT / 2


def test_a_page_of_endless_tags_is_refused_with_its_reason() -> None:
    with pytest.raises(ValueError, match=f"larger than the limit of {MAX_TAGS}"):
        parse_article(b"<br>" * (MAX_TAGS + 1), URL)
    with pytest.raises(ValueError, match="more than 1000 attributes"):
        parse_article(f"<a {' '.join(f'a{number}' for number in range(1001))}>".encode(), URL)


@pytest.mark.parametrize(
    "opening",
    [
        "<a ",
        '<a title="a>b" ',
        "<a title = 'a>b' ",
        '<a title="><p x=1>" ',
        "<p>词</p><A\n",
        "<a/",
        '<a x"y ',
        '<a ="x y=" ',
        '<a x=a="b y=" ',
        '<a x="b" <b ',
        '<a title="' + "词" * 60_000 + '" ',
    ],
)
def test_attributes_are_counted_however_their_tag_is_written(opening: str) -> None:
    names = [f"a{number}=1" for number in range(1001)]
    assert parse_html(f"{opening}{' '.join(names[:900])}>词") is not None
    with pytest.raises(ValueError, match="more than 1000 attributes"):
        parse_html(f"{opening}{' '.join(names)}>词")


def test_words_in_scripts_and_comments_are_no_attributes() -> None:
    words = " ".join(f"a{number}" for number in range(3000))
    page = f"<script>if (n <a {words} > 3) x();</script><!-- <a {words}> --><style><a {words}></style><a href='/1.pdf'>年报</a>"
    assert [link.text for link in parse_article(page.encode(), URL).attachments] == ["年报"]


def test_an_endless_attribute_is_left_out_and_an_image_in_the_page_is_kept() -> None:
    page = f'<div class="{"a " * 40_000}" id="b"><img src="data:image/png;base64,{"A" * 80_000}"></div>'
    [box] = parse_html(page).iter("div")
    assert dict(box.attrib) == {"id": "b"}
    assert dict(next(parse_html(f"<div id=b class='{'a' * 60_000}'>").iter("div")).attrib) == {"id": "b"}
    assert len(parse_article(page.encode(), URL).images) == 1


def test_enough_of_a_text_is_its_beginning() -> None:
    page = parse_html(f"<div><p>  开头</p>{'<p>词</p>' * 5000}<script>no</script></div>")
    assert text_of(page, 100).startswith("开头 词 词")
    assert len(text_of(page, 100)) < 300
    assert len(text_of(page)) == len("开头") + 2 * 5000


def test_all_of_a_text_is_what_its_pieces_are() -> None:
    page = parse_html(
        "<title>t</title><body>1<noscript>a<p>b</p>c<style>d</style>e<i>f</i></noscript>2<template><div>g</div>h</template>3"
        "<p>4<b>5</b>6</p>7<br>8<script>i</script>9<!--x-->0<table><tr><td>A<span>B</span><td>C</table>D<div><b>E</b>F</div>G"
    )
    assert text_of(page) == "123 456 7 890 AB CDEF G"
    for element in page.iter():
        assert text_of(element) == text_of(element, 10_000)
