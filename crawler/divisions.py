"""The administrative divisions that organisation names are resolved against."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import TYPE_CHECKING

from crawler.portals import registry

if TYPE_CHECKING:
    from collections.abc import Iterator

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


class RegisteredDivisions:
    """The same, told apart from those of another day without a look into them: reading every province takes half a second."""

    def __iter__(self) -> Iterator[Division]:
        return iter(registered_divisions())

    @property
    def digest(self) -> str:
        """Of the registry's files."""
        digest = hashlib.sha256()
        for province in registry.registered_provinces():
            digest.update(registry.province_file(province).read_bytes() + b"\0")
        return digest.hexdigest()
