"""Whether a file's last bytes are there, told from its own format."""

from __future__ import annotations

import io
import json
import re
import zipfile

_TAIL = 2048
"""Bytes at the end in which a trailer must stand; junk of a few hundred bytes after it is common."""

_OLE_SECTOR_BYTES = 512


def missing_end(content: bytes) -> str | None:
    """What is missing at the end of ``content``, or ``None`` where it looks whole or its kind has no trailer.

    >>> missing_end(b"%PDF-1.7 half a file")
    'the PDF trailer %%EOF'
    >>> missing_end(b"plain text") is None
    True
    """
    if b"%PDF-" in content[:1024]:
        return None if b"%%EOF" in content[-_TAIL:] else "the PDF trailer %%EOF"
    if content.startswith(b"PK\x03\x04"):
        try:
            with zipfile.ZipFile(io.BytesIO(content)):
                return None
        except zipfile.BadZipFile:
            return "the directory at the end of the ZIP container"
    if content.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return None if len(content) >= 3 * _OLE_SECTOR_BYTES else "sectors of the OLE container"
    return None


_PAGE = re.compile(rb"^\s*(?:<!--.{0,2000}?-->\s*)*<(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL)
_DATASTORE = re.compile(rb"<datastore>", re.IGNORECASE)
_PAGE_TAIL = 4096
"""Scripts of counters stand behind the end of many pages."""


def missing_end_of_page(content: bytes) -> str | None:
    """What is missing at the end of a web page or of an API's answer; ``None`` where it looks whole or has no end to look for.

    >>> missing_end_of_page(b"<!DOCTYPE html><html><body>half a pa")
    'the closing tag </html>'
    >>> missing_end_of_page(b"<li>a fragment has no end</li>") is None
    True
    """
    content = content.removeprefix(b"\xef\xbb\xbf")
    if _PAGE.match(content):
        tail = content[-_PAGE_TAIL:].lower()
        return None if b"</html" in tail or b"</body" in tail else "the closing tag </html>"
    start = content.lstrip()[:1]
    if start in (b"{", b"["):
        try:
            json.loads(content)
        except ValueError:
            return "the end of the JSON"
        return None
    if _DATASTORE.search(content[:2000]):
        return None if b"</datastore>" in content[-_PAGE_TAIL:].lower() else "the closing tag </datastore>"
    return None
