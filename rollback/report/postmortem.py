"""The report of an incident, in the five parts of the one that this tool was born from: summary, timeline, root cause,
resolution and recovery, corrective and preventive measures.

Everything in it is from the records, from git, or marked TODO(human). It never says what the cause was: no record does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, tzinfo

from rollback.core.changed import Changed
from rollback.core.explain import Answers, Explanation, answers
from rollback.core.history import standings
from rollback.core.incident import Incident, moments
from rollback.core.past import Past, past
from rollback.core.recall import recalled
from rollback.core.times import Times
from rollback.model import JUDGED, Between, Ended, Judged, Kind, Observed, Record, Release, Result, Withdrawn
from rollback.report import words
from rollback.report.blocks import TODO, Block, Document, Drawing, Items, Paragraph, Quote, Section, Table
from rollback.report.chronicle import chronicle
from rollback.report.clock import Clock
from rollback.report.evidence import worst
from rollback.report.followups import followups
from rollback.report.incident_picture import picture
from rollback.report.migrations import listed
from rollback.report.timeline_svg import Picture, svg

_ROWS = 20
_QUOTES = 5
_SAID = {
    "detect": "the release was switched on → a check failed",
    "decide": "→ the way back was taken",
    "execute": "→ the release before was switched on everywhere it had to be",
    "verify": "→ the last check that it works again",
}


@dataclass(frozen=True, slots=True)
class Case:
    """What a report is made from. records: all of the environment. changed: from the good release to the bad one, None
    when git can't tell. url: where people use the app. zone: the team's."""

    app: str
    environment: str
    incident: Incident
    records: tuple[Record, ...]
    changed: Changed | None = None
    url: str | None = None
    zone: tzinfo = UTC

    @property
    def took(self) -> Times:
        return moments(self.incident, self.records)

    @property
    def clock(self) -> Clock:
        took, every = self.took, [one.at for one in self.incident.records]
        every += [note.at for note in self.incident.notes] + [at for at in (took.switched, took.ended) if at]
        return Clock(min(every), max(every), self.zone)

    @property
    def before(self) -> Release | None:
        """What was known good when it happened: what is back, or would be."""
        why = next((one for one in self.explained if one.fallback is not None), None)
        return self.incident.good or (why.fallback if why else None)

    @property
    def explained(self) -> tuple[Explanation, ...]:
        """Each of its operations that judged something and ended."""
        each = (recalled(one, self.records) for one in self.incident.operations)
        return tuple(one for one in each if one is not None)

    @property
    def failed(self) -> list[Answers]:
        """What spoke against the bad release, what counts most first, with what it was before the deploy."""
        before = {question: one for why in reversed(self.explained) for question, one in why.before.items()}
        return worst((one for fact in self.asked for one in fact.findings), before)

    @property
    def asked(self) -> tuple[Observed, ...]:
        """What was found of the bad release; where that is not known, of what was live."""
        facts = (one.fact for one in self.incident.records if isinstance(one.fact, Observed))
        return tuple(one for one in facts if (one.step.release if one.step else None) == self.incident.bad)


def drawn(case: Case) -> Picture:
    return picture(case.incident, case.took, case.records, case.zone)


def document(case: Case) -> Document:
    """The same for the same case."""
    return Document(
        f"Incident report: {_what(case)} on {case.environment}, {case.incident.began:%Y-%m-%d}",
        f"Written by rollback from its ledger. What it can't know is marked {TODO}.",
        (
            Section("Summary", tuple(_summary(case))),
            Section("Timeline", tuple(_timeline(case))),
            Section("Root cause", tuple(_cause(case))),
            Section("Resolution and recovery", tuple(_recovery(case))),
            Section("Corrective and preventive measures", tuple(_measures(case))),
        ),
    )


def _what(case: Case) -> str:
    return f"{case.app} {words.tag(case.incident.bad)}" if case.incident.bad else case.app


def sentence(case: Case) -> str:
    """What happened, in one or two sentences."""
    one, bad = case.incident, _named(case.incident.bad, "what was live")
    if one.over is None:
        return f"{bad} {_how(case)}. It is not over: nothing was seen to work again since."
    length = words.seconds((one.over - one.began).total_seconds())
    again = f"{words.tag(one.good)} was live and verified" if one.good else "it was seen to work"
    return f"{bad} {_how(case)}; {again} {length} later."


def _named(release: Release | None, otherwise: str) -> str:
    return words.tag(release) if release else otherwise


def _how(case: Case) -> str:
    if not case.incident.noticed:
        back = any(isinstance(one.fact, Withdrawn) for one in case.incident.records)
        return "was rolled back by hand; no check had failed" if back else "was deployed; no check failed"
    checks = dict.fromkeys(one.telling.check for one in case.failed if one.telling.result is Result.FAIL)
    return f"failed {', '.join(checks)}" if checks else "went wrong"


def _summary(case: Case) -> Iterable[Block]:
    yield Paragraph(sentence(case))
    yield Table(("", ""), tuple((label, said) for label, said in _facts(case) if said))


def _facts(case: Case) -> Iterable[tuple[str, str]]:
    one, clock = case.incident, case.clock
    yield "Service", f"{case.app} on {case.environment}" + (f", {case.url}" if case.url else "")
    yield "Release", words.named(one.bad) if one.bad else ""
    yield "Back on", _since(one.good, case) if one.good and one.good != one.bad else ""
    yield "Began", f"{clock.said(one.began)}: {_beginning(case)}"
    yield "Over", clock.said(one.over) if one.over else f"not yet: {TODO}"
    if one.over:
        yield "Duration", words.seconds((one.over - one.began).total_seconds())
    yield "Hosts", _hosts(case)
    yield "Measured", _measured(case)
    yield "Real user impact", f"{TODO}: how many people, doing what, since when"


def _since(good: Release, case: Case) -> str:
    known = standings(one for one in case.records if one.at < case.incident.began).get(good.commit)
    return f"{words.named(good)}" + (f", known good since {words.moment(known.since)}" if known else "")


def _beginning(case: Case) -> str:
    if not case.incident.noticed:
        return f"a person acted, and when people first had trouble is not on record: {TODO}"
    return "the first check that failed"


def _hosts(case: Case) -> str:
    """Where the bad release was switched on, of how many."""
    bad, every = case.incident.bad, {host for one in case.records for host in _live(one)}
    on = sorted({host for one in case.asked if one.step and bad for host in one.step.hosts if one.step.phase in JUDGED})
    if not on:
        return words.hosts(sorted(every))
    return f"{words.hosts(on)}, of {words.hosts(sorted(every | set(on)))}"


def _live(record: Record) -> Iterable[str]:
    return (host for host, _ in record.fact.live) if isinstance(record.fact, Ended) else ()


def _measured(case: Case) -> str:
    """By checks, and said to be: people's own requests are counted nowhere."""
    said = "; ".join(_ratio(check, case) for check in dict.fromkeys(one.telling.check for one in case.failed))
    return f"{said} (asked by our checks; not people's own requests)" if said else ""


def _ratio(check: str, case: Case) -> str:
    mine = [one for fact in case.asked for one in fact.findings if one.check == check]
    each = answers(mine)
    failed = [one for one in each if one.telling.result is Result.FAIL]
    cases = list(dict.fromkeys(one.telling.case for one in failed if one.telling.case))
    of = f" ({', '.join(cases)})" if cases else ""
    often = sum(one.result is Result.FAIL for one in mine)
    asked = f", {often} of {len(mine)} answers" if len(mine) > len(each) else ""
    return f"{check}: {len(failed)} of {len(each)} failed{of}{asked}"


def _timeline(case: Case) -> Iterable[Block]:
    clock = case.clock
    yield Drawing(svg(drawn(case), ""))
    rows = chronicle(case.incident, case.took, case.records)
    head = (*(name for name, _ in clock.zones), "what happened")
    yield Table(head, tuple((*clock.times(row.at), row.said) for row in rows))


def _cause(case: Case) -> Iterable[Block]:
    yield Paragraph(f"{TODO}: the cause. What is on record about it:")
    yield from _evidence(case)
    yield from _new(case)


def _evidence(case: Case) -> Iterable[Block]:
    found = case.failed
    if not found:
        yield Paragraph("No check failed: what was wrong is known only to people.")
        return
    head = ("check", "host", "case", "observed", "expected", "before the deploy")
    yield Table(head, tuple(_answer(one) for one in found[:_ROWS]))
    if len(found) > _ROWS:
        yield Paragraph(f"… and {len(found) - _ROWS} more.")
    telling = {one.telling.evidence: one for one in reversed(found) if one.telling.evidence.strip()}
    for one in list(reversed(telling.values()))[:_QUOTES]:
        yield Quote(f"{words.said(one.telling)}:", one.telling.evidence)


def _answer(one: Answers) -> tuple[str, ...]:
    it = one.telling
    before = one.before.observed if one.before else "not asked"
    return (it.check, it.host or "the url", it.case or "", it.observed or str(it.result), it.expected, before)


def _new(case: Case) -> Iterable[Block]:
    bad, good = case.incident.bad, case.before
    if bad is None or good is None or bad == good:
        return
    between = f"{words.tag(good)}..{words.tag(bad)}"
    if case.changed is None:
        yield Paragraph(f"What changed, {between}: git could not tell here.")
        return
    commits, files = case.changed.commits, case.changed.files
    counted = f"{words.count(case.changed.count, 'commit')}, {words.count(case.changed.total, 'file')}"
    yield Paragraph(f"What changed, {between}: {counted}.")
    yield Items(tuple(f"{one.id[:7]} {one.subject} ({one.author})" for one in commits[:_ROWS]))
    names = ", ".join(one.name for one in files[:_ROWS])
    yield Paragraph(f"Files: {names}{f' and {case.changed.total - _ROWS} more' if files[_ROWS:] else ''}.")
    yield from (Paragraph(f"Migrations: {said}.") for said in _migrations(case, good, bad))


def _migrations(case: Case, good: Release, bad: Release) -> Iterable[str]:
    facts = (one.fact for one in case.records if isinstance(one.fact, Between))
    known = next((one for one in facts if (one.old, one.new) == (good, bad) and one.known), None)
    if known and known.added:
        yield listed(known.added)


def _recovery(case: Case) -> Iterable[Block]:
    yield Paragraph(_decided(case))
    yield Table(("part", "what", "took"), tuple(_parts(case.took)))
    rows = past(r for r in case.records if r.operation in case.incident.operations)
    head = ("operation", "what", "by", case.clock.zones[0][0], "outcome", "reason")
    yield Table(head, tuple(_attempt(row, case.clock) for row in reversed(rows)))
    yield from (Paragraph(said) for said in _now(case))
    yield Paragraph(f"Data that has to be repaired: {TODO}")


def _decided(case: Case) -> str:
    """Who, and by what."""
    backs = [one for one in case.explained if one.went_back or one.what == Kind.ROLLBACK]
    if not backs:
        return "Nobody went back."
    first = backs[0]
    if first.what == Kind.ROLLBACK:
        why = next((one.fact.reason for one in case.incident.records if isinstance(one.fact, Withdrawn)), "")
        return f"Going back was decided by {first.author}{f': {why}' if why else ''}."
    by = f"the {first.what} that {first.author} had begun"
    return f"Going back was decided by rollback itself, in {by}: {_rule(case, first)}."


def _rule(case: Case, why: Explanation) -> str:
    judged = (one.fact for one in case.incident.records if isinstance(one.fact, Judged))
    verdict = next((one.verdict for one in judged if one.release == case.incident.bad), why.verdict)
    return verdict.rule


def _parts(took: Times) -> Iterable[tuple[str, ...]]:
    known = dict(took.parts())
    for part, what in _SAID.items():
        yield part, what, words.seconds(known[part]) if part in known else "not on record"


def _attempt(row: Past, clock: Clock) -> tuple[str, ...]:
    outcome = str(row.outcome) if row.outcome else "unfinished"
    return words.start_of(row.operation), row.what, row.author, clock.times(row.at)[0], outcome, row.reason


def _now(case: Case) -> Iterable[str]:
    ends = [one.fact for one in case.incident.records if isinstance(one.fact, Ended)]
    if not ends:
        return
    live: dict[str, list[str]] = {}
    for host, one in ends[-1].live:
        live.setdefault(words.id_tag(one), []).append(host)
    if live:
        yield f"Live when it ended: {'; '.join(f'{tag} on {words.hosts(on)}' for tag, on in live.items())}."
    if ends[-1].pending:
        yield f"Not reached when it ended: {words.hosts(ends[-1].pending)}."


def _measures(case: Case) -> Iterable[Block]:
    rows = [(one.what, one.why, TODO, TODO) for one in followups(case.incident, case.took, case.records)]
    rows.append((f"{TODO}: what removes the cause", "", TODO, TODO))
    yield Table(("what", "because", "owner", "due"), tuple(rows))
