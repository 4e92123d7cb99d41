"""OFD for tests: the writer of the samples, `crawler.sample.ofd`, and pages that are pictures."""

import io
import zipfile
from collections.abc import Mapping

from PIL import Image, ImageDraw, ImageFont

from crawler.sample.ofd import (
    _POINT,
    ASCENT,
    DRAFT_NAMESPACE,
    MARGIN,
    NAMESPACE,
    PAGE,
    Style,
    _Setter,
    one_page,
    pack,
    table_object,
    text_object,
    to_ofd,
    width_of,
    xml,
)
from crawler.sample.source import ReportSource
from crawler.sample.tables import blocks
from tests.drawn import font_file

__all__ = [
    "ASCENT",
    "DRAFT_NAMESPACE",
    "MARGIN",
    "NAMESPACE",
    "PAGE",
    "Style",
    "one_page",
    "pack",
    "page_pictures",
    "table_object",
    "text_object",
    "to_ofd",
    "width_of",
    "with_pictures",
    "xml",
]


def page_pictures(source: ReportSource, style: Style, dpi: int = 150) -> list[Image.Image]:
    """The pages that `to_ofd` would write, drawn in grey; without page numbers."""
    scale = dpi / 25.4
    path, face = font_file()
    pictures = []
    for page in _Setter(source.layout.font_size * _POINT, style).pages(list(blocks(source))):
        picture = Image.new("L", (round(PAGE[0] * scale), round(style.page_height * scale)), 255)
        pen = ImageDraw.Draw(picture)
        for edge in page.edges:
            pen.line([round(value * scale) for value in edge], fill=30, width=max(round(0.3 * scale), 1))
        for lines in page.texts:
            for text, x, y, size in lines:
                font = ImageFont.truetype(path, round(size * scale), index=face)
                at = x
                for character in text:
                    pen.text((at * scale, y * scale), character, fill=20, font=font, anchor="ls")
                    at += size * width_of(character)
        pictures.append(picture)
    return pictures


def with_pictures(ofd: bytes, pictures: Mapping[int, bytes], objects: Mapping[int, str], suffix: str = "jpg") -> bytes:
    """An OFD of one document with some pages (from 0) shown as pictures: ``objects`` draw them, as resource 7000 and the page."""
    with zipfile.ZipFile(io.BytesIO(ofd)) as archive:
        archived = {name: archive.read(name) for name in archive.namelist()}
    parts: dict[str, bytes | str] = dict(archived)
    named = "".join(
        f'<ofd:MultiMedia ID="{7000 + number}" Type="Image"><ofd:MediaFile>page_{number}.{suffix}</ofd:MediaFile></ofd:MultiMedia>'
        for number in pictures
    )
    body = f"<ofd:MultiMedias>{named}</ofd:MultiMedias>"
    parts["Doc_0/DocumentRes.xml"] = xml("Res", body).replace("<ofd:Res ", '<ofd:Res BaseLoc="Res" ')
    for number, picture in pictures.items():
        parts[f"Doc_0/Res/page_{number}.{suffix}"] = picture
        name = f"Doc_0/Pages/Page_{number}/Content.xml"
        head, _, rest = archived[name].decode().partition("<ofd:Content>")
        parts[name] = f"{head}<ofd:Content><ofd:Layer>{objects[number]}</ofd:Layer></ofd:Content></ofd:Page>"
        assert rest
    return pack(parts)
