"""What a report's own words say of where its organisation is, asked where name and portal leave several places open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from crawler.dataset.organisation_names import GOVERNMENT, STREET, governing_zones, normalise_name, short_name
from crawler.dataset.organisations import CERTAIN, LIKELY, WEAK, Gazetteer, Organisation

IN_ADDRESS, IN_TEXT, WITHOUT_UNIT, ABOVE = 8, 4, 2, 1
"""How much it says that a county is named in the address, in the text, without its unit, or that its prefecture is named."""
ZONE_WORD = "示范区"


def settle_by_words(
    organisation: Organisation, name: str | None, record: Mapping[str, Any], gazetteer: Gazetteer, titles: Sequence[str] = ()
) -> Organisation:
    """The organisation with its place told by the report's address and text, where they name just one of the candidates.

    Args:
        organisation: as resolved by name and portal; returned as it is where it has no candidates or the words do not tell.
        name: as it was resolved.
        record: for ``contact`` and ``text``.
        titles: what links and pages call the report.
    """
    if not organisation.candidates or not name:
        return organisation
    address, text = _words(record, titles, organisation)
    if organisation.org_id is not None and _weight(organisation.region_path or "", address, text, gazetteer)[0] > ABOVE:
        return organisation  # The portal's own place is named: no reason to look elsewhere.
    found = {path: _weight(path, address, text, gazetteer) for path in organisation.candidates}
    if len(found) == 1 and organisation.org_id is None:
        found = {path: _with_zone(path, weight, text, gazetteer) for path, weight in found.items()}
    most = max(weight for weight, _ in found.values())
    best = [path for path, (weight, _) in found.items() if weight == most]
    if len(best) != 1 or most < (IN_TEXT if organisation.org_id else ABOVE):
        return organisation
    weight, said = found[best[0]]
    settled = gazetteer.resolve(name, best[0], gazetteer.code(best[0]))
    if settled.org_id is None or settled.region_path != best[0]:
        return organisation
    evidence = (*said, *(word for word in settled.evidence if not word.startswith("portal")))
    return replace(settled, evidence=evidence, confidence=LIKELY if weight >= IN_TEXT else WEAK, candidates=())


def by_same_text(organisation: Organisation, portal: str) -> Organisation:
    """The organisation as another portal's copy of the same text settled it."""
    confidence = LIKELY if organisation.confidence == CERTAIN else organisation.confidence
    return replace(organisation, evidence=(f"same_text: {portal}", *organisation.evidence), confidence=confidence)


def _words(record: Mapping[str, Any], titles: Sequence[str], organisation: Organisation) -> tuple[str, str]:
    """The address and the text without a town's own name, which may hold a county's (新安镇)."""
    is_town = organisation.org_type in {"township", "street"}
    own = organisation.own_name.removesuffix(GOVERNMENT).removesuffix(STREET) if is_town else ""
    address = normalise_name((record.get("contact") or {}).get("address") or "")
    text = normalise_name("\n".join((*titles, record.get("text") or "")))
    return (address.replace(own, ""), text.replace(own, "")) if len(own) > 1 else (address, text)


def _weight(path: str, address: str, text: str, gazetteer: Gazetteer) -> tuple[int, tuple[str, ...]]:
    weight, said = 0, []
    *above, county = path.split("/")
    for source, words, worth in (("address", address, IN_ADDRESS), ("text", text, IN_TEXT)):
        named = next((name for name in _names(county, path, gazetteer) if name in words), None)
        if named:
            weight += worth
            said.append(f"{source}: {named}")
    if not weight and len(stem := short_name(county)[:-1]) > 1 and (stem in address or stem in text):
        weight += WITHOUT_UNIT
        said.append(f"text: {stem}")
    for name in above[1:]:
        if name in address or name in text or (len(name) > 2 and (name[:-1] in address or name[:-1] in text)):
            weight += ABOVE
            said.append(f"text: {name}")
    return weight, tuple(said)


def _names(county: str, path: str, gazetteer: Gazetteer) -> Iterator[str]:
    yield county
    yield short_name(county)
    code = gazetteer.code(path)
    yield from (zone for zone, governed in governing_zones().items() if governed == code)


def _with_zone(path: str, weight: tuple[int, tuple[str, ...]], text: str, gazetteer: Gazetteer) -> tuple[int, tuple[str, ...]]:
    """The only candidate, where the report speaks of the zone that governs it without its name."""
    if weight[0] or ZONE_WORD not in text or gazetteer.code(path) not in governing_zones().values():
        return weight
    return ABOVE, (f"text: {ZONE_WORD}",)
