"""Pages of the three list families, in the markup such portals use; every page says in its footer that it is a sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from crawler.sample.plan import SamplePortal

NOTE = "本页是软件测试样例：单位名称用于演示，文字和数字均为虚构，不代表任何机关的工作情况。"

_NAVIGATION = (
    ("首页", "/"),
    ("走进{short}", "/gk/"),
    ("新闻中心", "/xw/"),
    ("政府信息公开", "{disclosure}"),
    ("政务服务", "/fw/"),
    ("互动交流", "/hd/"),
)
_PARTS = (
    ("政府信息公开指南", "zn/"),
    ("政府信息公开制度", "zd/"),
    ("法定主动公开内容", "fd/"),
    ("政府信息公开年报", ""),
    ("依申请公开", "ysq/"),
)
_NEWS = (
    ("召开全年重点工作推进会议", "2026-03-18"),
    ("组织开展安全生产专项检查", "2026-03-12"),
    ("春季植树活动有序进行", "2026-03-09"),
    ("便民服务中心延长办事时间", "2026-02-27"),
)


@dataclass(frozen=True)
class Item:
    """A row of a list: address relative to the site, title, ISO date."""

    path: str
    title: str
    date: str


@dataclass(frozen=True)
class Article:
    """An article page. ``attachments`` are (href, text); ``scripted`` names them in a script variable only."""

    path: str
    title: str
    date: str
    source: str
    body: str
    attachments: tuple[tuple[str, str], ...] = ()
    scripted: bool = False
    bare_pdf: bool = False
    index_number: str = ""


def _short(portal: SamplePortal) -> str:
    return portal.name.removesuffix("人民政府")


def navigation(portal: SamplePortal) -> list[tuple[str, str]]:
    """Words and paths of the main menu."""
    return [(words.format(short=_short(portal)), path.format(disclosure=portal.disclosure)) for words, path in _NAVIGATION]


def disclosure_parts(portal: SamplePortal) -> list[tuple[str, str]]:
    """The fixed parts of the disclosure page and their paths."""
    return [(words, portal.column if not path else portal.disclosure + path) for words, path in _PARTS]


def _menu(portal: SamplePortal) -> str:
    return "".join(f'<li><a href="{path}">{escape(words)}</a></li>' for words, path in navigation(portal))


def _footer(portal: SamplePortal) -> str:
    return (
        f'<div class="footer"><p>主办：{escape(portal.name)}办公室　'
        '<a href="/wzdt.html">网站地图</a>　<a href="/lxwm.html">联系我们</a></p>'
        f'<p class="sample-note">{NOTE}</p></div>'
    )


def _head(portal: SamplePortal, title: str, extra: str = "") -> str:
    charset = "gb2312" if portal.encoding == "gbk" else portal.encoding
    if portal.family == "trs":
        declared = f'<meta http-equiv="Content-Type" content="text/html; charset={charset}">'
        kind = (
            '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">\n'
            '<html xmlns="http://www.w3.org/1999/xhtml">'
        )
    else:
        declared, kind = f'<meta charset="{charset}">', '<!DOCTYPE html>\n<html lang="zh-CN">'
    return (
        f"{kind}\n<head>\n{declared}\n{extra}<title>{escape(title)}</title>\n"
        '<link rel="stylesheet" type="text/css" href="/images/base.css">\n</head>\n'
    )


def _site_meta(portal: SamplePortal, column: str, article: Article | None = None) -> str:
    rows = [
        ("SiteName", portal.name),
        ("SiteDomain", portal.address),
        ("ColumnName", column),
        ("ColumnType", "政府信息公开"),
    ]
    if article:
        rows += [
            ("ArticleTitle", article.title),
            ("PubDate", f"{article.date} 10:{len(article.title):02d}"),
            ("ContentSource", article.source),
            ("Url", f"@@HOST:{portal.key}@@{article.path}"),
        ]
    return "".join(f'<meta name="{name}" content="{escape(value)}">\n' for name, value in rows)


def _frame(portal: SamplePortal, head: str, crumbs: Sequence[tuple[str, str]], main: str) -> str:
    trail = " &gt; ".join(f'<a href="{path}">{escape(words)}</a>' for words, path in crumbs)
    if portal.family == "henan":
        return (
            f'{head}<body>\n<div class="wrap">\n<div class="top"><img src="/images/logo.png"></div>\n'
            f'<div class="nav"><ul>{_menu(portal)}</ul></div>\n<div class="main">\n'
            f'<div class="crumb"><p>{trail}</p></div>\n{main}\n</div>\n'
            f"{_footer(portal)}\n</div>\n</body>\n</html>\n"
        )
    if portal.family == "trs":
        return (
            f'{head}<body>\n<table width="1006" border="0" cellspacing="0" cellpadding="0" align="center"><tr><td id="top">'
            f'<img src="/images/top.jpg"></td></tr></table>\n<div class="menu"><ul>{_menu(portal)}</ul></div>\n'
            f'<table width="1006" border="0" cellspacing="0" cellpadding="0" align="center"><tr><td class="pos" height="27">'
            f"您现在的位置是：{trail}</td></tr></table>\n{main}\n{_footer(portal)}\n</body>\n</html>\n"
        )
    return (
        f'{head}<body>\n<header><h2 class="site">{escape(portal.name)}</h2><nav><ul>{_menu(portal)}</ul></nav></header>\n'
        f'<div class="position">当前位置：{trail}</div>\n<section class="container">\n{main}\n</section>\n'
        f"<footer>{_footer(portal)}</footer>\n"
        f"</body>\n</html>\n"
    )


def home_page(portal: SamplePortal) -> str:
    """The portal's first page: news, services and, among them, the way to the disclosure page."""
    news = "".join(
        f'<li><a href="/xw/{number}.html">{escape(_short(portal) + title)}</a><span>{date}</span></li>'
        for number, (title, date) in enumerate(_NEWS, start=1)
    )
    services = "".join(
        f'<li><a href="/fw/">{words}</a></li>' for words in ("户籍办理", "社会保险", "医疗卫生", "住房保障", "企业开办")
    )
    parts = "".join(f'<li><a href="{path}">{words}</a></li>' for words, path in disclosure_parts(portal)[:3])
    main = (
        f'<div class="news"><h3><a href="/xw/">新闻中心</a></h3><ul>{news}</ul></div>\n'
        f'<div class="open"><h3><a href="{portal.disclosure}">政府信息公开</a></h3><ul>{parts}</ul></div>\n'
        f'<div class="service"><h3><a href="/fw/">政务服务</a></h3><ul>{services}</ul></div>\n'
        '<div class="links"><a href="http://www.gov.cn/">中国政府网</a> <a href="http://www.henan.gov.cn/">河南省人民政府</a></div>'
    )
    return _frame(portal, _head(portal, f"{portal.name}门户网站", _site_meta(portal, "首页")), [("首页", "/")], main)


def disclosure_page(portal: SamplePortal) -> str:
    """The page 政府信息公开 with its fixed parts."""
    parts = "".join(f'<li><a href="{path}" title="{words}">{words}</a></li>' for words, path in disclosure_parts(portal))
    main = (
        f'<div class="left"><ul class="xxgk-menu">{parts}</ul></div>\n'
        '<div class="right"><h3>政府信息公开指南</h3><p>为了方便公民、法人和其他组织获取政府信息，编制本指南。</p></div>'
    )
    head = _head(portal, f"政府信息公开_{portal.name}", _site_meta(portal, "政府信息公开"))
    return _frame(portal, head, [("首页", "/"), ("政府信息公开", portal.disclosure)], main)


def plain_page(portal: SamplePortal, words: str, text: str) -> str:
    """A page that is nothing but furniture."""
    main = f'<div class="text"><h3>{escape(words)}</h3><p>{escape(text)}</p></div>'
    return _frame(portal, _head(portal, f"{words}_{portal.name}", _site_meta(portal, words)), [("首页", "/")], main)


def _column_crumbs(portal: SamplePortal) -> list[tuple[str, str]]:
    return [("首页", "/"), ("政府信息公开", portal.disclosure), ("政府信息公开年报", portal.column)]


def branch_page(portal: SamplePortal) -> str:
    """A column that holds nothing but links to its sub-columns."""
    links = "".join(f'<li><a href="{portal.column}{path}">{words}</a></li>' for path, words in portal.branches.items())
    main = f'<div class="lanmu"><h3>政府信息公开年报</h3><ul class="tab">{links}</ul></div>'
    head = _head(portal, f"政府信息公开年报_{portal.name}", _site_meta(portal, "政府信息公开年报"))
    return _frame(portal, head, _column_crumbs(portal), main)


def list_page(portal: SamplePortal, items: Sequence[Item], number: int, pages: int, total: int, folder: str) -> str:
    """One page of a list; ``number`` counts from 0, ``folder`` is the path of the column."""
    build = {"henan": _henan_list, "trs": _trs_list, "plain": _plain_list}[portal.family]
    head = _head(portal, f"政府信息公开年报_{portal.name}", _site_meta(portal, "政府信息公开年报"))
    return _frame(portal, head, _column_crumbs(portal), build(portal, items, number, pages, total, folder))


def list_name(portal: SamplePortal, number: int) -> str:
    """File name of a list page, counted from 0."""
    if number == 0:
        return "index.html"
    return f"list_{number + 1}.html" if portal.family == "plain" else f"index_{number}.html"


def _branch_tabs(portal: SamplePortal, folder: str) -> str:
    if not portal.branches:
        return ""
    rows = "".join(
        f'<li class="{"on" if portal.column + path == folder else "off"}"><a href="{portal.column}{path}">{words}</a></li>'
        for path, words in portal.branches.items()
    )
    return f'<ul class="tab">{rows}</ul>\n'


def _henan_list(portal: SamplePortal, items: Sequence[Item], number: int, pages: int, total: int, folder: str) -> str:
    del number, pages
    rows = "\n".join(
        f'<li><a href="{item.path}" target="_blank">{escape(item.title)}</a><span>{item.date}</span></li>' for item in items
    )
    return (
        f'{_branch_tabs(portal, folder)}<div class="mt15 list-box">\n<ul>\n{rows}\n</ul>\n</div>\n'
        f'<div class="page" id="pageDec" pagesize="{portal.page_size}" pagecount="{total}"></div>\n'
        '<script src="/images/page.js"></script>'
    )


def _trs_list(portal: SamplePortal, items: Sequence[Item], number: int, pages: int, total: int, folder: str) -> str:
    del total
    relative = [(f".{item.path.removeprefix(folder.rstrip('/'))}", item) for item in items]
    if portal.encoding == "gbk":
        rows = "\n".join(
            f'<tr valign="top" style="padding-bottom:10px;"><td width="25"><img src="/images/ico2.jpg"></td>\n'
            f'<td width="550"><a href="{href}">{escape(item.title)}</a></td>\n<td>{item.date}</td></tr>'
            for href, item in relative
        )
        pager = (
            f'<script language="JavaScript" type="text/javascript">\nvar currentPage = {number};//所在页从0开始\n'
            f"var prevPage = currentPage-1//上一页\nvar nextPage = currentPage+1//下一页\nvar countPage = {pages}//共多少页\n"
            f'document.write("共计&nbsp;{pages}&nbsp;页");\n'
            "if(countPage>1&&currentPage!=(countPage-1))\n"
            'document.write("<a href=\\"index"+"_" + nextPage + "."+"html\\">下一页</a>");\n</script>'
        )
        table = '<table width="682" border="0" cellspacing="0" cellpadding="0" class="gl_list" align="center">'
        return f'{table}\n{rows}\n</table>\n<div class="page">{pager}</div>'
    rows = "\n".join(
        f'<li><span>{item.date}</span><a href="{href}" title="{escape(item.title)}">{escape(_cut(item.title))}</a></li>'
        for href, item in relative
    )
    return (
        f'<div class="gl_list"><ul>\n{rows}\n</ul></div>\n<div class="page">\n'
        f"<script>\nfunction createPageHTML(_nPageCount, _nCurrIndex, _sPageName, _sPageExt){{ /* /images/page.js */ }}\n"
        f'createPageHTML({pages}, {number}, "index", "html");\n</script>\n</div>'
    )


def _cut(title: str) -> str:
    return title if len(title) <= 28 else title[:27] + "..."


def _plain_list(portal: SamplePortal, items: Sequence[Item], number: int, pages: int, total: int, folder: str) -> str:
    rows = "\n".join(f'<li><a href="{item.path}">{escape(item.title)}</a><em>{item.date}</em></li>' for item in items)
    links = "".join(
        f'<span class="current">{page + 1}</span> '
        if page == number
        else f'<a href="{list_name(portal, page)}">{page + 1}</a> '
        for page in range(pages)
    )
    following = (
        f'<a href="{list_name(portal, number + 1)}">下一页</a>'
        if number + 1 < pages
        else '<span class="disabled">下一页</span>'
    )
    previous = f'<a href="{list_name(portal, number - 1)}">上一页</a> ' if number else ""
    return (
        f'{_branch_tabs(portal, folder)}<div class="list"><ul>\n{rows}\n</ul></div>\n'
        f'<div class="pages">共{total}条 共{pages}页 {previous}{links}{following}</div>'
    )


def article_page(portal: SamplePortal, article: Article) -> str:
    """One article in the portal's markup."""
    build = {"henan": _henan_article, "trs": _trs_article, "plain": _plain_article}[portal.family]
    head = _head(portal, f"{article.title}_政府信息公开年报_{portal.name}", _site_meta(portal, "政府信息公开年报", article))
    return _frame(portal, head, _column_crumbs(portal), build(portal, article))


def _attachment_list(article: Article) -> str:
    if not article.attachments or article.scripted:
        return ""
    rows = "".join(f'<p>附件：<a href="{href}">{escape(text)}</a></p>' for href, text in article.attachments)
    return f'<div class="fujian">{rows}</div>'


def _henan_article(portal: SamplePortal, article: Article) -> str:
    if article.bare_pdf:
        links = "".join(f'<a href="{href}">{escape(text)}</a>' for href, text in article.attachments)
        body = f'<div id="pdfCon"><p>{links}</p></div>'
    else:
        body = article.body + _attachment_list(article)
    return (
        '<div class="mt15 details-box">\n<div class="details-main">\n'
        f'<h1 id="title">{escape(article.title)}</h1>\n<h6 class="cl"><em class="fl con-box">'
        f"<span>{escape(portal.name)}门户网站</span>\n"
        f'<span>时间：<i id="pubDate">{article.date} 10:{len(article.title):02d}</i></span>\n'
        f'<span>来源：<i id="source">{escape(article.source)}</i></span></em></h6>\n'
        f'<div class="content" id="content">\n{body}\n'
        '<span class="operator">责任编辑：<i id="issueName">样例</i></span>\n</div>\n</div>\n</div>\n'
        '<script>$(function(){ if($("#pdfCon a").length>0){ /* 执行pdf预览方法 */ } });</script>'
    )


def _trs_article(portal: SamplePortal, article: Article) -> str:
    del portal
    appendix = ""
    if article.scripted:
        links = "".join(f"<a href={href}>{escape(text)}</a>" for href, text in article.attachments)
        write = "if(file_appendix!=''){ document.write('相关附件：'+file_appendix); }"
        appendix = f"<script>\nvar file_appendix='{links}';\n{write}\n</script>"
    return (
        '<table width="900" border="0" align="center"><tr><td align="center" class="title">'
        f"<h1>{escape(article.title)}</h1></td></tr>\n"
        f'<tr><td align="center" class="info">发布时间：{article.date}　　来源：{escape(article.source)}　　'
        "【字体：大 中 小】</td></tr>\n"
        f"<tr><td><div class=TRS_Editor>\n{article.body}\n</div>{_attachment_list(article)}{appendix}</td></tr></table>"
    )


def _plain_article(portal: SamplePortal, article: Article) -> str:
    del portal
    return (
        '<table class="xxgk-info" border="1" width="100%">\n'
        f"<tr><td>索引号</td><td>{article.index_number}</td><td>发布机构</td><td>{escape(article.source)}</td></tr>\n"
        f"<tr><td>生成日期</td><td>{article.date}</td><td>公开方式</td><td>主动公开</td></tr>\n"
        f'<tr><td>名　　称</td><td colspan="3">{escape(article.title)}</td></tr>\n</table>\n'
        f'<h1 class="article-title">{escape(article.title)}</h1>\n<div class="article-info">发布日期：{article.date}</div>\n'
        f'<div class="article-content">\n{article.body}\n</div>\n{_attachment_list(article)}'
    )
