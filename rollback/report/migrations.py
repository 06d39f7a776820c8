"""What a plan says of the database: which migrations lie on the way, and whether there is a way back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rollback.core.barrier import crossed, said, since_live
from rollback.model import Between, Kind, Migration, Plan
from rollback.report import words

_NAMED = 6  # migrations; more are counted


def lines(plan: Plan) -> Iterable[str]:
    """One line a release that is live and not the target."""
    told = _deployed if plan.kind is Kind.DEPLOY else _returned
    return (f"  database  {line}" for one in since_live(plan) for line in told(one, plan))


def barrier(plan: Plan) -> Iterable[str]:
    """What bars the way back, and what is crossed because a person says so."""
    if plan.barrier:
        yield f"  barrier   {said(plan.barrier)}: from here there is no automatic way back"
    if gone := crossed(plan):
        yield f"  barrier   crossed: {said(gone)} can't be taken back"


def _deployed(one: Between, plan: Plan) -> Iterable[str]:
    if one.old is None and not any(live for _, live in plan.live):
        yield f"every migration of {words.tag(one.new)}: nothing is live yet"
    elif not one.known:
        yield _unknown(one)
    elif one.added:
        yield f"{_counted(one.added)} since {_old(one)}: {listed(one.added)}"
    if one.gone:
        yield f"stays ahead of {words.tag(one.new)} by {_counted(one.gone)}: {listed(one.gone)}"
    elif one.known and not one.added:
        yield f"no migrations since {_old(one)}"


def _returned(one: Between, _: Plan) -> Iterable[str]:
    """Code goes back alone."""
    if not one.known:
        yield _unknown(one)
    if one.gone:
        yield f"stays as it is, ahead of {words.tag(one.new)} by {_counted(one.gone)}: {listed(one.gone)}"
    if one.added:
        yield f"{words.tag(one.new)} counts on {_counted(one.added)}, and none is run: {listed(one.added)}"
    if one.known and not one.gone and not one.added:
        yield f"no migrations between {_old(one)} and {words.tag(one.new)}"


def _unknown(one: Between) -> str:
    return f"which migrations lie between {_old(one)} and {words.tag(one.new)} is not known here"


def _old(one: Between) -> str:
    return words.tag(one.old) if one.old else "what is live"


def _counted(some: Sequence[Migration]) -> str:
    return words.count(len(some), "migration")


def listed(some: Sequence[Migration]) -> str:
    """`0002_phone.sql 0003_drop.sql (irreversible)`"""
    named = [f"{one.name} (irreversible)" if one.irreversible else one.name for one in some[:_NAMED]]
    more = f" and {len(some) - _NAMED} more" if len(some) > _NAMED else ""
    return " ".join(named) + more
