"""The quick ways of `crawler.portals.markup` give what the slow ones give."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crawler.portals import markup

BASES = st.sampled_from(
    (
        "http://www.example.gov.cn/zwgk/nb/",
        "https://www.example.gov.cn:8443/zwgk/nb/index_2.html?page=1#top",
        "http://127.66.0.1:18642",
        "HTTP://User@Example.gov.cn/a/../b/",
        "http://example.gov.cn:0/zwgk/",
        "http://example.gov.cn:99999/zwgk/",
        "http:///zwgk/",
        "file:///zwgk/nb/",
        "zwgk/nb/",
        "",
    )
)
HREFS = st.one_of(
    st.from_regex(r"(/[a-z0-9._-]{0,6}){1,4}/?(\?[a-z=&.0-9]{0,8})?(#[a-z]{0,3})?", fullmatch=True),
    st.text(st.sampled_from("/.?#;:@=&%-_ aA1年\\\n"), max_size=12),
)


@given(BASES, HREFS)
def test_a_plain_path_is_joined_as_any_address_is(base: str, href: str) -> None:
    assert markup.resolve(base, href) == markup._resolve(base, href)


def test_a_plain_path_is_joined_the_quick_way() -> None:
    assert markup._PLAIN_PATH.fullmatch("/zwgk/nb/t20250120_17.html?id=1")
    assert not any(map(markup._PLAIN_PATH.fullmatch, ("/a/../b", "//host/a", "/a//b", "/a/./b", "/a;b", "/a b", "/年")))


TREES = st.recursive(
    st.sampled_from(
        ("政府信息", " 公开 ", "<br>", "<script>var x = 1</script>", "<style>p {}</style>", "&nbsp;", "&#32;", "\n")
    ),
    lambda inner: st.builds(
        lambda tag, parts, tail: f"<{tag}>{''.join(parts)}</{tag}>{tail}",
        st.sampled_from(("p", "div", "span", "td", "noscript", "li")),
        st.lists(inner, max_size=4),
        st.sampled_from(("", "尾", " 尾 ")),
    ),
    max_leaves=12,
)


@given(st.lists(TREES, max_size=5))
def test_characters_are_those_of_the_text(parts: list[str]) -> None:
    root = markup.parse_html(f"<html><body>{''.join(parts)}</body></html>")
    for element in root.iter("body", "div", "p", "td", "span"):
        assert markup.characters_of(element) == "".join(markup.text_of(element).split())
