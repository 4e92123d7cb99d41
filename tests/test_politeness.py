"""A host is asked when it may be asked: Retry-After, the hours of the night, and the scheme it answers on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy.exceptions import CannotResolveHostError, DownloadConnectionRefusedError, DownloadFailedError, DownloadTimeoutError

from crawler.crawl.search import other_scheme
from crawler.middlewares.retry_after import seconds_of
from crawler.sample.faults import Behaviour, Fault, FaultTable
from crawler.window import CHINA, Window
from tests.crawling import MiniPortal, crawl, portals_file, served
from tests.test_crawl_outcomes import TITLE

NIGHT = datetime(2026, 1, 31, 18, 0, tzinfo=UTC)
"""02:00 in China."""


@pytest.mark.parametrize(
    ("window", "left"),
    [("22:00-06:30", 4.5), ("02:00-03:00", 1), ("03:00-06:00", 0), ("00:00-02:00", 0), ("02:00-01:59", 24 - 1 / 60)],
)
def test_a_window_is_meant_in_chinas_time(window: str, left: float) -> None:
    found = Window.parse(window)
    assert found is not None
    assert found.seconds_left(NIGHT) == pytest.approx(left * 3600)


@pytest.mark.parametrize("text", ["22:00", "25:00-06:00", "22:00-22:00", "night"])
def test_what_is_no_window_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="22:00-06:30"):
        Window.parse(text)


@given(st.times(), st.times(), st.datetimes(timezones=st.just(UTC)))
def test_a_window_is_left_when_it_says(opens: object, closes: object, now: datetime) -> None:
    if str(opens)[:5] == str(closes)[:5] or now.year in (1, 9999):
        return
    window = Window.parse(f"{str(opens)[:5]}-{str(closes)[:5]}")
    assert window is not None
    left = window.seconds_left(now)
    assert 0 <= left <= 24 * 3600
    if left:
        end = (now + timedelta(seconds=left)).astimezone(CHINA)
        assert (end.hour, end.minute) == (window.closes.hour, window.closes.minute)


def test_retry_after_is_seconds_or_a_date() -> None:
    assert seconds_of(" 7 ", NIGHT) == 7
    assert seconds_of("Sat, 31 Jan 2026 18:00:30 GMT", NIGHT) == 30
    assert seconds_of("Sat, 31 Jan 2026 17:00:00 GMT", NIGHT) == 0
    assert seconds_of("soon", NIGHT) is None


def test_the_other_scheme_is_tried_where_the_scheme_may_be_the_fault() -> None:
    assert other_scheme("https://x.gov.cn/a?b=1", DownloadFailedError("tls")) == "http://x.gov.cn/a?b=1"
    assert other_scheme("http://x.gov.cn/", DownloadTimeoutError()) == "https://x.gov.cn/"
    assert other_scheme("http://x.gov.cn:8080/", DownloadTimeoutError()) is None
    assert other_scheme("http://x.gov.cn:8080/", DownloadConnectionRefusedError()) is None
    assert other_scheme("http://x.gov.cn:8080/", DownloadFailedError("reset")) == "https://x.gov.cn:8080/"
    assert other_scheme("http://x.gov.cn/", CannotResolveHostError()) is None


def test_nothing_is_crawled_outside_the_window(tmp_path: Path) -> None:
    portal = MiniPortal(tmp_path / "site" / "luanchuan")
    portal.finish()
    hour = (datetime.now(CHINA) + timedelta(hours=2)).strftime("%H:%M")
    later = (datetime.now(CHINA) + timedelta(hours=3)).strftime("%H:%M")
    with served(tmp_path / "site") as server:
        night = crawl(portals_file(tmp_path / "portals.toml", server), tmp_path / "output", CRAWL_WINDOW=f"{hour}-{later}")
        assert server.request_count() == 0
    assert night.status == 75
    assert f"outside {hour}-{later}" in night.stderr


@pytest.mark.slow
def test_a_host_that_asks_for_a_pause_gets_it(tmp_path: Path) -> None:
    portal = MiniPortal(tmp_path / "site" / "luanchuan")
    portal.article(1, TITLE.format(name="财政局"), "<p>本局2024年政府信息公开工作情况如下。</p>" * 40)
    portal.finish()
    faults = FaultTable()
    pause = Fault(Behaviour.STATUS, status=503, body=b"busy", headers=(("Retry-After", "3"),), times=1)
    faults.set("/zwgk/zfxxgknb/", pause)
    with served(tmp_path / "site", faults) as server:
        night = crawl(portals_file(tmp_path / "portals.toml", server), tmp_path / "output")
        asked = [(record.started, record.status) for record in server.requests]
    refused = next(number for number, (_, status) in enumerate(asked) if status == 503)
    assert asked[refused + 1][0] - asked[refused][0] >= 3
    assert "asks for a pause of 3 s" in night.stderr
    assert "rows collected" in night.stdout


@pytest.mark.slow
def test_a_host_that_asks_for_too_long_a_pause_is_left_alone(tmp_path: Path) -> None:
    portal = MiniPortal(tmp_path / "site" / "luanchuan")
    portal.finish()
    faults = FaultTable()
    faults.set("/zwgk/", Fault(Behaviour.STATUS, status=503, body=b"busy", headers=(("Retry-After", "86400"),)))
    with served(tmp_path / "site", faults) as server:
        night = crawl(portals_file(tmp_path / "portals.toml", server), tmp_path / "output")
        assert [record.status for record in server.requests][-1] == 503
        assert sum(record.status == 503 for record in server.requests) == 1
    assert night.status == 1
    assert "asks to be left alone for 86400 s" in night.stdout


@pytest.mark.soak
@pytest.mark.timeout(300)
def test_a_run_ends_with_its_window_and_the_next_goes_on(tmp_path: Path) -> None:
    portal = MiniPortal(tmp_path / "site" / "luanchuan")
    for number in range(40):
        portal.article(number, TITLE.format(name=f"第{number}局"), "<p>本局2024年政府信息公开工作情况如下。</p>" * 40)
    portal.finish()
    with served(tmp_path / "site") as server:
        portals = portals_file(tmp_path / "portals.toml", server)
        portals.write_text(portals.read_text("utf-8").replace("delay = 0", "delay = 2"), "utf-8")
        now = datetime.now(CHINA)
        window = f"{now - timedelta(minutes=5):%H:%M:%S}-{now + timedelta(seconds=40):%H:%M:%S}"
        night = crawl(portals, tmp_path / "output", CRAWL_WINDOW=window)
        assert "rows were not followed before the run ended" in night.stdout
        assert server.request_count() < 40
        portals.write_text(portals.read_text("utf-8").replace("delay = 2", "delay = 0"), "utf-8")
        crawl(portals, tmp_path / "output")
        pages = {record.path for record in server.requests if record.status == 200 and "/t2025" in record.path}
    assert len(pages) == 40
