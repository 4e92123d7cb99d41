"""The way to the ledger's PostgreSQL for what is not the ledger: the queue's connections and the locks."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any

from crawler.dataset.connections import POSTGRES_DEFAULTS, POSTGRES_DRIVER, LedgerError, address

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

NAME_BYTES = 63
"""What PostgreSQL keeps of an application's name."""


def is_shared(url: str) -> bool:
    """Whether the ledger is one that several machines can use."""
    return address(url).drivername == POSTGRES_DRIVER


def shared_url(settings: BaseSettings) -> str:
    """The address of the ledger that workers share.

    Raises:
        LedgerError: there is none: the ledger is a file, and one machine needs no workers.
    """
    url: str = settings["DATABASE_URL"] or ""
    if not url or not is_shared(url):
        raise LedgerError(
            "workers share a ledger in PostgreSQL: set DATABASE_URL=postgresql+psycopg://user@host/name in the environment."
            " With the default, a SQLite file, `scrapy crawl` does all of the work by itself and needs no worker"
        )
    return url


def connection_arguments(url: str, purpose: str) -> dict[str, Any]:
    """What psycopg is given to connect, as SQLAlchemy would; ``purpose`` tells the connection from others in the server.

    Raises:
        LedgerError: the address cannot be understood.
    """
    parsed = address(url)
    dialect = parsed.get_dialect()()
    _, arguments = dialect.create_connect_args(parsed)
    return {**POSTGRES_DEFAULTS, **arguments, "application_name": application_name(purpose)}


def application_name(purpose: str) -> str:
    """Who holds a connection, for people: ``ogi <purpose> <machine> <process>``."""
    end = f" {os.getpid()}"
    name = f"ogi {purpose} {socket.gethostname()}".encode("ascii", "replace")
    return name[: NAME_BYTES - len(end)].decode("ascii") + end
