"""What a report's own words say of where its organisation is, asked where name and portal leave several places open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
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
        gazetteer: that resolved it.
        titles: what links and pages call the report.
    """
    if not organisation.candidates or not name:
        return organisation
    words = _Words(record, titles, organisation)
    candidates = organisation.candidates
    if organisation.region_path is not None:
        # The portal's own place is named, or nothing of its province is: no reason to look elsewhere.
        if _weight(organisation.region_path, words, gazetteer)[0] > ABOVE:
            return organisation
        province = organisation.region_path.split("/")[0]
        candidates = tuple(path for path in candidates if path.startswith(f"{province}/"))
    found = {path: _weight(path, words, gazetteer) for path in candidates}
    if len(found) == 1 and organisation.org_id is None:
        found = {path: _with_zone(path, weight, words, gazetteer) for path, weight in found.items()}
    most = max((weight for weight, _ in found.values()), default=0)
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


class _Words:
    """The address and the text of a report without a town's own name, which may hold a county's (新安镇)."""

    def __init__(self, record: Mapping[str, Any], titles: Sequence[str], organisation: Organisation) -> None:
        is_town = organisation.org_type in {"township", "street"}
        own = organisation.own_name.removesuffix(GOVERNMENT).removesuffix(STREET) if is_town else ""
        address = normalise_name((record.get("contact") or {}).get("address") or "")
        # Only white space goes: what else normalising does is dear on a whole text and rare in one.
        text = "".join("\n".join((*titles, record.get("text") or "")).split())
        self._places = tuple(place.replace(own, "") if len(own) > 1 else place for place in (address, text))
        self._found: dict[str, tuple[bool, ...]] = {}

    def name(self, name: str) -> tuple[bool, ...]:
        """Whether a name stands in the address, and in the text."""
        if name not in self._found:
            self._found[name] = tuple(name in place for place in self._places)
        return self._found[name]


def _weight(path: str, words: _Words, gazetteer: Gazetteer) -> tuple[int, tuple[str, ...]]:
    weight, said = 0, []
    *above, county = path.split("/")
    stem = _short(county)[:-1]
    names = [zone for zone, governed in governing_zones().items() if governed == gazetteer.code(path)]
    stem_stands = any(words.name(stem if len(stem) > 1 else county))
    if stem_stands:
        names = [county, _short(county), *names]
    for place, (source, worth) in enumerate((("address", IN_ADDRESS), ("text", IN_TEXT))):
        named = next((name for name in names if words.name(name)[place]), None)
        if named:
            weight += worth
            said.append(f"{source}: {named}")
    if not weight and stem_stands:
        weight += WITHOUT_UNIT
        said.append(f"text: {stem}")
    for name in above[1:]:
        if any(words.name(name[:-1] if len(name) > 2 else name)):
            weight += ABOVE
            said.append(f"text: {name}")
    return weight, tuple(said)


@cache
def _short(county: str) -> str:
    return short_name(county)


def _with_zone(
    path: str, weight: tuple[int, tuple[str, ...]], words: _Words, gazetteer: Gazetteer
) -> tuple[int, tuple[str, ...]]:
    """The only candidate, where the report speaks of the zone that governs it without its name."""
    if weight[0] or not words.name(ZONE_WORD)[1] or gazetteer.code(path) not in governing_zones().values():
        return weight
    return ABOVE, (f"text: {ZONE_WORD}",)
