"""Pages written to keep a parser busy: each is as long as its maker is told, give or take a tag."""

from __future__ import annotations

from collections.abc import Callable, Mapping

HEAD = "<html><head><title>2024年政府信息公开工作年度报告</title></head><body>"
FOOT = "</body></html>"
ROW = '<tr><td>{0}</td><td><a href="t2024_{0}.html">第{0}镇2024年政府信息公开工作年度报告</a></td><td>2025-01-20</td></tr>'
ITEM = '<li><a href="t2024_{0}.html">第{0}镇2024年政府信息公开工作年度报告</a><span>2025-01-20</span></li>'


def _many(form: str, size: int, around: tuple[str, str] = ("", "")) -> str:
    count = size // len(form.format(10_000).encode())
    return f"{HEAD}{around[0]}{''.join(form.format(number) for number in range(10_000, 10_000 + count))}{around[1]}{FOOT}"


def _nested(opening: str, size: int, inside: str = "词") -> str:
    return f"{HEAD}{opening * (size // len(opening.encode()))}{inside}{FOOT}"


def _in(before: str, bait: str, after: str, size: int) -> str:
    return f"{HEAD}{before}{bait * (size // len(bait.encode()))}{after}{FOOT}"


PAGES: Mapping[str, Callable[[int], str]] = {
    "rows of a table": lambda size: _many(ROW, size, ("<table>", "</table>")),
    "rows of a list": lambda size: _many(ITEM, size, ("<ul>", "</ul>")),
    "links without rows": lambda size: _many('<a href="/a/{0}.pdf">附件{0}</a>', size),
    "links to one page": lambda size: _many('<a href="/a.pdf"></a>', size),
    "clickable words in one row": lambda size: _many(
        "<b onclick=\"location.href='/a{0}.html'\">词{0}</b>", size, ("<li>", "</li>")
    ),
    "clickable boxes in one another": lambda size: _nested("<div onclick=\"location.href='/a.html'\">词", size),
    "buttons in one row": lambda size: _many("<b onclick=\"location.href='/a{0}.html'\">下载</b>", size, ("<li>", "</li>")),
    "boxes in one another": lambda size: _nested("<div>", size),
    "bodies in one another": lambda size: _nested('<div id="content" class="title date publish crumb detail">词', size),
    "titles in one another": lambda size: _nested('<h1 class="title">', size),
    "tables in one another": lambda size: _nested("<table><tr><td>词", size),
    "tables beside one another": lambda size: _many("<table><tr><td>词</td></tr></table>", size),
    "open links": lambda size: _nested('<a href="/x.pdf">词', size),
    "open letters": lambda size: _nested("<b><i>", size),
    "ends of nothing": lambda size: f"{_nested('<div>', size // 2)[: -len(FOOT)]}{'</b>' * (size // 8)}",
    "paragraphs": lambda size: _nested("<p>词", size),
    "only line breaks": lambda size: _nested("<br>", size),
    "only brackets": lambda size: _nested("<", size),
    "comments": lambda size: _nested("<!--x-->", size),
    "an open comment": lambda size: _nested("<!--", size),
    "headings": lambda size: _nested("<h2>2024年</h2>", size),
    "crumbs": lambda size: _nested('<div class="crumb">首页</div>', size),
    "frames": lambda size: _nested('<iframe src="/x.html"></iframe>', size),
    "scripts": lambda size: _nested("<script>location='/a.html'</script>", size),
    "bases": lambda size: _nested('<base href="javascript:0">', size),
    "metas": lambda size: _many('<meta name="n{0}" content="x">', size),
    "images": lambda size: _many('<img src="/p{0}.jpg">', size, ('<div id="content">', "</div>")),
    "entities": lambda size: _nested("&lt;", size),
    "spaces": lambda size: _nested(" \n", size),
    "one long word": lambda size: _nested("a", size),
    "ligatures": lambda size: _nested("ﷺ", size),
    "dates": lambda size: _nested("2024-01-01 ", size),
    "attributes": lambda size: f"{HEAD}<a {' '.join(f'a{number}' for number in range(size // 8))}>词</a>{FOOT}",
    "tags in one another's quotes": lambda size: _nested("<a x=\"' y='", size),
    "ordinary tags of many attributes": lambda size: _nested(f"<b {'c ' * 39}>", size),
    "one attribute's spaces": lambda size: _in('<meta http-equiv="refresh" content="', " ", '">', size),
    "one attribute's address": lambda size: _in('<a href="/', "a/", '.pdf">词</a>', size),
    "one attribute's dots": lambda size: _in('<a href="/', "../", '.pdf">词</a>', size),
    "one attribute's parameters": lambda size: _in('<a href="/v/viewer.html?', "file=a&amp;", '">词</a>', size),
    "one attribute's percents": lambda size: _in('<a href="/', "%41", '.pdf">词</a>', size),
    "one attribute's quotes": lambda size: _in('<a onclick="', "'/aaaa.pdf'", '">词</a>', size),
    "one attribute's style": lambda size: _in('<img src="/a.jpg" style="', "width:1", '">', size),
    "one attribute's classes": lambda size: _in('<div class="', "a b ", '"><a href="/x.html">词</a></div>', size),
    "one image's data": lambda size: _in('<div id="content"><img src="data:image/png;base64,', "AAAA", '"></div>', size),
    "one image's lazy data": lambda size: _in('<div id="content"><img data-src="', "/a-", '"></div>', size),
    "a title of dashes": lambda size: f"<html><title>{'-a' * (size // 2)}</title><body>词{FOOT}",
    "a title of spaces": lambda size: f"<html><title>{' -' * (size // 2)}</title><body>词{FOOT}",
    "an article's title of marks": lambda size: f'<meta name="articletitle" content="{"&lt;" * (size // 4)}">',
    "a heading of dots": lambda size: _in('<h1 class="title">', "2024年.", "</h1>", size),
    "a link of dates": lambda size: _in('<li><a href="/1.html">', "2024-01-01 ", "</a></li>", size),
    "a link of levels": lambda size: _in('<li><a href="/nb/">', "县", "</a></li>", size),
    "a script of words": lambda size: _in("<script>", "attach", "</script>", size),
    "a script of attachments": lambda size: _in("<script>", "attach='", "</script>", size),
    "a script of escapes": lambda size: _in("<script>attach='", "\\'", "</script>", size),
    "a script of quotes": lambda size: _in("<script>", "'/", "</script>", size),
    "a script of comments": lambda size: _in("<script>", "/*", "</script>", size),
    "a script of lines": lambda size: _in("<script>", " \t\n", "</script>", size),
    "a script of spaces": lambda size: _in("<script>window", " ", "</script>", size),
    "a script that opens": lambda size: _in("<script>", "location ", "</script>", size),
    "a script of numbers": lambda size: _in("<script>createPageHTML(", "9", ");</script>", size),
    "a script of arguments": lambda size: _in("<script>createPageHTML(", "9,", "</script>", size),
    "many scripts of pages": lambda size: _nested("<script>createPageHTML(", size),
    "a detail in brackets": lambda size: _in("<script>DETAIL:{", '"a":[', "</script>", size),
    "many details": lambda size: _in("<script>", "DETAIL:{", "</script>", size),
    "a detail of text": lambda size: _in('<script>DETAIL:{"content":"', "<p>词", '"}</script>', size),
    "a source of spaces": lambda size: _in("来源", "\u3000", "", size),
    "sources": lambda size: _nested("来源：", size),
    "many sources": lambda size: _nested("发布时间：年年年年年年年年", size),
}
"""What keeps which parser busy, by name; the page for a length in bytes."""
