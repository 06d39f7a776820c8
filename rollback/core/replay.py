"""What an operation found, judged again with other limits: what would have come of it today. Pure; asks nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rollback.core.history import observed
from rollback.core.judge import judge, red
from rollback.errors import Refused
from rollback.model import JUDGED, Finding, Grade, Intended, Judged, Limits, Phase, Record, Release, Verdict

_OURS = {"reach", "undrain"}  # findings of no declared check


@dataclass(frozen=True, slots=True)
class Rule:
    """What a check may fall short of today, and whether it counts at all."""

    limits: Limits
    required: bool


@dataclass(frozen=True, slots=True)
class Replay:
    """was: the verdict of then, None when none was reached. now: today's on the same findings. gone: checks that are
    declared no more, left out. unasked: required ones that were not asked then."""

    release: Release
    was: Verdict | None
    now: Verdict
    gone: tuple[str, ...] = ()
    unasked: tuple[str, ...] = ()

    @property
    def cut_short(self) -> bool:
        """Asking ended when it was found to be bad: what would have come after that is not known."""
        return self.was is not None and self.was.grade is Grade.BAD and self.now.grade is not Grade.BAD


def replay(release: Release, mine: Sequence[Record], rules: Mapping[str, Rule]) -> Replay:
    """mine: one operation's records, in their order. Raises: Refused, when nothing was asked that could be judged."""
    findings = _verified(release, mine)
    if not findings:
        raise Refused(f"nothing was verified there of {release.tag}: there is nothing to judge again")
    if _ended_before(release, mine):
        raise Refused(f"{release.tag} did not fail a check, but could not be switched on: no limit changes that")
    kept = [_today(one, rules) for one in findings if one.check in rules or one.check in _OURS]
    asked = {one.check for one in findings}
    judged = (one.fact for one in reversed(mine) if isinstance(one.fact, Judged))
    return Replay(
        release,
        next((fact.verdict for fact in judged if fact.release == release), None),
        judge(kept, {name: rule.limits for name, rule in rules.items()}, _excused(mine)),
        tuple(sorted(asked - rules.keys() - _OURS)),
        tuple(name for name, rule in rules.items() if rule.required and name not in asked),
    )


def watched(mine: Sequence[Record]) -> bool:
    """Was it watched after its last wave?"""
    return any(fact.step is not None and fact.step.phase is Phase.WATCH for fact in observed(mine))


def _verified(release: Release, mine: Sequence[Record]) -> tuple[Finding, ...]:
    steps = [fact for fact in observed(mine) if fact.step and fact.step.phase in JUDGED]
    return tuple(found for fact in steps if fact.step and fact.step.release == release for found in fact.findings)


def _ended_before(release: Release, mine: Sequence[Record]) -> bool:
    steps = [one.fact.step for one in mine if isinstance(one.fact, Intended) and one.fact.step.release == release]
    return bool(steps) and steps[-1].phase not in JUDGED


def _excused(mine: Sequence[Record]) -> frozenset[str]:
    """What was red before the deploy can't condemn it today either."""
    return red(found for fact in observed(mine) if fact.step is None for found in fact.findings)


def _today(finding: Finding, rules: Mapping[str, Rule]) -> Finding:
    rule = rules.get(finding.check)
    return replace(finding, required=rule.required) if rule else finding
