"""OFD for tests: the writer of the samples, `crawler.sample.ofd`."""

from crawler.sample.ofd import (
    ASCENT,
    DRAFT_NAMESPACE,
    MARGIN,
    NAMESPACE,
    PAGE,
    Style,
    one_page,
    pack,
    table_object,
    text_object,
    to_ofd,
    width_of,
    xml,
)

__all__ = [
    "ASCENT",
    "DRAFT_NAMESPACE",
    "MARGIN",
    "NAMESPACE",
    "PAGE",
    "Style",
    "one_page",
    "pack",
    "table_object",
    "text_object",
    "to_ofd",
    "width_of",
    "xml",
]
