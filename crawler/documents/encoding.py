"""Bytes to text where the label on the bytes cannot be trusted."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from charset_normalizer import from_bytes

MISLABELLED = "encoding_mislabelled"
UNDECODABLE = "undecodable_characters"

_BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
# A superset decodes all that its subset does, and pages labelled with the subset do use the rest (镕, 囍 in GBK; € in GB18030).
_SUPERSETS = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "cp936": "gb18030",
    "x-gbk": "gb18030",
    "gb_2312-80": "gb18030",
    "hz-gb-2312": "hz",
    "big5": "big5hkscs",
    "big5-hkscs": "big5hkscs",
    "unicode": "utf-16-le",
    "utf-16": "utf-16-le",
    "utf8": "utf-8",
}
# The characters that make up about a third of any official Chinese text; a wrong decoding hits them by chance only.
_COMMON = frozenset(
    "的一是在不了有和人这中大为上个国我以要时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民"
    "政府信息公开报告情况总体管理服务县市镇乡办公室月日第条项数量申请本机关其他单位网站"
)
_ERROR_WEIGHT = 4
_MIN_READABILITY = 0.05
"""Official Chinese text has 0.3 to 0.5; the wrong decoding of it about 0.01."""
_SAMPLE_BYTES = 65_536
_META_CHARSET = re.compile(rb"<meta[^>]{0,300}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]+)", re.IGNORECASE)
_XML_ENCODING = re.compile(rb"^\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9_:.-]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text without its byte order mark, the codec that made it, and what was doubtful as ``snake_case`` words."""

    text: str
    encoding: str
    flags: tuple[str, ...] = ()


def declared_encoding(content: bytes) -> str | None:
    """The charset an HTML or XML document names within its first 4 KiB, as written, lower case.

    >>> declared_encoding(b'<meta http-equiv="Content-Type" content="text/html; charset=GB2312">')
    'gb2312'
    """
    head = content[:4096]
    found = _META_CHARSET.search(head) or _XML_ENCODING.search(head)
    return found.group(1).decode("ascii").lower() if found else None


def decode(content: bytes, declared: str | None = None) -> Decoded:
    """Decode by byte order mark, then by what the bytes are, then by ``declared``; never fails.

    Bytes that are UTF-8 throughout are UTF-8 whatever the label says. Where the declared codec makes many errors or text
    no one wrote, UTF-8, GB18030, Big5 and the guess of charset-normalizer compete and the most readable wins, with the flag
    ``encoding_mislabelled``.
    """
    for mark, name in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return _decoded(content[len(mark) :], name, mislabelled=False)
    wide = _utf16_without_mark(content)
    if wide:
        return _decoded(content, wide, mislabelled=False)
    codec = _codec(declared)
    if content.isascii():
        return _decoded(content, codec if codec in {"hz", "iso2022_jp"} else "utf-8", mislabelled=False)
    if _is_utf8(content):
        return _decoded(content, "utf-8", mislabelled=codec not in {None, "utf-8"})
    candidates = [name for name in dict.fromkeys((codec, "utf-8", "gb18030", "big5hkscs")) if name]
    scores = {name: _readability(content, name) for name in candidates}
    if max(scores.values()) < _MIN_READABILITY:
        guess = from_bytes(content[:_SAMPLE_BYTES]).best()
        if guess is not None:
            scores[guess.encoding] = _readability(content, guess.encoding)
    best = max(scores, key=lambda name: scores[name])
    if codec and scores[codec] >= scores[best] / 2:
        best = codec
    return _decoded(content, best, mislabelled=codec is not None and best != codec)


def _decoded(content: bytes, codec: str, *, mislabelled: bool) -> Decoded:
    text = content.decode(codec, errors="replace").replace("\x00", "")
    flags = [MISLABELLED] * mislabelled + [UNDECODABLE] * ("\ufffd" in text)
    return Decoded(text.removeprefix("\ufeff"), codec, tuple(flags))


def _codec(declared: str | None) -> str | None:
    if not declared:
        return None
    name = declared.strip().lower()
    name = _SUPERSETS.get(name, name)
    try:
        name = codecs.lookup(name).name
        "".encode(name)
    except (LookupError, ValueError):
        return None
    # The Western single-byte codecs decode anything: as a label on a Chinese page they only say that nobody set one.
    return None if name.startswith(("iso8859", "cp125", "ascii", "latin")) else name


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _utf16_without_mark(content: bytes) -> str | None:
    """Markup, digits and line ends put a zero byte beside each other byte; no single-byte or CJK codec does."""
    head = content[:4096]
    if not head or head.count(0) < len(head) // 20:
        return None
    low, high = head[1::2].count(0), head[0::2].count(0)
    if low > 4 * high:
        return "utf-16-le"
    return "utf-16-be" if high > 4 * low else None


def _readability(content: bytes, codec: str) -> float:
    """Share of common characters among the non-ASCII ones, less four times the share of errors."""
    text = content[:_SAMPLE_BYTES].decode(codec, errors="replace")
    foreign = [character for character in text if character > "\x7f"]
    if not foreign:
        return 0.0
    errors = sum(character == "\ufffd" or "\ue000" <= character <= "\uf8ff" or character < "\xa0" for character in foreign)
    common = sum(character in _COMMON for character in foreign)
    return (common - _ERROR_WEIGHT * errors) / len(foreign)
