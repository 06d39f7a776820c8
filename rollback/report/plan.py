"""A plan as it is shown before it is done: exactly what will be done, and the way back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from rollback.core.freeze import Freeze
from rollback.core.history import Standing
from rollback.core.left import Left
from rollback.model import Grade, Kind, Phase, Plan, Release, Result
from rollback.report import migrations, waves, words

_VERBS = {
    Kind.DEPLOY: "deploy",
    Kind.ROLLBACK: "roll back to",
    Kind.DRILL: "rehearse a rollback: go to",
    Kind.RESUME: "put in order what was left unfinished: every host to",
}
_MIGRATED = {
    None: "",
    Result.PASS: ", and ran its migrations",
    Result.FAIL: ", and whose migrations failed",
    Result.ERROR: ", and may have run its migrations",
}


def lines(
    plan: Plan,
    environment: str,
    standings: Mapping[str, Standing],
    left: Sequence[Left] = (),
    changes: tuple[str, ...] = (),
) -> tuple[str, ...]:
    """One line a fact, then one a step. left: what did not end before. changes: see `changed` and `frozen`."""
    head = f"{_VERBS[plan.kind]} {words.named(plan.target)} on {environment}"
    return (
        head,
        *_left(plan, left),
        *_standing(plan, standings),
        *_live(plan),
        *changes,
        *migrations.lines(plan),
        *_way_back(plan, standings),
        *migrations.barrier(plan),
        *_pending(plan),
        *waves.lines(plan),
    )


def frozen(plan: Plan, freeze: Freeze | None) -> tuple[str, ...]:
    """A deploy goes ahead then only because a person forces it."""
    return (f"  forced    though {freeze}",) if freeze and plan.kind is Kind.DEPLOY else ()


def changed(since: Release, commits: int, files: int) -> tuple[str, ...]:
    """What a deploy brings; nothing when that is unknown."""
    if not commits and not files:
        return ()
    said = " and ".join(
        f"{count} {noun if count == 1 else noun + 's'}" for count, noun in ((commits, "commit"), (files, "file"))
    )
    return (f"  changes   {said} since {words.tag(since)}",)


def _left(plan: Plan, left: Sequence[Left]) -> Iterable[str]:
    for one in left:
        if one.operation in plan.resumes:
            did = f"touched {words.hosts(sorted(one.touched))}" if one.touched else "touched nothing"
            did += _MIGRATED.get(one.migrated, "")
            which = f"{one.kind} {words.tag(one.target)} (operation {words.start_of(one.operation)})"
            yield f"  left by   {which}, which {did}"


def _standing(plan: Plan, standings: Mapping[str, Standing]) -> Iterable[str]:
    known = standings.get(plan.target.commit)
    if known is not None and known.withdrawn:
        was = "was good until it" if known.grade is Grade.GOOD else "was never good, and"
        yield f"  target    {was} was rolled back at {words.moment(known.since)}: verified anew now"
    elif known is not None and known.grade is not Grade.UNKNOWN:
        yield f"  target    known {known.grade} since {words.moment(known.since)}: {known.reason}"
    elif plan.goes_back:
        yield "  target    never verified here"


def _live(plan: Plan) -> Iterable[str]:
    order = sorted(plan.live, key=lambda pair: str(pair[1]))
    for live, group in groupby(order, key=lambda pair: pair[1]):
        yield f"  live      {words.id_tag(live)} on {words.hosts([host for host, _ in group])}"


def _way_back(plan: Plan, standings: Mapping[str, Standing]) -> Iterable[str]:
    if plan.goes_back:
        return
    if plan.kind is Kind.DRILL and plan.fallback:
        yield f"  then      back to {words.named(plan.fallback)}, which is also the way out if something fails"
        return
    if plan.fallback is None:
        yield "  fallback  none: there is no automatic way back from this deploy"
        return
    since = standings[plan.fallback.commit].since
    known = f"{words.named(plan.fallback)}: known good since {words.moment(since)}"
    brought = [step.hosts for step in plan.steps if (step.phase, step.release) == (Phase.UPLOAD, plan.fallback)]
    where = f"brought to {words.hosts(brought[0])} first" if brought else "complete on every host"
    yield f"  fallback  {known}, {where}"


def _pending(plan: Plan) -> Iterable[str]:
    if plan.pending:
        yield f"  away      {words.hosts(plan.pending)}: not reachable, left as pending"
