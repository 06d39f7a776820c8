"""What an incident's records suggest to be done about it: what was missing, too late, unmeasured or unrehearsed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from rollback.core.incident import Incident
from rollback.core.times import Times
from rollback.model import JUDGED, Drilled, Ended, Finding, Kind, Observed, Outcome, Phase, Record, Result, Started
from rollback.report import words

_REHEARSED = timedelta(days=90)
_LEFT = {Outcome.LEFT, Outcome.HELD, Outcome.STRANDED}
_UNMEASURED = {Result.INCONCLUSIVE, Result.ERROR}


@dataclass(frozen=True, slots=True)
class Followup:
    """what: to do. why: what in the records suggests it."""

    what: str
    why: str


def followups(incident: Incident, took: Times, records: Sequence[Record]) -> tuple[Followup, ...]:
    """What counts most first. Never a cause."""
    found = tuple(_found(incident))
    return (
        *_untested(found),
        *_unnoticed(incident),
        *_late(incident, found, took),
        *_by_hand(incident, took),
        *_weak(found),
        *_pending(incident),
        *_rehearse(incident, records),
    )


def _found(incident: Incident) -> Iterable[tuple[Phase | None, Finding]]:
    """Every answer to a check; phase None: before the deploy."""
    for record in incident.records:
        fact = record.fact
        if isinstance(fact, Observed) and (fact.step is None or fact.step.phase in JUDGED):
            yield from ((fact.step.phase if fact.step else None, one) for one in fact.findings)


def _untested(found: Sequence[tuple[Phase | None, Finding]]) -> Iterable[Followup]:
    failed = [one for phase, one in found if phase is not None and _fails(one)]
    if failed:
        what = f"A test in the app's own suite for what failed: {_listed(failed)}"
        yield Followup(what, "it was released without being noticed")


def _unnoticed(incident: Incident) -> Iterable[Followup]:
    if not incident.noticed:
        yield Followup("Write the check that would have noticed", "no check had failed when a person went back")


def _late(incident: Incident, found: Sequence[tuple[Phase | None, Finding]], took: Times) -> Iterable[Followup]:
    """Found by the watch alone: then other hosts, and people, had it before."""
    early = {one.check for phase, one in found if phase is Phase.VERIFY and _fails(one)}
    late = [one for phase, one in found if phase is Phase.WATCH and _fails(one) and one.check not in early]
    if late and took.switched:
        after = words.seconds((incident.began - took.switched).total_seconds())
        yield Followup(f"Find it in the gate: {_listed(late)}", f"only the watch found it, {after} after the switch")


def _by_hand(incident: Incident, took: Times) -> Iterable[Followup]:
    """Where it was left to a person by the policy; not where it was held, stranded, or barred by a migration."""
    kinds = {one.fact.kind for one in incident.records if isinstance(one.fact, Started)}
    left = [one.fact for one in incident.records if isinstance(one.fact, Ended) and one.fact.outcome in _LEFT]
    if any("auto_rollback" not in one.reason for one in left):
        return
    if incident.noticed and Kind.ROLLBACK in kinds and took.failing and took.decided:
        waited = words.seconds((took.decided - took.failing).total_seconds())
        yield Followup("Let it go back by itself (verify: auto_rollback: on)", f"the decision took a person {waited}")


def _weak(found: Sequence[tuple[Phase | None, Finding]]) -> Iterable[Followup]:
    asked = [(phase, one) for phase, one in found if one.required]
    kinds = (
        ("Mend, or measure otherwise", "red before the deploy", [f for p, f in asked if p is None and _fails(f)]),
        ("Make it measurable", "could not be measured", [f for p, f in asked if p and f.result in _UNMEASURED]),
        ("Make it steady", "passed only when asked again", [f for _, f in asked if _flaky(f)]),
        ("Should it be required?", "failed, and was only a warning", [f for _, f in found if _warned(f)]),
    )
    for what, why, some in kinds:
        if some:
            yield Followup(f"{what}: {_listed(some)}", f"it was {why}" if why.startswith("red") else f"it {why}")


def _pending(incident: Incident) -> Iterable[Followup]:
    ends = [one.fact for one in incident.records if isinstance(one.fact, Ended)]
    if ends and ends[-1].pending:
        hosts = words.hosts(ends[-1].pending)
        yield Followup(f"Bring {hosts} to where the others are (rollback resume)", "not reached when it ended")


def _rehearse(incident: Incident, records: Sequence[Record]) -> Iterable[Followup]:
    since = incident.began - _REHEARSED
    if not any(isinstance(one.fact, Drilled) and since <= one.at <= incident.began for one in records):
        yield Followup("Rehearse the way back (rollback drill)", "no drill is on record in the 90 days before")


def _fails(one: Finding) -> bool:
    return one.required and one.result is Result.FAIL


def _flaky(one: Finding) -> bool:
    return one.result is Result.PASS and one.attempts > 1


def _warned(one: Finding) -> bool:
    return not one.required and one.result is Result.FAIL


def _listed(some: Iterable[Finding]) -> str:
    """`login (no_profile, corrupt_profile), release`"""
    cases: dict[str, dict[str, None]] = {}
    for one in some:
        cases.setdefault(one.check, {}).update({one.case: None} if one.case else {})
    return ", ".join(f"{check} ({', '.join(of)})" if of else check for check, of in cases.items())
