"""Office documents through a LibreOffice that stays warm, is not trusted, and is never left behind."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from crawler.conversion.converter import OfficeConverter
from crawler.conversion.office import BRIDGE, write_profile
from crawler.conversion.programs import Programs, clean_environment, find_programs
from crawler.documents import office, sniff
from crawler.documents.reader import read_document
from crawler.isolation import ExtractionPool
from crawler.outcomes import Outcome, OutcomeError
from tests.crawling import ROOT, MiniPortal, crawl, portals_file, scrapy, served
from tests.office_files import EXPORTS, odt, odt_with_macro
from tests.seed_files import seeds_saved
from tests.test_typeset_seeds import SEED_LIKE, assert_cells

pytestmark = pytest.mark.office

HELLO = odt("<text:p>政府信息公开</text:p>")
BROKEN = odt("<text:p>政府<信息公开</text:p>")


def converter(
    *, timeout: float = 60, max_documents: int = 200, find: Callable[[], Programs | None] = find_programs
) -> OfficeConverter:
    return OfficeConverter(timeout=timeout, memory_mb=2048, max_documents=max_documents, batch=8, find=find)


@contextlib.contextmanager
def running(**options: object) -> Iterator[OfficeConverter]:
    made = converter(**options)  # type: ignore[arg-type]  # passed through
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def warm() -> Iterator[OfficeConverter]:
    with running() as made:
        yield made


@pytest.fixture(scope="module")
def saved() -> Mapping[str, Mapping[str, bytes]]:
    """The five seed-like reports as LibreOffice saves them, by suffix and seed."""
    return {suffix: seeds_saved(suffix) for suffix in EXPORTS}


def alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def wait_until(condition: Callable[[], bool], seconds: float = 15) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def text_of(made: OfficeConverter, content: bytes) -> str:
    return read_document(content, convert=made.convert).text


@pytest.mark.parametrize("seed", SEED_LIKE)
@pytest.mark.parametrize("suffix", EXPORTS)
def test_every_cell(suffix: str, seed: str, saved: Mapping[str, Mapping[str, bytes]], warm: OfficeConverter) -> None:
    content = saved[suffix][seed]
    document = read_document(content, expected="doc", convert=warm.convert)
    assert document.media_type == sniff.sniff(content)
    assert document.grids[-1].column_count == 15, "no phantom column in table 4"
    assert_cells(SEED_LIKE[seed], document)


def test_one_libreoffice_for_many_documents(warm: OfficeConverter) -> None:
    text_of(warm, HELLO)
    pid, starts = warm.process_id, warm.starts
    assert [text_of(warm, odt(f"<text:p>第{number}份</text:p>")) for number in range(5)] == [f"第{n}份" for n in range(5)]
    assert (warm.process_id, warm.starts) == (pid, starts)


@pytest.mark.real
def test_real_word_files(shared: Path, warm: OfficeConverter) -> None:
    texts = {path.name: text_of(warm, path.read_bytes()) for path in shared.glob("real/doc/*.doc")}
    assert "国务院" in texts["bjjs_2013policysummary.doc"]
    assert "联邦基金利率" in texts["bjjs_lianbang_jijin_lilv.doc"]
    # Nothing but embedded files.
    assert texts["wps-saved.doc"] == ""


def test_what_libreoffice_refuses_ends_that_document_only(warm: OfficeConverter) -> None:
    starts = warm.starts
    with pytest.raises(OutcomeError) as caught:
        text_of(warm, BROKEN)
    assert caught.value.outcome is Outcome.UNSUPPORTED
    assert "OpenDocument" in caught.value.message
    assert text_of(warm, HELLO) == "政府信息公开"
    assert warm.starts == starts


MACRO_PROBE = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import bridge
office = bridge.Office(sys.argv[2], Path(sys.argv[3]), 2 << 30)
always = bridge._property("MacroExecutionMode", 4)
document = office.desktop.loadComponentFromURL(sys.argv[4], "_blank", 0, (bridge._property("Hidden", True), always))
print(document.BasicLibraries.getElementNames(), document.AllowMacroExecution, flush=True)
office.process.kill()
os._exit(0)
"""


@pytest.mark.parametrize("confined", [True, False])
def test_macros_may_not_run_even_where_a_caller_allows_them(confined: bool, tmp_path: Path) -> None:
    """The second case shows that macros would run, were it not for our profile."""
    programs = find_programs()
    if programs is None or programs.python is None:
        pytest.skip("no Python with uno: apt-get install python3-uno")
    folder, source = tmp_path / "office", tmp_path / "macro.odt"
    source.write_bytes(odt_with_macro(tmp_path / "ran"))
    write_profile(folder)
    if not confined:
        (folder / "profile" / "user" / "registrymodifications.xcu").unlink()
    done = subprocess.run(
        [programs.python, "-c", MACRO_PROBE, str(BRIDGE.parent), programs.binary, str(folder), source.as_uri()],
        env=clean_environment() | {"HOME": str(tmp_path)},
        start_new_session=True,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.stdout.strip() == f"('Standard',) {not confined}", done.stderr


def test_a_document_with_macros_is_read(warm: OfficeConverter, tmp_path: Path) -> None:
    assert text_of(warm, odt_with_macro(tmp_path / "ran")) == "宏文档"
    assert not (tmp_path / "ran").exists()


def test_links_are_not_followed(warm: OfficeConverter, tmp_path: Path) -> None:
    secret = tmp_path / "secret.odt"
    secret.write_bytes(odt("<text:p>机密内容</text:p>"))
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.5)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/x.png"
        body = (
            f'<text:section text:name="s"><text:section-source xlink:href="{secret.as_uri()}"/><text:p>旧</text:p></text:section>'
            f'<text:p><draw:frame svg:width="2cm" svg:height="2cm"><draw:image xlink:href="{address}"/></draw:frame>正文</text:p>'
        )
        text = text_of(warm, odt(body))
        assert "正文" in text
        assert "机密内容" not in text
        with pytest.raises(TimeoutError):
            server.accept()


def test_a_libreoffice_that_died_is_replaced() -> None:
    with running() as made:
        assert text_of(made, HELLO)
        assert made._office is not None
        folder, sockets = made._office._folder, made._office._sockets
        assert folder.is_dir()
        assert sockets
        assert all(path.is_socket() for path in sockets)
        first = made.process_id
        assert first is not None
        os.kill(first, signal.SIGKILL)
        assert text_of(made, HELLO) == "政府信息公开"
        assert made.process_id != first
        assert not folder.exists()
        assert not any(path.exists() for path in sockets)
        second = made.process_id
        assert second is not None
        # And one that hangs: the document is tried again by a fresh one.
        made.timeout = 4
        os.kill(second, signal.SIGSTOP)
        assert text_of(made, HELLO) == "政府信息公开"
        assert not alive(second)
        assert made.starts == 3


def test_a_document_at_which_it_always_hangs_is_given_up() -> None:
    with running(timeout=0.001) as made:
        with pytest.raises(OutcomeError) as caught:
            text_of(made, HELLO)
        assert caught.value.outcome is Outcome.TIMEOUT
        assert "OFFICE_TIMEOUT" in caught.value.message
        assert made.starts == 2


def test_it_is_replaced_after_so_many_documents() -> None:
    with running(max_documents=2) as made:
        for _ in range(3):
            text_of(made, HELLO)
        assert made.starts == 2
        pid = made.process_id
    assert pid is not None
    assert not alive(pid)


def test_nothing_is_left_when_the_parent_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time\n"
        "from crawler.conversion.converter import OfficeConverter\n"
        "made = OfficeConverter(timeout=60, memory_mb=2048, max_documents=9, batch=1)\n"
        "made.convert(open(sys.argv[1], 'rb').read(), 'odt')\n"
        "print(made.process_id, made._office._folder, *made._office._sockets, flush=True)\n"
        "time.sleep(100)\n"
    )
    (tmp_path / "a.odt").write_bytes(HELLO)
    with subprocess.Popen([sys.executable, "-c", program, tmp_path / "a.odt"], cwd=ROOT, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid, *paths = parent.stdout.readline().decode().split()
        assert len(paths) >= 3
        assert all(Path(path).exists() for path in paths)
        assert alive(int(pid))
        parent.send_signal(signal.SIGKILL)
    assert wait_until(lambda: not alive(int(pid)))
    assert wait_until(lambda: not any(Path(path).exists() for path in paths))


def test_without_the_uno_module_one_call_converts_what_waits() -> None:
    found = find_programs()
    assert found is not None
    with running(find=lambda: Programs(found.soffice, found.binary, None)) as made:
        contents = [odt(f"<text:p>第{number}份</text:p>") for number in range(3)]
        futures = [made.submit(content, office.OPEN_DOCUMENT) for content in contents]
        failing = made.submit(BROKEN, office.OPEN_DOCUMENT)
        texts = [read_document(future.result()).text for future in futures]
        assert texts == ["第0份", "第1份", "第2份"]
        with pytest.raises(OutcomeError) as caught:
            failing.result()
        assert caught.value.outcome is Outcome.UNSUPPORTED
        # The first alone, the rest that waited meanwhile together, the broken one once more on its own.
        assert made.starts <= 4


def test_without_libreoffice_the_message_says_what_to_install() -> None:
    with running(find=lambda: None) as made, pytest.raises(OutcomeError) as caught:
        text_of(made, HELLO)
    assert caught.value.outcome is Outcome.UNSUPPORTED
    assert "apt-get install libreoffice-writer-nogui" in caught.value.message


def test_closing_does_not_wait_for_a_hanging_document() -> None:
    made = converter()
    text_of(made, HELLO)
    pid = made.process_id
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    future = made.submit(HELLO, office.OPEN_DOCUMENT)
    waiting = made.submit(HELLO, office.OPEN_DOCUMENT)
    assert wait_until(future.running)
    start = time.monotonic()
    made.close(wait=False)
    assert time.monotonic() - start < 15
    assert waiting.cancelled()
    assert isinstance(future.exception(), OutcomeError)
    assert not alive(pid)
    assert not any(thread.name == "office" and thread.is_alive() for thread in threading.enumerate() if thread is made._thread)


def test_the_pool_reads_office_documents(saved: Mapping[str, Mapping[str, bytes]]) -> None:
    with ExtractionPool(workers=2, timeout=60, memory_mb=1536, max_tasks=50, converter=converter()) as pool:
        futures = [pool.submit(saved[suffix]["004"], "doc") for suffix in EXPORTS]
        cut = pool.submit(saved["doc"]["004"][:20_000], "doc")
        for future in futures:
            extraction = future.result()
            assert extraction.outcome is Outcome.OK, extraction.message
            assert extraction.record is not None
            assert extraction.record["year"] == 2024
        assert cut.result().outcome is Outcome.TRUNCATED


def test_scrapy_extract(saved: Mapping[str, Mapping[str, bytes]], tmp_path: Path) -> None:
    files = {
        "一.doc": saved["doc"]["000"],
        "二.rtf": saved["rtf"]["001"],
        "三.wps": saved["doc"]["002"],
        "四.doc": saved["xml"]["003"],
        "文本.doc": "关于召开会议的通知".encode(),
        "断.doc": saved["doc"]["004"][:30_000],
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    done = scrapy("extract", *(str(tmp_path / name) for name in files))
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [Path(line["file"]).name for line in lines] == list(files), done.stderr
    assert [line["documents"][0]["media_type"] for line in lines[:4]] == [sniff.DOC, sniff.RTF, sniff.DOC, sniff.WORDML]
    assert [line["year"] for line in lines[:4]] == [2020] * 4
    assert [line["error"]["code"] for line in lines[4:]] == ["not_a_document", "truncated"]


def test_the_crawl_reads_word_attachments(saved: Mapping[str, Mapping[str, bytes]], tmp_path: Path) -> None:
    portal = MiniPortal(tmp_path / "site" / "luanchuan")
    title = "栾川县财政局2024年政府信息公开工作年度报告"
    portal.put("/files/1.doc", saved["doc"]["004"])
    portal.article(1, title, f'<p><a href="/files/1.doc">附件：{title}.doc</a></p>')
    portal.finish()
    with served(tmp_path / "site") as server:
        done = crawl(portals_file(tmp_path / "portals.toml", server), tmp_path / "output")
    assert done.status == 0, done.stderr
    (record,) = done.records()
    assert record["values"]["requests.received_new.total"] == 35740
    (document,) = [item for item in record["documents"] if item["media_type"] == sniff.DOC]
    assert document["outcome"] == "ok"
    assert document["path"].endswith(".doc")
