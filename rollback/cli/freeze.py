"""The commands that stop deploys to an environment, and let them go ahead again. Ways back are never stopped."""

from __future__ import annotations

from rollback.cli.keep import noted
from rollback.cli.options import Options
from rollback.cli.reply import Reply
from rollback.cli.session import Session
from rollback.cli.telling import frozen
from rollback.errors import UsageError
from rollback.model import Frozen, Unfrozen


def freeze(options: Options, reason: str) -> Reply:
    return _told(options, Frozen(_said(reason)))


def unfreeze(options: Options, reason: str) -> Reply:
    return _told(options, Unfrozen(_said(reason)))


def _said(reason: str) -> str:
    if not reason.strip():
        raise UsageError("--reason is empty: say why, it is kept in the ledger")
    return reason


def _told(options: Options, fact: Frozen | Unfrozen) -> Reply:
    with Session(options) as session:
        sightings = session.sight()
        name, before = session.environment.name, session.known().freeze
        if isinstance(fact, Unfrozen) and before is None:
            said = f"{name} is not frozen"
            return Reply({"freeze": None}, (said,), 0, said, "rollback deploy TAG")
        if options.dry_run:
            said = "dry run: nothing was changed"
            return Reply({"freeze": before}, (said,), 0, said, "the same without --dry-run")
        entries = noted(session, sightings, fact)
        frozen(session, entries.operation, fact)
        after = session.known().freeze
        said = f"{name}: {after}" if after else f"{name} is no longer frozen: deploys may go ahead"
        hint = "rollback unfreeze --reason '…', once it is over" if after else "rollback deploy TAG"
        return Reply({"operation": entries.operation, "freeze": after}, (said,), 0, said, hint)
