"""Which migrations lie between the releases of a plan, and whether one of them bars the way back. Pure.

What git told at each deploy is recorded, and joined here for any two releases: whoever goes back asks no git.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from rollback.core.left import Left, Rest
from rollback.errors import Refused
from rollback.model import Between, Kind, Migration, Phase, Plan, Record, Release, Result, Step

Tell = Callable[[Release, Release], Between]  # what lies between an old release and a new one


def recorded(records: Iterable[Record]) -> Tell:
    """By what was recorded: known where a chain of deploys leads from one release to the other, in any direction."""
    ways: dict[str, list[Between]] = defaultdict(list)
    for fact in (one.fact for one in records if isinstance(one.fact, Between)):
        if fact.old is not None:
            ways[fact.old.commit].append(fact)
            ways[fact.new.commit].append(Between(fact.new, fact.old, fact.gone, fact.added))
    return lambda old, new: _joined(ways, old, new)


def _joined(ways: Mapping[str, Sequence[Between]], old: Release, new: Release) -> Between:
    """By the shortest chain."""
    reached, waiting = {old.commit: Between(old, new)}, deque([old.commit])
    while waiting and new.commit not in reached:
        here = waiting.popleft()
        for step in ways.get(here, ()):
            if step.new.commit not in reached:
                reached[step.new.commit] = _after(reached[here], step)
                waiting.append(step.new.commit)
    return reached.get(new.commit) or Between(old, new, known=False)


def _after(way: Between, step: Between) -> Between:
    """What was added and is gone again is neither."""
    added = set(way.added) - set(step.gone) | set(step.added) - set(way.gone)
    gone = set(way.gone) - set(step.added) | set(step.gone) - set(way.added)
    return replace(way, added=_sorted(added), gone=_sorted(gone))


def _sorted(some: Iterable[Migration]) -> tuple[Migration, ...]:
    return tuple(sorted(some, key=lambda one: (one.name, one.content)))


def weighed(plan: Plan, releases: Mapping[str, Release], tell: Tell, *, run: bool) -> Plan:
    """The plan with what lies between what is live, or its fallback, and its target.

    run: a deploy has the step that runs them, unless it is certain that there is nothing to run. releases: by id.
    """
    others = [releases.get(one) for one in _live(plan) if one != plan.target.id]
    if plan.kind is Kind.DEPLOY and plan.fallback not in {None, *others}:
        others.append(plan.fallback)
    told = [tell(old, plan.target) if old else Between(None, plan.target, known=False) for old in others]
    if not _live(plan) and plan.kind is Kind.DEPLOY:
        told.insert(0, Between(None, plan.target, known=False))
    whole = replace(plan, between=tuple(told))
    return _with_step(whole) if run and plan.kind is Kind.DEPLOY and _lies_ahead(whole) else whole


def since_live(plan: Plan) -> tuple[Between, ...]:
    """Of what is live, not of the fallback alone."""
    live = _live(plan)
    return tuple(one for one in plan.between if one.old is None or one.old.id in live)


def crossed(plan: Plan) -> tuple[Migration, ...]:
    """The irreversible migrations that what is live has, and the target has not."""
    found = (step for one in since_live(plan) for step in one.gone if step.irreversible)
    return tuple(dict.fromkeys(found))


def between_live_and(target: Release, live: Iterable[Release], tell: Tell) -> tuple[Migration, ...]:
    """The irreversible migrations that one of these releases has, and the target has not."""
    found = (step for one in live if one != target for step in tell(one, target).gone if step.irreversible)
    return tuple(dict.fromkeys(found))


def require_no_barrier(plan: Plan, hint: str) -> None:
    """Raises: Refused, where code would go back to before a migration that the database can't take back."""
    if barred := crossed(plan):
        raise Refused(f"{plan.target.tag} does not know {said(barred)}, and the database can't go back", hint=hint)


def said(barred: Sequence[Migration]) -> str:
    """`the irreversible migration 0003_drop.sql`"""
    noun = "migration" if len(barred) == 1 else "migrations"
    return f"the irreversible {noun} {', '.join(one.name for one in barred)}"


def is_decided(plan: Plan, left: Sequence[Left], rest: Rest) -> bool:
    """Does it finish a way back that somebody took already, or bring a host along that was away then?"""
    begun = [one for one in left if one.operation in plan.resumes]
    if not begun:
        return plan.kind is Kind.RESUME and plan.target == rest.release
    return begun[-1].kind is not Kind.DEPLOY and begun[-1].target == plan.target


def is_run(plan: Plan, left: Sequence[Left]) -> bool:
    """Has the deploy that it finishes run its migrations?"""
    begun = [one for one in left if one.operation in plan.resumes and one.target == plan.target]
    return any(one.migrated is Result.PASS for one in begun)


def _live(plan: Plan) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one for _, one in plan.live if one))


def _lies_ahead(plan: Plan) -> bool:
    return any(one.added or not one.known for one in since_live(plan))


def _with_step(plan: Plan) -> Plan:
    """On the host that is switched first, right before it: where something lies ahead, something is switched."""
    place = next(at for at, step in enumerate(plan.steps) if step.phase is Phase.ACTIVATE)
    step = Step(Phase.MIGRATE, plan.target, plan.steps[place].hosts[:1])
    return replace(plan, steps=(*plan.steps[:place], step, *plan.steps[place:]))
