"""What a playbook may say already and this version does not do yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rollback.playbook.schema import Playbook


def refused(playbook: Playbook) -> tuple[str, ...]:
    """What can't be left out without changing what a green release means."""
    return ("ledger: a ledger in PostgreSQL is not built yet",) if playbook.ledger.startswith("postgresql") else ()
