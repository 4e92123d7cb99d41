from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.portals.addresses import is_private_address
from crawler.portals.challenges import recognise

JSL = (
    "<script>document.cookie=('_')+('_')+('j')+('s')+('l')+'_clearance_s=16;max-age=3600;path=/';"
    "location.href=location.pathname+location.search</script>"
)
RUISHU = (
    '<!DOCTYPE html><html><head><meta charset="utf-8"><meta id="9DhefwqGPrzGxEp9hPaoag" content="' + "x" * 900 + '" r="m">'
    "<script r='m'>$_ts=window['$_ts'];if(!$_ts)$_ts={};$_ts.cd='" + "q" * 400 + "';</script></head><body></body></html>"
)
ACW = (
    "<html><script>var arg1='4A4C4A6B2F';var _0x4818=['\\x63\\x6f'];function setCookie(n,v){"
    "document.cookie=n+'='+v;}setCookie('acw_sc__v2',x);document.location.reload();</script></html>"
)
CAPTCHA = "<html><head><title>验证</title></head><body><p>本站开启了验证码保护，请输入验证码后继续访问</p></body></html>"
SHELL = (
    "<html><body><script>var k='a1b2';document.cookie='guardok='+k+';path=/';setTimeout(function(){location.reload();},50)"
    "</script></body></html>"
)
WAF = "<html><body><h1>403 Forbidden</h1><p>您的访问请求被网站防火墙拦截，事件编号 20260101</p></body></html>"
YUNDUN = "<html><body><h2>很抱歉，由于您访问的URL有可能对网站造成安全威胁，您的访问被阻断。</h2></body></html>"


@pytest.mark.parametrize(
    ("status", "headers", "body", "kind"),
    [
        (521, {"Set-Cookie": "__jsluid_s=ab; max-age=31536000"}, JSL, "jsl"),
        (521, {}, "", "jsl"),
        (200, {}, "<p>如果您是网站管理员，请登录知道创宇云防御</p>", "jsl"),
        (412, {}, RUISHU, "ruishu"),
        (200, {}, RUISHU, "ruishu"),
        (202, {}, RUISHU, "ruishu"),
        (200, {"set-cookie": "acw_tc=abc;path=/"}, ACW, "acw"),
        (200, {"set-cookie": "acw_tc=abc;path=/"}, SHELL, "acw"),
        (200, {}, CAPTCHA, "captcha"),
        (200, {}, SHELL, "js_shell"),
        (403, {}, WAF, "waf"),
        (403, {}, "", "waf"),
        (200, {}, WAF, "waf"),
        (405, {}, YUNDUN, "waf"),
        (200, {}, YUNDUN, "waf"),
        (200, {}, JSL, "js_shell"),
    ],
)
def test_challenges_are_recognised_whatever_their_status(status: int, headers: dict[str, str], body: str, kind: str) -> None:
    found = recognise(status, headers, body.encode())
    assert found is not None
    assert found.kind == kind
    assert found.evidence


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, "<html><head><script>window.location.href='/zwgk/index.html'</script></head><body></body></html>"),
        (200, "<html><head><meta http-equiv='refresh' content='0;url=/index/'></head></html>"),
        (200, "<html><frameset><frame src='/main.html'></frameset></html>"),
        (200, "<html><body><p>暂无信息</p></body></html>"),
        (200, ""),
        (404, "<html><body><h1>404</h1>您访问的页面不存在</body></html>"),
        (404, "<html><body>您的请求地址不存在，禁止访问历史页面</body></html>"),
        (502, "<html><body><h1>502 Bad Gateway</h1></body></html>"),
        (200, "<script>var a=document.cookie;location.reload</script>" + "<p>某县人民政府门户网站欢迎您</p>" * 60),
        (
            200,
            "<html><body>"
            + "<p>依法打击网络攻击行为，提升网站防火墙能力，您的请求被拦截一事已答复。</p>" * 40
            + "</body></html>",
        ),
        (200, "<form>请输入验证码<input name=code></form>" + "<a href='/a.html'>留言选登</a>" * 200),
        (200, "<script r='m' src='/x.js'></script>" + "<li><a href='/1.html'>2023年政府信息公开工作年度报告</a></li>" * 20),
        (200, "<p>我局网站接入知道创宇云防御平台，cookie 名为 __jsl_clearance 与 acw_sc__v2（arg1）。</p>" * 40),
        (200, "%PDF-1.7 binary acw_tc"),
    ],
)
def test_ordinary_short_pages_are_no_challenge(status: int, body: str) -> None:
    assert recognise(status, {}, body.encode()) is None


@pytest.mark.real
def test_no_saved_page_is_taken_for_a_challenge(shared: Path) -> None:
    pages = sorted((shared / "real" / "html").iterdir())
    assert len(pages) >= 10
    for page in pages:
        assert recognise(200, {"Set-Cookie": "acw_tc=1"}, page.read_bytes()) is None, page.name


@given(st.sampled_from([200, 404, 500, 302]), st.binary(max_size=300))
def test_any_body_can_be_judged(status: int, body: bytes) -> None:
    recognise(status, {"Set-Cookie": "a=b"}, body)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.1", "0x7f.1", "0x7f000001", "2130706433", "017700000001", "0177.0.0.1", "[::ffff:127.0.0.1]", "[::1]",
        "::1", "[::]", "0.0.0.0", "0", "10.0.0.8", "172.16.3.4", "192.168.1.1:8080", "169.254.169.254", "100.64.0.1",  # noqa: S104 - read here, bound nowhere
        "[fd00::1]", "[fe80::1%25eth0]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "224.0.0.1", "255.255.255.255", "localhost",
        "LOCALHOST.", "a.localhost", "db.internal", "printer.local:631", "", " ",
    ],
)  # fmt: skip
def test_private_addresses_are_seen_through_every_spelling(host: str) -> None:
    assert is_private_address(host)


@pytest.mark.parametrize(
    "host",
    [
        "www.henan.gov.cn", "www.henan.gov.cn:8080", "8.8.8.8", "134744072", "0x08080808", "[2001:4860:4860::8888]",
        "[::ffff:8.8.8.8]", "10.0.0.1.gov.cn", "127.gov.cn", "1.2.3.4.5", "256.1.1.1", "localhost.gov.cn", "mylocal",
    ],
)  # fmt: skip
def test_public_hosts_are_let_through(host: str) -> None:
    assert not is_private_address(host)


@given(st.ip_addresses(v=4, network="10.0.0.0/8"))
def test_a_private_address_is_private_in_decimal_hexadecimal_and_mapped_form(address: object) -> None:
    number = int(address)  # type: ignore[call-overload]  # hypothesis types its addresses as object here
    assert is_private_address(str(number))
    assert is_private_address(hex(number))
    assert is_private_address(f"[::ffff:{address}]")


@given(st.text(max_size=80))
def test_any_host_can_be_judged(host: str) -> None:
    assert is_private_address(host) in {True, False}
