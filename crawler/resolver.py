"""DNS that never answers with an address of this machine or its network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from scrapy.resolver import CachingThreadedResolver

from crawler.failures import RefusedRequest
from crawler.outcomes import Outcome
from crawler.portals.addresses import is_private_address

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrapy.crawler import Crawler
    from twisted.internet.base import ReactorBase
    from twisted.internet.defer import Deferred


class GuardedResolver(CachingThreadedResolver):
    """Scrapy's resolver, refusing names that lead to loopback, link-local and private addresses.

    A public name that resolves to such an address is how a redirect or a hostile zone reaches inside; the check on the
    URL alone cannot see it.
    """

    def __init__(self, reactor: ReactorBase, cache_size: int, timeout: float, *, allow_private: bool) -> None:
        super().__init__(reactor, cache_size, timeout)
        self.allow_private = allow_private

    @classmethod
    def from_crawler(cls, crawler: Crawler, reactor: ReactorBase) -> Self:
        """Wire the resolver to the settings."""
        settings = crawler.settings
        return cls(
            reactor,
            settings.getint("DNSCACHE_SIZE") if settings.getbool("DNSCACHE_ENABLED") else 0,
            settings.getfloat("DNS_TIMEOUT"),
            allow_private=settings.getbool("ALLOW_PRIVATE_ADDRESSES"),
        )

    def getHostByName(self, name: str, timeout: Sequence[int] = ()) -> Deferred[str]:  # noqa: N802 - Twisted's name
        """Resolve ``name``; fails with `RefusedRequest` where the address is not public."""
        return super().getHostByName(name, timeout).addCallback(self._guard, name)

    def _guard(self, address: str, name: str) -> str:
        # An address literal was judged by the address guard, which knows the sample portals.
        if not self.allow_private and name != address and is_private_address(address):
            raise RefusedRequest(Outcome.FAILED, f"the name {name} leads to the private address {address}: refused")
        return address
