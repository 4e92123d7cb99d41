"""The families: one module each, which puts a portal's pages and interfaces on its site.

Written from the facts gathered about such portals, and on purpose not from the crawler's parsers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from tests.nation.cms import (
    create_page,
    ex8,
    gkmlpt,
    hanweb_jpage,
    hanweb_xxgk,
    henan,
    jpaas,
    kaipu,
    nfcms,
    plain,
    query_list,
    sichuan,
    trs,
    vsb,
)

if TYPE_CHECKING:
    from tests.nation.web import Site

BUILDERS: Mapping[str, Callable[[Site], None]] = MappingProxyType(
    {
        "henan": henan.build,
        "trs": trs.build,
        "create_page": create_page.build,
        "nfcms": nfcms.build,
        "gkmlpt": gkmlpt.build,
        "hanweb_jpage": hanweb_jpage.build,
        "hanweb_xxgk": hanweb_xxgk.build,
        "query_list": query_list.build,
        "ex8": ex8.build,
        "vsb": vsb.build,
        "kaipu": kaipu.build,
        "sichuan": sichuan.build,
        "jpaas": jpaas.build,
        "plain": plain.build,
    }
)
"""By the names of ``plan.FAMILIES``."""
