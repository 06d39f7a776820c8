"""What a playbook may say already and this version does not do yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rollback.playbook.schema import Playbook


def refused(playbook: Playbook) -> tuple[str, ...]:
    """What can't be left out without changing what a green release means."""
    return ("ledger: a ledger in PostgreSQL is not built yet",) if playbook.ledger.startswith("postgresql") else ()


def left_out(playbook: Playbook) -> tuple[str, ...]:
    """What is only less than was asked for: the gate still decides."""
    windows = [
        f"environments.{name}.verify.watch: watching after the last wave is not built yet; the gate decides alone"
        for name, written in playbook.environments.items()
        if written.verify.watch
    ]
    idle = [
        f"checks.{check.name}: it is for the watch only, which is not built yet; it is not asked in a deploy"
        for check in playbook.checks
        if "gate" not in check.phase
    ]
    return (*windows, *idle)
