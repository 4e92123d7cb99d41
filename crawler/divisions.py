"""The administrative divisions that organisation names are resolved against."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from crawler.portals import registry

if TYPE_CHECKING:
    from crawler.dataset.organisations import Division


@cache
def registered_divisions() -> tuple[Division, ...]:
    """Region path and GB/T 2260 code of every government of the registry, whether it has a site of its own or not."""
    found: list[Division] = []
    for province in registry.registered_provinces():
        file = registry.province_file(province)
        found += ((portal.region, portal.region_code) for portal in registry.load_portals(file))
        found += ((guest.region, guest.region_code) for guest in registry.load_shared(file))
    return tuple(found)
