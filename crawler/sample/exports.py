"""What Word leaves when a report is saved as a web page or as a web archive, often under the name of a .doc."""

from __future__ import annotations

import base64
import dataclasses
import textwrap
from html import escape

from crawler.sample.source import ReportSource
from crawler.sample.typeset import to_html

_NAMESPACES = (
    'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" '
    'xmlns:w="urn:schemas-microsoft-com:office:word" xmlns="http://www.w3.org/TR/REC-html40"'
)
_STYLE = (
    'p.MsoNormal { mso-style-parent:""; margin:0cm; text-align:justify; font-size:10.5pt; '
    'font-family:"Times New Roman"; mso-fareast-font-family:宋体; mso-font-kerning:1.0pt; }\n'
    "@page Section1 { size:595.3pt 841.9pt; margin:72.0pt 90.0pt 72.0pt 90.0pt; mso-paper-source:0; layout-grid:15.6pt; }\n"
    "div.Section1 { page:Section1; }\n"
)
_BOUNDARY = "----=_NextPart_01D9A0C1.5E3B7F20"
_LOCATION = "file:///C:/A1B2C3D4/report.files"


def to_word_html(source: ReportSource) -> bytes:
    """The report as Word saves a web page, in the Chinese Windows encoding."""
    body = to_html(dataclasses.replace(source, layout=dataclasses.replace(source.layout, markup="word")))
    page = (
        f'<html {_NAMESPACES}>\n<head>\n<meta http-equiv=Content-Type content="text/html; charset=gb2312">\n'
        '<meta name=ProgId content=Word.Document>\n<meta name=Generator content="Microsoft Word 15">\n'
        '<meta name=Originator content="Microsoft Word 15">\n<link rel=File-List href="report.files/filelist.xml">\n'
        f"<title>{escape(source.title)}</title>\n"
        "<!--[if gte mso 9]><xml><w:WordDocument><w:View>Normal</w:View><w:Zoom>0</w:Zoom></w:WordDocument></xml><![endif]-->\n"
        f"<style>\n<!--\n{_STYLE}-->\n</style>\n</head>\n<body lang=ZH-CN style='text-justify-trim:punctuation'>\n"
        f"<div class=Section1 style='layout-grid:15.6pt'>\n{body}\n</div>\n</body>\n</html>\n"
    )
    return page.replace("\n", "\r\n").encode("gb18030")


def to_web_archive(source: ReportSource) -> bytes:
    """The report as Word saves a web archive: the page and a list of its files as parts of a MIME message."""
    listed = f'<xml xmlns:o="urn:schemas-microsoft-com:office:office"><o:MainFile HRef="{_LOCATION}/report.htm"/></xml>'
    parts = (
        (f"{_LOCATION}/report.htm", 'text/html; charset="gb2312"', to_word_html(source)),
        (f"{_LOCATION}/filelist.xml", 'text/xml; charset="utf-8"', listed.encode()),
    )
    lines = [
        "MIME-Version: 1.0",
        f'Content-Type: multipart/related; boundary="{_BOUNDARY}"',
        "",
        "此文档为“单个文件网页”，也称为“Web 档案”文件。",
    ]
    for location, media_type, content in parts:
        encoded = textwrap.wrap(base64.b64encode(content).decode("ascii"), 76)
        head = [f"Content-Location: {location}", "Content-Transfer-Encoding: base64", f"Content-Type: {media_type}"]
        lines += ["", f"--{_BOUNDARY}", *head, "", *encoded]
    return "\r\n".join([*lines, "", f"--{_BOUNDARY}--", ""]).encode("gb18030")
