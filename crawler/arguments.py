"""What ``-a`` may say, understood before anything starts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from crawler.portals import registry
from crawler.portals.registry import RegistryError
from crawler.workspace import SAMPLE

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

    from crawler.portals.model import Portal
    from crawler.sample.server import SampleServer


@dataclass(frozen=True, slots=True)
class CrawlArguments:
    """The portals to crawl, the reporting years to fetch (``None``: all), and the sample portals' server if they are meant."""

    portals: tuple[Portal, ...]
    years: range | None = None
    sample: SampleServer | None = None

    @classmethod
    def parse(
        cls,
        settings: BaseSettings,
        *,
        default_province: str | None,
        portals: str | None = None,
        years: str | None = None,
        region: str | None = None,
        province: str | None = None,
    ) -> Self:
        """Understand the arguments of a spider; starts the sample portals for ``portals=sample``.

        Args:
            default_province: the spider's own.
            portals: ``sample`` or the path of a portals file; the registry of the province without it.
            years: ``2019-2024`` or ``2023``.
            region: a name in the portals' region path, e.g. ``洛阳市``.
            province: for spiders that have none of their own.

        Raises:
            ValueError: an argument cannot be understood; the message says which.
            OSError: the sample portals cannot be served; the message says why.
        """
        chosen_years = parse_years(years)
        sample = _serve_sample(settings) if portals == SAMPLE else None
        if sample is not None:
            chosen = registry.load_portals(sample.portals_toml().encode())
        elif portals:
            chosen = registry.load_portals(portals)
        elif province or default_province:
            chosen = registry.load_province(province or default_province or "")
        else:
            raise RegistryError("name a province (-a province=江西省) or a portals file (-a portals=FILE.toml)")
        if region:
            chosen = tuple(portal for portal in chosen if region in portal.region.split("/"))
            if not chosen:
                hint = registry.shared_hint(region)
                raise RegistryError(f"no portal lies in the region {region!r}{hint}; see `scrapy portals`")
        return cls(chosen, chosen_years, sample)


def _serve_sample(settings: BaseSettings) -> SampleServer:
    from crawler.sample.server import SampleServer  # no real crawl needs the generator behind it

    return SampleServer(port=settings.getint("SAMPLE_PORT")).start()


def parse_years(text: str | None) -> range | None:
    """The years of ``2019-2024`` or ``2023``; ``None`` for no text.

    Raises:
        ValueError: the text is neither.

    >>> list(parse_years("2019-2021"))
    [2019, 2020, 2021]
    """
    if not text:
        return None
    match = re.fullmatch(r"\s*(\d{4})\s*(?:-\s*(\d{4})\s*)?", text)
    if match is None:
        raise ValueError(f"years={text!r} is neither a year (2023) nor a range of years (2019-2024)")
    first = int(match[1])
    last = int(match[2] or first)
    if last < first:
        raise ValueError(f"years={text!r} ends before it begins")
    return range(first, last + 1)
