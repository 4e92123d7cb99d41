"""What the crawl asks of a page, and a child process answers: pages come from outside, as documents do.

Nothing here knows Scrapy, whose import would make every child slow to start.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

from crawler.documents.sniff import sniff
from crawler.forms.catalogue import FORM_VERSIONS, load_form
from crawler.portals import families
from crawler.portals.article import parse_article
from crawler.portals.discovery import Stage, Step, examine, page_role
from crawler.portals.families.rows import is_list_url
from crawler.portals.model import ArticlePage, ListPage, ListRequest, ListShapeError, Portal
from crawler.portals.scripting import is_written_by_script
from crawler.revisit import fingerprint

MIN_HEADINGS = 3
"""Headings of the form by which a shorter text is part of a report, whose tables are attached."""

Answer_co = TypeVar("Answer_co", covariant=True)
T = TypeVar("T")


class Question(Protocol[Answer_co]):
    """Can be pickled, as its answer can."""

    def answer(self, content: bytes) -> Answer_co:
        """What the page says. Raises ``ValueError`` for a page over a limit, `ListShapeError` for a list of another shape."""


# None of these has slots: what has them is pickled by Python code (3.11), and there are thousands a minute.
@dataclass(frozen=True)
class Answered(Generic[T]):
    """What a child sends back: the answer, or why the page has none."""

    answer: T | None = None
    refusal: ListShapeError | ValueError | None = None


def answer(content: bytes, question: Question[T]) -> Answered[T]:
    """The child's function."""
    try:
        return Answered(question.answer(content))
    except ListShapeError as error:
        return Answered(refusal=error)
    except ValueError as error:
        if type(error) is not ValueError:
            raise
        return Answered(refusal=error)


@dataclass(frozen=True)
class Body:
    """An article's own text as a document: of its bytes the digest, the kind and the number; its characters, white space left
    out; whether it stands under headings of the form."""

    sha256: str
    media_type: str
    size: int
    characters: int
    has_sections: bool


@dataclass(frozen=True)
class ArticleReading:
    """An article, without its texts, and the fingerprint of what it says."""

    article: ArticlePage
    body: Body
    fingerprint: str


@dataclass(frozen=True)
class ArticleQuestion:
    """What stands on the article behind a row? ``None``: it is a column under a report's name."""

    url: str
    encoding: str | None = None

    def answer(self, content: bytes) -> ArticleReading | None:
        """See the class."""
        if is_list_url(self.url) and page_role(content, self.url, self.encoding) == "column":
            return None
        article = parse_article(content, self.url, self.encoding)
        text = article.body_text
        digest = hashlib.sha256(content).hexdigest()
        body = Body(digest, sniff(content), len(content), len(text), prints_sections(text))
        return ArticleReading(replace(article, body_text="", outer_tables=""), body, fingerprint(article))


@dataclass(frozen=True, slots=True)
class ListQuestion:
    """Which rows and further pages does a part of a column's list have?"""

    url: str
    portal: Portal
    part: ListRequest | None = None

    def answer(self, content: bytes) -> ListPage:
        """See the class."""
        if self.part is not None:
            return families.read_answer(content, self.part)
        return families.read_list(content, self.url, family=self.portal.family, encoding=self.portal.encoding)


@dataclass(frozen=True, slots=True)
class TurnedListQuestion:
    """The same of a list that a browser turned page by page: the first is the content, the ``others`` follow. All are UTF-8."""

    url: str
    portal: Portal
    others: tuple[bytes, ...] = ()

    def answer(self, content: bytes) -> ListPage:
        """All of them as one."""
        pages = [
            families.read_list(page, self.url, family=self.portal.family, encoding="utf-8") for page in (content, *self.others)
        ]
        first = pages[0]
        items = {item.url: item for page in pages for item in page.items}
        return replace(
            first,
            items=tuple(items.values()),
            next_pages=tuple(dict.fromkeys(url for page in pages for url in page.next_pages)),
            # Each page that was turned by its button counts: the list's own number of pages is met by them.
            declared_pages=None if len(pages) >= (first.declared_pages or 0) else first.declared_pages,
        )


@dataclass(frozen=True, slots=True)
class StepQuestion:
    """What is a page on the way to the column, and where does it lead?"""

    url: str
    stage: Stage
    portal: Portal

    def answer(self, content: bytes) -> Step:
        """See `crawler.portals.discovery.examine`."""
        return examine(content, self.url, self.portal, self.stage)


@dataclass(frozen=True, slots=True)
class ScriptQuestion:
    """May a page without rows have them written by its script?"""

    encoding: str | None = None

    def answer(self, content: bytes) -> bool:
        """See `crawler.portals.scripting.is_written_by_script`."""
        return is_written_by_script(content, self.encoding)


def prints_sections(text: str) -> bool:
    """Whether a text, without white space, stands under headings of the form, however short it is."""
    sections = load_form(FORM_VERSIONS[-1]).sections
    return sum(any(words in text for words in (section.heading, *section.variants)) for section in sections) >= MIN_HEADINGS
