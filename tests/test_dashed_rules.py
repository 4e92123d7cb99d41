"""Tables whose rules are dashed or dotted, as office programs and browsers draw them: every cell."""

from __future__ import annotations

import io
import re
import zipfile

import pytest

from crawler.sample.producers import pdf_by_chromium, pdfs_by_libreoffice
from crawler.sample.typeset import to_docx, to_html
from tests.test_typeset_seeds import SEED_LIKE, assert_every_cell

SOURCE = SEED_LIKE["001"]


def with_borders(docx: bytes, kind: str, eighths: int) -> bytes:
    """The same document with other borders; ``eighths`` of a point thick."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(docx)) as source, zipfile.ZipFile(written, "w") as target:
        for name in source.namelist():
            part = source.read(name)
            if name == "word/document.xml":
                part, count = re.subn(rb'w:val="single" w:sz="\d+"', b'w:val="%s" w:sz="%d"' % (kind.encode(), eighths), part)
                assert count >= 6
            target.writestr(name, part)
    return written.getvalue()


@pytest.mark.slow
@pytest.mark.office
def test_dashed_borders_of_libreoffice() -> None:
    docx = to_docx(SOURCE)
    kinds = (("dashed", 4), ("dotted", 4), ("dotDash", 12))
    for pdf in pdfs_by_libreoffice([with_borders(docx, *kind) for kind in kinds]):
        assert_every_cell(SOURCE, pdf)


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("border", ["1px dashed", "2px dotted"])
def test_dashed_borders_of_chromium(border: str) -> None:
    style = f"table, td, th {{ border: {border} #000 !important }}"
    assert_every_cell(SOURCE, pdf_by_chromium(to_html(SOURCE, whole=True), style=style))
