"""Why it ended as it did, as one value that terminal, JSON, Markdown, JUnit and CI render. Pure.

It is made from an operation's records, when it ends and again from the ledger later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from rollback.core.fallback import Candidate, candidates
from rollback.core.history import Standing, observed, standings
from rollback.core.times import NEVER, Times
from rollback.model import JUDGED, Finding, Grade, Judged, Kind, Observed, Outcome, Record, Release, Result, Verdict

PREFLIGHT = "preflight"
Question = tuple[str, str | None, str | None]  # check, host, case
_FINE = {Result.PASS, Result.SKIPPED}
_UNTOUCHED = {Outcome.ABANDONED, Outcome.INTERRUPTED, Outcome.REFUSED}


@dataclass(frozen=True, slots=True)
class Answers:
    """All answers to one question: a check, or what a phase did, on one host (None: via url), for one case.

    telling: the first that failed, else the first that is no answer, else the last. count: how many there are.
    amiss: when those came that are neither passed nor skipped (UTC). before: the same before the deploy.
    """

    telling: Finding
    count: int = 1
    amiss: tuple[datetime, ...] = ()
    before: Finding | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """What one phase found with one release (None: with whatever was live before). grade: the verdict on it."""

    phase: str
    release: Release | None
    answers: tuple[Answers, ...]
    grade: Grade | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """What was done or judged, on what it rests, and where it led.

    what: the command's word. target: None when hosts differ and nothing was chosen. back_to: where the way back leads,
    and since when that is known good; skipped: newer releases that are no way back, and why. verdict: on the target.
    live: (host, release id or None). away: hosts to be converged later. barred: irreversible migrations lie before the
    fallback.
    """

    what: str
    environment: str
    outcome: Outcome
    verdict: Verdict
    operation: str = ""
    author: str = ""
    target: Release | None = None
    fallback: Release | None = None
    barred: bool = False
    reason: str = ""
    back: Verdict | None = None
    live: tuple[tuple[str, str | None], ...] = ()
    away: tuple[str, ...] = ()
    back_to: Standing | None = None
    skipped: tuple[Candidate, ...] = ()
    parts: tuple[Part, ...] = ()
    times: Times = NEVER

    @property
    def before(self) -> Mapping[Question, Finding]:
        """What the preflight found."""
        found = (one.telling for part in self.parts if part.phase == PREFLIGHT for one in part.answers)
        return {_question(one): one for one in found}

    @property
    def went_back(self) -> bool:
        """Something else than the target was, or was to be, put on hosts."""
        undone = self.verdict.grade is not Grade.GOOD and self.outcome is Outcome.PARTIAL
        return undone or self.back is not None or self.outcome is Outcome.ROLLED_BACK

    @property
    def restored(self) -> Release | None:
        """What is back, and verified on every host that answers."""
        if self.outcome is Outcome.ROLLED_BACK or (self.outcome is Outcome.PARTIAL and self.went_back):
            return self.fallback
        asked_for = self.what == Kind.ROLLBACK and self.outcome in {Outcome.DONE, Outcome.PARTIAL}
        return self.target if asked_for else None


def answers(findings: Iterable[Finding], before: Mapping[Question, Finding] | None = None) -> tuple[Answers, ...]:
    """One for each question, in the order in which they were first asked."""
    series: dict[Question, list[Finding]] = {}
    for one in findings:
        series.setdefault(_question(one), []).append(one)
    return tuple(_answers(mine, (before or {}).get(question)) for question, mine in series.items())


def _answers(mine: Sequence[Finding], before: Finding | None) -> Answers:
    failed = [f for f in mine if f.result is Result.FAIL]
    amiss = [f for f in mine if f.result not in _FINE]
    telling = (failed or amiss or mine[-1:])[0]
    return Answers(telling, len(mine), tuple(f.at for f in amiss), before)


def _question(finding: Finding) -> Question:
    return finding.check, finding.host, finding.case


def parts(records: Iterable[Record]) -> tuple[Part, ...]:
    """Of one operation, or of two that belong together."""
    every = sorted(records, key=lambda one: one.id)
    found: dict[tuple[str, Release | None], list[Finding]] = {}
    for fact in observed(every):
        found.setdefault(_place(fact), []).extend(fact.findings)
    before = {_question(f): f for f in found.get((PREFLIGHT, None), ())}
    grades = {r.fact.release: r.fact.verdict.grade for r in every if isinstance(r.fact, Judged)}
    return tuple(_part(place, mine, before, grades) for place, mine in found.items())


def _place(fact: Observed) -> tuple[str, Release | None]:
    return (fact.step.phase, fact.step.release) if fact.step else (PREFLIGHT, None)


def _part(
    place: tuple[str, Release | None],
    findings: Sequence[Finding],
    before: Mapping[Question, Finding],
    grades: Mapping[Release, Grade],
) -> Part:
    phase, release = place
    grade = grades.get(release) if release is not None and phase in JUDGED else None
    return Part(phase, release, answers(findings, {} if phase == PREFLIGHT else before), grade)


def way(
    release: Release | None, besides: Release | None, mine: Sequence[Record], records: Iterable[Record]
) -> tuple[Standing | None, tuple[Candidate, ...]]:
    """Why a way back led to `release`, as it was known when the operation began: its standing, and what was newer but
    could not be chosen."""
    began = min((one.id for one in mine), default="")
    found = standings(one for one in records if one.id < began)
    back_to = found.get(release.commit) if release else None
    others = candidates((), found, besides=besides)
    place = next((at for at, (one, _) in enumerate(others) if one is back_to), len(others))
    return back_to, tuple((one, why) for one, why in others[:place] if why)
