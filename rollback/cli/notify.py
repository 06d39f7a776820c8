"""Whom an environment tells, and a trial of it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rollback.cli.options import Options
from rollback.cli.reply import Reply
from rollback.cli.session import Session
from rollback.cli.telling import trial
from rollback.text import clean_line

if TYPE_CHECKING:
    from rollback.playbook.notify import Notify

_TROUBLE = 5
Row = tuple["Notify", str]  # a target, and what is wrong with it


def notify(options: Options, test: bool) -> Reply:
    """test: tell each of them something."""
    with Session(options) as session:
        name = session.environment.name
        if not session.environment.notify:
            said = f"nobody is told what happens to {name}: the playbook's notify has no target for it"
            return Reply((), (said,), 0, said, "rollback schema")
        tried = test and not options.dry_run
        rows = _tried(session) if tried else _looked_at(session)
        amiss = [one.name for one, why in rows if why]
        done = "were told" if tried else "can be told"
        said = f"not every target of {name}: {', '.join(amiss)}" if amiss else f"all targets of {name} {done}"
        hint = "mend that, then rollback notify --test" if amiss else "" if tried else "rollback notify --test"
        return Reply(_data(rows), tuple(_line(*row, tried=tried) for row in rows), _TROUBLE if amiss else 0, said, hint)


def _looked_at(session: Session) -> Sequence[Row]:
    """Nobody is asked anything."""
    from rollback.notify.targets import Unready, target

    made = [(one, target(one, session.secrets.resolve, os.environ)) for one in session.environment.notify]
    return [(one, its.why if isinstance(its, Unready) else "") for one, its in made]


def _tried(session: Session) -> Sequence[Row]:
    """All at once, each for as long as it may take."""
    from rollback.ledger.ids import ulid
    from rollback.notify.targets import post

    message = trial(session, ulid())
    posts = [(one, post((one,), session.secrets.resolve, os.environ)) for one in session.environment.notify]
    for _, its in posts:
        its.send(message)
    return [(one, "; ".join(its.settle())) for one, its in posts]


def _line(one: Notify, why: str, *, tried: bool) -> str:
    from rollback.playbook.notify import MOMENTS

    if why:
        return f"✗ {why}" if why.startswith(one.name) else f"✗ {one.name}: {why}"
    moments = "every moment" if set(one.moments) == set(MOMENTS) else " ".join(one.moments)
    return f"✓ {one.name} was told by {one.kind}" if tried else f"✓ {one.name}: {one.kind}, {moments}"


def _data(rows: Sequence[Row]) -> list[dict[str, object]]:
    return [
        {"name": one.name, "kind": one.kind, "moments": list(one.moments), "problem": clean_line(why)}
        for one, why in rows
    ]
