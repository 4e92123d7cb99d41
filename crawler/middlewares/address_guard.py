"""Nothing is asked of a host that is not on the allow-list, nor of a private address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from crawler.failures import RefusedRequest
from crawler.outcomes import Outcome
from crawler.portals.addresses import is_private_address

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler


class AddressGuardMiddleware:
    """Refuses requests by scheme, by address literal and by host, redirects included.

    A request carries ``meta["allow_hosts"]`` (a frozen set of ``host`` or ``host:port``); without it only the scheme and the
    address are judged. ``meta["allow_private"]`` names the one ``host:port`` of a sample portal.
    """

    def __init__(self, *, allow_private: bool) -> None:
        self.allow_private = allow_private

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Wire the guard to the settings."""
        return cls(allow_private=crawler.settings.getbool("ALLOW_PRIVATE_ADDRESSES"))

    def process_request(self, request: Request) -> None:
        """Raise `RefusedRequest` for a request that must not leave this machine."""
        parts = urlsplit(request.url)
        origin = " (a redirect from there)" if request.meta.get("redirect_urls") else ""
        if parts.scheme not in ("http", "https"):
            raise RefusedRequest(Outcome.FAILED, f"{request.url}: only http and https are read{origin}")
        host = parts.hostname or ""
        private = host == "localhost" or host.endswith(".localhost") or is_private_address(host)
        if private and not self.allow_private and parts.netloc not in request.meta.get("allow_private", ()):
            raise RefusedRequest(
                Outcome.FAILED,
                f"{request.url}{origin}: loopback and private addresses are refused; "
                "set ALLOW_PRIVATE_ADDRESSES=True only for a portal of your own",
            )
        allowed = request.meta.get("allow_hosts")
        if allowed is not None and not {host, parts.netloc} & allowed:
            kind = "the private address" if private else "host"
            raise RefusedRequest(
                Outcome.FAILED,
                f"{request.url}{origin}: {kind} {parts.netloc} is not on the portal's allow-list; "
                "if it is the portal's own store, add it to allow_hosts in the registry",
            )
