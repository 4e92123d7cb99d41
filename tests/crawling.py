"""A portal of one's own on loopback, and the crawl as a user starts it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crawler.sample.faults import FaultTable
from crawler.sample.server import SampleServer

ROOT = Path(__file__).resolve().parent.parent
PAGE = (
    '<!DOCTYPE html><html><head><meta charset="utf-8"><title>{title}</title>{head}</head><body>'
    '<div class="header"><a href="/">首页</a><a href="/zwgk/">政府信息公开</a></div>{body}'
    '<div class="footer">主办：栾川县人民政府办公室</div></body></html>'
)


@dataclass
class MiniPortal:
    """A county's portal in files: a home page, a disclosure page, one plain list, articles and attachments."""

    folder: Path
    rows: list[tuple[str, str, str]] = field(default_factory=list)

    def put(self, path: str, content: str | bytes) -> None:
        target = self.folder / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)

    def page(self, path: str, title: str, body: str, head: str = "") -> None:
        self.put(path, PAGE.format(title=title, body=body, head=head))

    def article(self, number: int, title: str, body: str, date: str = "2025-01-20") -> str:
        path = f"/zwgk/zfxxgknb/t{date.replace('-', '')}_{number}.html"
        head = f'<meta name="ArticleTitle" content="{title}"><meta name="PubDate" content="{date} 09:00">'
        self.page(path, title, f'<h1>{title}</h1><div class="TRS_Editor">{body}</div>', head)
        self.rows.append((path, title, date))
        return path

    def row(self, path: str, title: str, date: str = "2025-01-20") -> None:
        self.rows.append((path, title, date))

    def finish(self, *, list_body: str | None = None) -> None:
        rows = "".join(f'<li><a href="{path}">{title}</a><span>{date}</span></li>' for path, title, date in self.rows)
        self.put("/robots.txt", "User-agent: *\nDisallow: /private/\n")
        self.page(
            "/index.html",
            "栾川县人民政府",
            '<ul><li><a href="/zwgk/">政府信息公开</a></li><li><a href="/xw/">新闻</a></li></ul>',
        )
        parts = ("政府信息公开指南", "政府信息公开制度", "法定主动公开内容", "政府信息公开年报", "依申请公开")
        links = "".join(
            f'<li><a href="/zwgk/{"zfxxgknb" if part.endswith("年报") else "x"}/">{part}</a></li>' for part in parts
        )
        self.page("/zwgk/index.html", "政府信息公开", f"<ul>{links}</ul>")
        body = (
            f'<div class="location">首页 > 政府信息公开年报</div><ul class="list">{rows}</ul>'
            if list_body is None
            else list_body
        )
        self.page("/zwgk/zfxxgknb/index.html", "政府信息公开年报", body)


@dataclass
class Crawl:
    """What a crawl printed and left."""

    status: int
    stdout: str
    stderr: str
    output: Path

    @property
    def current(self) -> Path:
        return self.output / "annual_reports" / "current"

    def records(self, name: str = "reports.jsonl") -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.current / name).read_text("utf-8").splitlines()]

    def manifest(self) -> dict[str, Any]:
        return json.loads((self.current / "manifest.json").read_text("utf-8"))  # type: ignore[no-any-return]


@contextmanager
def served(site: Path, faults: FaultTable | None = None) -> Iterator[SampleServer]:
    with SampleServer(site=site, port=0, faults=faults) as server:
        yield server


def portals_file(path: Path, server: SampleServer, **extra: str) -> Path:
    """A portals file with one table for each host of the server."""
    tables = []
    for name in server.hosts:
        lines = [
            "[[portal]]",
            f'name = "{name}县人民政府"',
            'region = "河南省/洛阳市/栾川县"',
            'region_code = "410324"',
            f'home = "{server.url(name)}"',
            "delay = 0",
        ]
        lines += [f"{key} = {value}" for key, value in extra.items()]
        tables.append("\n".join(lines))
    path.write_text("\n\n".join(tables) + "\n", encoding="utf-8")
    return path


def scrapy(*arguments: str, timeout: float = 240, **environment: str) -> subprocess.CompletedProcess[str]:
    """The scrapy command of this environment, run in the project's root."""
    return subprocess.run(
        [sys.executable, "-m", "scrapy", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def crawl(portals: Path, output: Path, *arguments: str, **settings: str) -> Crawl:
    """``scrapy crawl annual_reports`` with a portals file, loopback allowed, short waits."""
    chosen = {
        "OUTPUT_DIR": str(output),
        "ALLOW_PRIVATE_ADDRESSES": "True",
        "HOME_TIMEOUT": "5",
        "DOWNLOAD_TIMEOUT": "8",
        "RETRY_TIMES": "1",
        **settings,
    }
    options = [part for key, value in chosen.items() for part in ("-s", f"{key}={value}")]
    done = scrapy("crawl", "annual_reports", "-a", f"portals={portals}", *arguments, *options)
    return Crawl(done.returncode, done.stdout, done.stderr, output)
