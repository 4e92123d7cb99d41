"""The rules a report is checked against, as data (``rules.toml``)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from crawler.forms.catalogue import FORM_VERSIONS

PREVIOUS_YEAR = "[t-1]"


@dataclass(frozen=True, slots=True)
class Operand:
    """One term of a comparison: a metric key, its sign, and whether it is last year's."""

    key: str
    sign: int = 1
    previous: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. Either ``left relation right`` over operands, or the name of the ``function`` that judges it.

    ``forms`` is a form version, ``both``, or ``<version> both years``. ``item`` is what ``{item}`` stood for.
    """

    id: str
    kind: str
    forms: str
    severity: str
    note: str
    left: tuple[Operand, ...] = ()
    relation: str = ""
    right: tuple[Operand, ...] = ()
    function: str = ""
    item: str = ""
    limits: Mapping[str, float] = field(default_factory=dict)

    @property
    def versions(self) -> tuple[str, ...]:
        """The form versions it applies to."""
        return tuple(version for version in FORM_VERSIONS if self.forms == "both" or self.forms.startswith(version))

    @property
    def operands(self) -> tuple[Operand, ...]:
        """Both sides' terms."""
        return self.left + self.right


@dataclass(frozen=True, slots=True)
class RuleBook:
    """Every rule in order, and how far sums may differ: ``tolerance`` by ``counts`` and ``amounts``."""

    rules: tuple[Rule, ...]
    tolerance: Mapping[str, float]


@cache
def load_rules() -> RuleBook:
    """The rules of every kind and form."""
    data = tomllib.loads(files(__package__).joinpath("rules.toml").read_text(encoding="utf-8"))
    lists: Mapping[str, list[str]] = data["lists"]
    rules = [_rule(template, item, lists) for template in data["rule"] for item in lists.get(template.get("each", ""), [""])]
    return RuleBook(tuple(rules), data["tolerance"])


def _rule(template: Mapping[str, Any], item: str, lists: Mapping[str, list[str]]) -> Rule:
    parts = lists[template["parts"]] if "parts" in template else [""]
    return Rule(
        id=template["id"].format(item=item),
        kind=template["kind"],
        forms=template["forms"],
        severity=template["severity"],
        note=template.get("official", template.get("note", "")),
        left=_operands(template.get("left", ()), item, parts),
        relation=template.get("relation", ""),
        right=_operands(template.get("right", ()), item, parts),
        function=template.get("function", ""),
        item=item,
        limits={key: value for key, value in template.items() if isinstance(value, int | float)},
    )


def _operands(patterns: list[str], item: str, parts: list[str]) -> tuple[Operand, ...]:
    keys = [
        key
        for pattern in patterns
        for key in (
            [pattern.format(item=item, part=part) for part in parts] if "{part}" in pattern else [pattern.format(item=item)]
        )
    ]
    return tuple(
        Operand(
            key.removeprefix("-").removesuffix(PREVIOUS_YEAR), -1 if key.startswith("-") else 1, key.endswith(PREVIOUS_YEAR)
        )
        for key in keys
    )
