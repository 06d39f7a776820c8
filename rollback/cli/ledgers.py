"""Which ledger a command reads and writes: the playbook's, or the one that ROLLBACK_LEDGER names."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from platformdirs import user_state_path

from rollback.errors import UsageError
from rollback.events import Noticed
from rollback.ledger.place import resolved
from rollback.ledger.store import Ledger

if TYPE_CHECKING:
    from rollback.cli.session import Session


def opened(session: Session) -> Ledger:
    """Raises: UsageError, for what is no ledger."""
    return Ledger.open(
        url(session),
        app=session.playbook.app,
        environment=session.environment.name,
        waiting=user_state_path("rollback") / "waiting",
        redact=session.secrets.redact,
        tell=session.tell,
        secret=session.secrets.resolve,
    )


def url(session: Session) -> str:
    """A secret that is not set stops no rollback, be it the whole URL."""
    book = session.playbook
    named = os.environ.get("ROLLBACK_LEDGER") or book.ledger
    try:
        found = session.secrets.resolve(named) if named.startswith("${") else named
    except UsageError as error:
        session.tell(Noticed(f"{error}: going by this machine's own ledger"))
        found = "sqlite"
    return resolved(found, book.file, book.app)
