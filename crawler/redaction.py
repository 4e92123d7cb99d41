"""The last line of defence for secrets: known ones are struck out of what is logged, and children are not told of them.

No message is made with a secret in the first place; what libraries say may be another matter.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

STRUCK = "***"

SECRET_NAME = re.compile(r"PASSWORD|PASSWD|SECRET|TOKEN|CREDENTIAL|ACCESS_KEY|API_?KEY|PRIVATE_KEY|WEBHOOK", re.IGNORECASE)
"""Environment variables, settings and parts of an address whose values are told nobody."""

LEAST_LETTERS = 6
"""Below which a value is struck out nowhere: it would take half of every message with it, and protects nothing."""

_LOGIN = re.compile(r"://[^\s/?#]*?:(?P<password>.+)@", re.DOTALL)
"""The password of an address, even of one with a / or @ in it."""

_LOGIN_IN_TEXT = re.compile(r"(?<=://)[^\s/@:'\"]*:[^\s/@'\"]+@")


def secrets_of(values: Mapping[str, object]) -> set[str]:
    """What is secret in variables or settings: values by their names, passwords and tokens within addresses."""
    return {secret for name, value in values.items() if isinstance(value, str) for secret in _secrets(name, value)}


def _secrets(name: str, value: str) -> Iterator[str]:
    found = []
    if SECRET_NAME.search(name):
        found.append(value)
        if "://" in value:
            # Of a webhook the path is the secret; its host may be told.
            found += [part for part in value.partition("://")[2].partition("/")[2].split("?") if part]
    if login := _LOGIN.search(value):
        found.append(login["password"])
    if "://" in value and "?" in value:
        found += [part for key, part in parse_qsl(value.partition("?")[2]) if SECRET_NAME.search(key)]
    for secret in found:
        yield from (form for form in (secret, unquote(secret), quote(secret, safe="")) if len(form) >= LEAST_LETTERS)


class Redactor:
    """Strikes secrets out of texts."""

    def __init__(self) -> None:
        self._secrets: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def learn(self, values: Mapping[str, object]) -> None:
        """Know the secrets among ``values`` (environment, settings) from now on."""
        self._secrets |= secrets_of(values)
        if self._secrets:
            words = "|".join(re.escape(secret) for secret in sorted(self._secrets, key=len, reverse=True))
            # Whole words: the password "postgres" is not struck out of "postgresql".
            self._pattern = re.compile(rf"(?<!\w)(?:{words})(?!\w)")

    def __call__(self, text: str) -> str:
        """The text without the secrets, and without the login of any address."""
        if self._pattern is not None:
            text = self._pattern.sub(STRUCK, text)
        return _LOGIN_IN_TEXT.sub(f"{STRUCK}@", text) if "://" in text else text


redact = Redactor()
"""That of this process."""


def without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for a child that reads what comes from outside: nothing there is worth stealing."""
    return {
        name: value
        for name, value in environment.items()
        if not SECRET_NAME.search(name) and not name.startswith("PG") and not ("://" in value and _has_login(value))
    }


def _has_login(value: str) -> bool:
    try:
        return urlsplit(value).password is not None or bool(_LOGIN.search(value)) or bool(secrets_of({"": value}))
    except ValueError:
        return True
