"""Archives: every member read as if it had come alone; bombs, locks, cuts and odd names cost one outcome each."""

from __future__ import annotations

import struct
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from functools import cache

import pytest

from crawler.documents import archives
from crawler.documents.archives import MAX_DOCUMENTS, Member, Unpacked, unpack
from crawler.documents.rar_blocks import rar_blocks
from crawler.extraction import Extraction, extract
from crawler.outcomes import Outcome, OutcomeError
from crawler.sample.producers import pdf_by_chromium
from crawler.sample.typeset import to_docx, to_html
from tests.archive_builder import (
    Files,
    by_libarchive,
    make_7z,
    make_7z_bcj,
    make_rar4,
    make_rar5,
    make_rar5_packed,
    make_zip,
    zeros_zip,
)
from tests.test_typeset_seeds import SEED_LIKE

Packer = Callable[[Files], bytes]
PACKERS: dict[str, Packer] = {
    "zip": make_zip,
    "stored_zip": lambda files: make_zip(files, method=zipfile.ZIP_STORED),
    "bzip2_zip": lambda files: make_zip(files, method=zipfile.ZIP_BZIP2),
    "7z": make_7z,
    "stored_7z": lambda files: by_libarchive(files, "7zip", options="compression=store"),
    **{
        f"7z_{method}": lambda files, method=method: by_libarchive(files, "7zip", options=f"compression={method}")  # type: ignore[misc]
        for method in ("lzma2", "ppmd", "bzip2", "deflate")
    },
    "7z_bcj": make_7z_bcj,
    "rar4": make_rar4,
    "rar5": make_rar5,
    "rar4_packed": lambda files: make_rar4(files, packed=True),
    "rar5_packed": make_rar5_packed,
}
packers = pytest.mark.parametrize("packer", PACKERS)
TEXTS: Files = {"年报/一.txt": "第一".encode(), "二.txt": "第二".encode()}


def failure(content: bytes) -> OutcomeError:
    with pytest.raises(OutcomeError) as error:
        unpack(content)
    return error.value


def attempt(content: bytes) -> Unpacked:
    """What became of an archive, whichever way it is told."""
    try:
        return unpack(content)
    except OutcomeError as error:
        return Unpacked((), error.outcome, error.message)


def read_member(member: Member) -> Extraction:
    assert member.outcome is None, member.message
    return extract(member.content, member.expected)


@cache
def reports() -> Files:
    return {
        "附件/轵城镇.html": to_html(SEED_LIKE["000"], whole=True).encode(),
        "新乡县.docx": to_docx(SEED_LIKE["001"]),
    }


read_alone = cache(extract)
printed_by_chromium = cache(lambda: pdf_by_chromium(to_html(SEED_LIKE["002"], whole=True)))


@packers
def test_every_document_is_read_as_if_it_had_come_alone(packer: str) -> None:
    alone = reports()
    extraction = extract(PACKERS[packer](alone))
    assert extraction.outcome is Outcome.OK
    assert "2 documents" in extraction.message
    assert {member.name: member.content for member in extraction.members} == alone
    for member in extraction.members:
        read = read_member(member)
        assert read.outcome is Outcome.OK
        assert read.record == read_alone(alone[member.name]).record


@pytest.mark.browser
@pytest.mark.parametrize("packer", ["zip", "7z", "rar4", "rar5"])
def test_a_pdf_in_an_archive(packer: str) -> None:
    pdf = printed_by_chromium()
    (member,) = unpack(PACKERS[packer]({"2020年年报.pdf": pdf})).members
    record = read_member(member).record
    assert record == read_alone(pdf).record
    assert record is not None
    assert sum(value is not None for value in record["values"].values()) > 190


@packers
def test_names_come_through_in_any_encoding(packer: str) -> None:
    assert [member.name for member in unpack(PACKERS[packer](TEXTS)).members] == list(TEXTS)


def test_names_of_chinese_windows_without_and_with_libarchive(monkeypatch: pytest.MonkeyPatch) -> None:
    content = make_zip(TEXTS, gbk=True)
    assert "年报".encode("gbk") in content
    assert [member.name for member in unpack(content).members] == list(TEXTS)
    monkeypatch.setattr(archives, "_library", lambda: None)
    assert [member.name for member in unpack(content).members] == list(TEXTS)


def test_without_the_system_library_zip_is_read_and_the_others_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "_library", lambda: None)
    assert {member.name: member.content for member in unpack(make_zip(TEXTS)).members} == TEXTS
    for packed in (make_7z(TEXTS), make_rar4(TEXTS), make_rar5(TEXTS)):
        error = failure(packed)
        assert error.outcome is Outcome.UNSUPPORTED
        assert "libarchive13" in error.message
    assert failure(by_libarchive(TEXTS, "zip", locked=True)).outcome is Outcome.ENCRYPTED
    assert failure(zeros_zip(10 << 30)).outcome is Outcome.TOO_LARGE


def test_archives_within_archives_are_opened_once() -> None:
    inner = make_rar5({"局/二.txt": TEXTS["二.txt"]})
    outer = unpack(make_zip({"一.txt": TEXTS["年报/一.txt"], "各局.rar": inner}))
    assert [member.name for member in outer.members] == ["一.txt", "各局.rar/局/二.txt"]
    deeper = unpack(make_zip({"一.txt": b"1", "外.zip": make_zip({"内.zip": make_zip(TEXTS)})}))
    assert [(member.name, member.outcome) for member in deeper.members] == [
        ("一.txt", None),
        ("外.zip/内.zip", Outcome.TOO_LARGE),
    ]


def test_a_chain_of_archives_ends() -> None:
    content = make_zip(TEXTS)
    for number in range(50):
        content = make_zip({f"{number}.zip": content})
    assert failure(content).outcome is Outcome.TOO_LARGE


def test_ten_gigabytes_of_zeros_cost_one_outcome_and_no_memory() -> None:
    bomb = zeros_zip(10 << 30)
    assert len(bomb) < 12 << 20
    tracemalloc.start()
    start = time.perf_counter()
    error = failure(bomb)
    seconds, (_, peak) = time.perf_counter() - start, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert error.outcome is Outcome.TOO_LARGE
    assert "10737418240" in error.message
    assert seconds < 2
    assert peak < 100 << 20


def test_a_bomb_that_declares_less_than_it_holds() -> None:
    bomb = bytearray(zeros_zip(400 << 20))
    small = struct.pack("<I", 1000)
    assert bomb.count(struct.pack("<I", 400 << 20)) == 2
    bomb = bomb.replace(struct.pack("<I", 400 << 20), small)
    assert failure(bytes(bomb)).outcome in {Outcome.TOO_LARGE, Outcome.TRUNCATED}


def test_a_bomb_in_7z() -> None:
    assert "times" in failure(make_7z({"年报.docx": bytes(34 << 20)})).message
    large = by_libarchive({"年报.docx": bytes(61 << 20)}, "7zip", options="compression=deflate,compression-level=1")
    assert failure(large).outcome is Outcome.TOO_LARGE


def test_many_small_bombs_are_one() -> None:
    assert failure(make_zip({f"{number}.html": bytes(20 << 20) for number in range(8)})).outcome is Outcome.TOO_LARGE


def test_a_report_beside_something_huge_is_still_read() -> None:
    report = to_docx(SEED_LIKE["001"])
    huge = make_zip({"录像.mkv": bytes(100 << 20), "年报.docx": report}, method=zipfile.ZIP_STORED)
    unpacked = unpack(huge)
    assert [(member.name, member.outcome) for member in unpacked.members] == [
        ("录像.mkv", Outcome.TOO_LARGE),
        ("年报.docx", None),
    ]
    assert "1 more could not be read" in unpacked.message


def test_more_members_than_any_authority_has_departments() -> None:
    assert failure(make_zip({f"{number}.txt": b"x" for number in range(MAX_DOCUMENTS + 1)})).outcome is Outcome.TOO_LARGE
    assert failure(make_zip({f"{number}.exe": b"x" for number in range(5001)})).outcome is Outcome.TOO_LARGE


@pytest.mark.parametrize(
    "locked",
    [
        by_libarchive(TEXTS, "zip", locked=True),
        by_libarchive(TEXTS, "zip", locked=True, options="encryption=aes256"),
        make_rar4(TEXTS, locked=True),
        make_rar5(TEXTS, locked=True),
        make_rar5_packed(TEXTS, locked=True),
    ],
    ids=["zip", "zip_aes", "rar4", "rar5", "rar5_files"],
)
def test_a_password_is_told(locked: bytes) -> None:
    error = failure(locked)
    assert error.outcome is Outcome.ENCRYPTED
    assert "password" in error.message


@pytest.mark.parametrize("packer", ["zip", "7z", "rar4", "rar5", "rar4_packed", "rar5_packed"])
def test_a_cut_archive_is_never_taken_for_a_whole_one(packer: str) -> None:
    whole = PACKERS[packer](TEXTS)
    # What ZIP and RAR 4 end with may be cut without a loss: the files are whole.
    idle = {"zip": 22, "rar4": 7, "rar4_packed": 7}.get(packer, 1)
    for length in range(20, len(whole) - idle, 7):
        unpacked = attempt(whole[:length])
        assert unpacked.outcome is Outcome.TRUNCATED, (length, unpacked.message)
        for member in unpacked.members:
            assert member.outcome is not None or member.content == TEXTS[member.name]


@packers
def test_a_damaged_member_is_told_and_the_others_are_read(packer: str) -> None:
    files = {"一.txt": b"a" * 4000 + b"MARK1" * 20, "二.txt": bytes(range(256)) * 8}
    whole = bytearray(PACKERS[packer](files))
    at = len(whole) // 2
    whole[at] ^= 0xFF
    unpacked = attempt(bytes(whole))
    assert Outcome.TRUNCATED in {unpacked.outcome, *(member.outcome for member in unpacked.members)}
    for member in unpacked.members:
        assert member.outcome is Outcome.TRUNCATED or member.content == files[member.name]


def test_names_that_climb_are_only_names() -> None:
    names = ["../../../etc/passwd.txt", "/etc/cron.d/x.txt", "C:\\Windows\\x.txt", "a\x07b.txt", "长" * 300 + ".txt"]
    members = unpack(make_zip(dict.fromkeys(names, b"x"))).members
    assert [member.name for member in members[:4]] == [
        "../../../etc/passwd.txt",
        "/etc/cron.d/x.txt",
        "C:/Windows/x.txt",
        "ab.txt",
    ]
    assert len(members[4].name) <= 201
    assert members[4].expected == "txt"


def test_two_members_of_one_name_have_two_addresses() -> None:
    content = make_zip({"年报1.txt": b"1", "年报2.txt": b"2"})
    content = content.replace("年报1".encode(), "年报x".encode()).replace("年报2".encode(), "年报x".encode())
    assert [(member.name, member.content) for member in unpack(content).members] == [
        ("年报x.txt", b"1"),
        ("年报x.txt (2)", b"2"),
    ]


def test_links_and_devices_are_left_out_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    content = make_zip({"年报.txt": b"x", "链接": b"/etc/passwd", "设备": b""})
    patched = bytearray(content)
    directory = content.index(b"PK\x01\x02")
    for number, mode in enumerate((0o100644, 0o120777, 0o020666)):
        at = directory
        for _ in range(number):
            at = content.index(b"PK\x01\x02", at + 4)
        patched[at + 5] = 3
        patched[at + 38 : at + 42] = struct.pack("<I", mode << 16)
    for library in (archives._library, lambda: None):
        monkeypatch.setattr(archives, "_library", library)
        unpacked = unpack(bytes(patched))
        assert [member.name for member in unpacked.members] == ["年报.txt"]
        assert "链接" in unpacked.message
        assert "设备" in unpacked.message


def test_what_systems_leave_behind_is_left_out_and_named() -> None:
    junk = ["__MACOSX/._年报.docx", ".DS_Store", "图片/Thumbs.db", "~$年报.docx", "看图.exe", "style.css"]
    unpacked = unpack(make_zip({**dict.fromkeys(junk, b"x"), "年报.txt": b"x"}))
    assert [member.name for member in unpacked.members] == ["年报.txt"]
    assert all(name in unpacked.message for name in junk)
    error = failure(make_zip(dict.fromkeys(junk, b"x")))
    assert error.outcome is Outcome.NOT_A_REPORT
    assert "Thumbs.db" in error.message


def test_pictures_are_documents_only_where_there_is_nothing_else() -> None:
    picture = b"\x89PNG\r\n\x1a\n" + bytes(40)
    assert [member.name for member in unpack(make_zip({"1.png": picture, "2.png": picture})).members] == ["1.png", "2.png"]
    beside = unpack(make_zip({"1.png": picture, "年报.txt": b"x"}))
    assert [member.name for member in beside.members] == ["年报.txt"]
    assert "1.png" in beside.message


@pytest.mark.parametrize(
    "content", [make_zip({}), make_7z({}), make_rar5({}), make_rar4({})], ids=["zip", "7z", "rar5", "rar4"]
)
def test_an_empty_archive(content: bytes) -> None:
    assert extract(content).outcome is Outcome.NOT_A_REPORT


def test_a_file_that_rar_keeps_once_for_several_names_is_read_under_each() -> None:
    content = make_rar5_packed(TEXTS, copies={"三.txt": "二.txt".encode()})
    assert [(member.name, member.content) for member in unpack(content).members] == [
        *TEXTS.items(),
        ("三.txt", TEXTS["二.txt"]),
    ]
    lost = unpack(make_rar5_packed(TEXTS, copies={"三.txt": b"x.txt"})).members[-1]
    assert (lost.name, lost.outcome, lost.content) == ("三.txt", Outcome.UNSUPPORTED, b"")


@pytest.mark.parametrize(
    "part", [make_rar4(TEXTS, volume=True), make_rar5_packed(TEXTS, volume=True), make_rar4(TEXTS, volume=True)[:-40]]
)
def test_a_part_of_a_split_archive_is_told_with_what_it_holds(part: bytes) -> None:
    unpacked = unpack(part)
    assert unpacked.outcome is Outcome.UNSUPPORTED
    assert "split over several files" in unpacked.message
    assert unpacked.members[0].content == TEXTS["年报/一.txt"]


def test_what_libarchive_cannot_unpack_is_unsupported_not_damaged() -> None:
    solid = unpack(make_rar4(TEXTS, packed=True, solid=True))
    assert solid.outcome is Outcome.UNSUPPORTED
    assert "solid" in solid.message
    deflate64 = bytearray(make_zip(TEXTS))
    for magic, place in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        at = -1
        while (at := deflate64.find(magic, at + 1)) >= 0:
            deflate64[at + place] = 9
    error = failure(bytes(deflate64))
    assert error.outcome is Outcome.UNSUPPORTED
    assert "deflation-64" in error.message


@pytest.mark.parametrize("make", [make_rar4, make_rar5])
def test_a_rar_that_ends_between_two_files_is_cut(make: Packer) -> None:
    whole = make(TEXTS)
    assert rar_blocks(whole).is_whole
    assert not rar_blocks(whole[: len(whole) - 30]).is_whole


def test_a_member_promises_its_kind_by_its_name() -> None:
    assert Member("a/错误.PDF", b"").expected == "pdf"
    assert Member("没有后缀", b"").expected is None
    (member,) = unpack(make_zip({"年报.pdf": b"<html><title>404</title><body>not found</body></html>"})).members
    assert read_member(member).outcome is Outcome.NOT_A_DOCUMENT
