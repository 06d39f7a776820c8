"""Where a ledger's database is: on this machine, outside the repository, one file for each playbook; or on a server."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_data_dir

from rollback.errors import UsageError
from rollback.text import clean_line

if TYPE_CHECKING:
    from sqlalchemy import URL

SQLITE = "sqlite:///"


def location(playbook_file: Path, app: str) -> Path:
    """The default database of a playbook: two checkouts with an app of the same name do not share one."""
    mark = hashlib.sha256(os.fsencode(playbook_file.resolve())).hexdigest()[:8]
    return Path(user_data_dir("rollback")) / f"{app}-{mark}.sqlite3"


def resolved(url: str, playbook_file: Path, app: str) -> str:
    """The playbook's `ledger` as a full URL: `sqlite` is the default place, a relative path starts at the playbook."""
    if url == "sqlite":
        return f"{SQLITE}{location(playbook_file, app)}"
    if url.startswith(SQLITE):
        return f"{SQLITE}{playbook_file.resolve().parent / url.removeprefix(SQLITE)}"
    return url


def is_postgres(url: str) -> bool:
    return url.startswith(("postgresql:", "postgresql+psycopg:", "postgres:"))


def address(url: str) -> Path | URL:
    """A ledger's file, or its server, with every ${NAME} still to be filled in. Raises UsageError; it shows no
    password."""
    if not is_postgres(url):
        return file_of(url)
    from rollback.ledger import server  # brings SQLAlchemy in

    return server.address(url)


def file_of(url: str) -> Path:
    """The file that a `sqlite:///path` URL means. Raises UsageError for every other kind of URL."""
    kind = clean_line(url.partition(":")[0], 40)  # never the rest: it may hold a password
    path = url.removeprefix(SQLITE)
    if not url.startswith(SQLITE) or not path or "\0" in path:
        hint = "use `ledger: sqlite`, `ledger: sqlite:///path` or `ledger: postgresql+psycopg://HOST/NAME`"
        raise UsageError(f"not a ledger: {kind!r}", hint=hint)
    return Path(path).absolute()
