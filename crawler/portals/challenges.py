"""Pages a site shows instead of its own to tell people from programs. Recognised and reported, never solved."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

TELLING_HEADERS = ("set-cookie", "server", "x-via", "x-waf")
"""The only ones that are looked at."""

_READ_BYTES = 64 * 1024
_SHELL_BYTES = 6 * 1024
"""Challenge shells seen are 2-4 KB; a page above this that merely mentions a vendor's cookie is an ordinary page."""
_FEW_VISIBLE_CHARACTERS = 120
_START_BYTES = 8 * 1024


@dataclass(frozen=True, slots=True)
class Challenge:
    """What stands between us and the page: ``kind`` for counting, ``evidence`` for a person to check."""

    kind: str
    evidence: str


def recognise(status: int, headers: Mapping[str, str], body: bytes) -> Challenge | None:
    """The challenge this response is, or ``None`` for an ordinary page, error pages included.

    Args:
        status: HTTP status; a challenge may come with 200.
        headers: response headers; names in any case, several cookies joined by anything.
        body: the body after decompression.
    """
    if status == 200 and _says_much(body):
        return None
    text = body[:_READ_BYTES].decode("utf-8", "ignore")
    if text.count("\x00") > len(text) // 4:
        text = text.replace("\x00", "")
    given = {name.lower(): value for name, value in headers.items()}
    cookies, *servers = (given.get(name, "") for name in TELLING_HEADERS)
    server = " ".join(servers).lower()
    visible = _visible(text, _REFUSAL_VISIBLE if status == 403 else _BLOCK_PAGE_MAX_VISIBLE)
    is_shell = len(body) <= _SHELL_BYTES and len(visible) <= _FEW_VISIBLE_CHARACTERS and "<script" in text.lower()
    return (
        _jiasule(status, text, cookies)
        or _ruishu(status, text, visible, is_shell=is_shell)
        or _aliyun(status, text, cookies, is_shell=is_shell)
        or _captcha(text, visible)
        or _cookie_shell(status, text, visible, is_shell=is_shell)
        or _firewall(status, visible, server)
    )


def _says_much(body: bytes) -> bool:
    """Whether its beginning shows more text than any challenge, as that of most pages does."""
    start = body[:_START_BYTES]
    return b"\x00" not in start and _characters(start.decode("utf-8", "ignore")) > _BLOCK_PAGE_MAX_VISIBLE


def _jiasule(status: int, text: str, cookies: str) -> Challenge | None:
    if status == 521:
        return Challenge("jsl", "status 521" + (", cookie __jsl_clearance" if "__jsl" in text + cookies else ""))
    if "知道创宇云" in text and ("知道创宇云防御" in text or "知道创宇云安全" in text):
        return Challenge("jsl", "text 知道创宇云防御")
    if len(text) <= 4 * _SHELL_BYTES and "__jsl_clearance" in text:
        return Challenge("jsl", "script sets __jsl_clearance")
    return None


_RUISHU_SCRIPT = re.compile(r"\$_ts\s*=\s*window\s*\[\s*['\"]\$_ts['\"]\s*\]|\$_ts\s*\.\s*(?:cd|nsd)\s*=|_\$_ts")
_RUISHU_META = re.compile(r"<meta[^>]{0,4096}\br=['\"]m['\"]", re.IGNORECASE)


def _ruishu(status: int, text: str, visible: str, *, is_shell: bool) -> Challenge | None:
    """Ordinary pages of protected sites carry ``<script r='m'>`` too; only script *and* an empty page is the challenge."""
    if status != 412 and len(visible) > _FEW_VISIBLE_CHARACTERS:
        return None
    scripted = _RUISHU_SCRIPT.search(text) if "$_ts" in text else None
    if status == 412:
        return Challenge("ruishu", "status 412" + (", script $_ts" if scripted else ""))
    if scripted:
        return Challenge("ruishu", f"script {scripted.group(0)[:40]} on a page without text")
    if is_shell and _RUISHU_META.search(text) and status in {200, 202, 400, 403}:
        return Challenge("ruishu", 'meta r="m" on a page without text')
    return None


def _aliyun(status: int, text: str, cookies: str, *, is_shell: bool) -> Challenge | None:
    if "acw_sc__v2" in text and (is_shell or "arg1" in text):
        return Challenge("acw", "script sets acw_sc__v2")
    if "acw_tc" in cookies and is_shell and re.search(r"document\.cookie|location\s*\.\s*reload", text):
        return Challenge("acw", "cookie acw_tc and a script in place of the page")
    if status == 405 and ("errors.aliyun.com" in text or "aliyun_waf" in text.lower()):
        return Challenge("acw", "status 405 from Aliyun's firewall")
    return None


_CAPTCHA = re.compile(
    r"本站开启了验证码保护|请完成安全验证|请进行安全验证|请完成以下验证|滑动验证后继续|人机验证|访问验证|"
    r"请输入验证码(?:后)?(?:继续|以继续)|您的访问过于频繁|checking your browser|just a moment\.\.\.",
    re.IGNORECASE,
)
_CAPTCHA_MAX_VISIBLE = 600


def _captcha(text: str, visible: str) -> Challenge | None:
    if len(visible) > _CAPTCHA_MAX_VISIBLE:
        return None
    found = _CAPTCHA.search(visible) or _CAPTCHA.search(_title(text))
    return Challenge("captcha", f"text {found.group(0)}") if found else None


_COOKIE_SCRIPT = re.compile(r"document\s*\.\s*cookie\s*=", re.IGNORECASE)
_RELOAD_SCRIPT = re.compile(
    r"location\s*\.\s*reload|location\s*\.\s*href\s*=\s*location|location\s*=\s*location", re.IGNORECASE
)
_PACKED_SCRIPT = re.compile(
    r"eval\s*\(\s*function\s*\(p,a,c,k,e|eval\s*\(\s*(?:unescape|atob|String\.fromCharCode)|(?:\\x[0-9a-f]{2}){40}"
)


def _cookie_shell(status: int, text: str, visible: str, *, is_shell: bool) -> Challenge | None:
    """A page that only sets a cookie and loads itself again. A shell that sends the reader elsewhere is no challenge."""
    if not is_shell or status >= 500:
        return None
    if _COOKIE_SCRIPT.search(text) and (_RELOAD_SCRIPT.search(text) or _PACKED_SCRIPT.search(text)):
        return Challenge("js_shell", "script sets a cookie and reloads, no text")
    if _PACKED_SCRIPT.search(text) and not visible:
        return Challenge("js_shell", "packed script in place of the page")
    return None


_FIREWALL = re.compile(
    r"web应用防火墙|防火墙|waf|云防护|云盾|安全狗|网站卫士|创宇盾|玄武盾|d盾|攻击行为|非法请求|恶意|访问被拦截|请求被拦截|"
    r"已被拦截|访问被拒绝|禁止访问|您的请求|您的ip|access denied|request blocked|event_?id|request id",
    re.IGNORECASE,
)
_FIREWALL_STATUSES = {400, 403, 405, 406, 418, 429, 444, 456, 493, 501, 503, 567}
_BLOCK_PAGE = re.compile(
    r"您的(?:访问|请求)(?:可能)?(?:已)?被(?:拦截|阻断|拒绝)|请求(?:疑似)?(?:包含|存在)(?:恶意|攻击)|网站防火墙"
)
_BLOCK_PAGE_MAX_VISIBLE = 800
_REFUSAL_VISIBLE = 2_000


def _firewall(status: int, visible: str, server: str) -> Challenge | None:
    if status == 403:
        found = _FIREWALL.search(visible[:_REFUSAL_VISIBLE])
        return Challenge("waf", f"status 403, text {found.group(0)}" if found else "status 403")
    if len(visible) > _BLOCK_PAGE_MAX_VISIBLE:
        return None
    if status in _FIREWALL_STATUSES:
        found = _FIREWALL.search(visible)
        if found:
            return Challenge("waf", f"status {status}, text {found.group(0)}")
        if "waf" in server:
            return Challenge("waf", f"status {status}, server {server[:40]}")
    found = _BLOCK_PAGE.search(visible)
    return Challenge("waf", f"text {found.group(0)} with status {status}") if found else None


_MARKUP = re.compile(
    r"<(script|style|noscript|head)\b(?:[^<]++|<(?!/\1\s*>))*+(?:</\1\s*>|\Z)|<!--(?:[^-]++|-(?!->))*+(?:-->|\Z)|<[^>]*(?:>|\Z)",
    re.IGNORECASE,
)


def _visible(text: str, enough: int) -> str:
    """The text outside tags, white space folded: all, or more than ``enough`` characters of it."""
    words: list[str] = []
    seen = end = 0
    for markup in _MARKUP.finditer(text):
        found = text[end : markup.start()].split()
        words += found
        seen += sum(map(len, found))
        end = markup.end()
        if seen > enough:
            return " ".join(words)
    return " ".join([*words, *text[end:].split()])


def _characters(text: str) -> int:
    """Of the text outside tags, white space left out."""
    return sum(map(len, _MARKUP.sub(" ", text).split()))


def _title(text: str) -> str:
    found = re.search(r"<title[^>]*>([^<]{0,200})", text, re.IGNORECASE)
    return found.group(1) if found else ""
