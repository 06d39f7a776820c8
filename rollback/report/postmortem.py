"""The report of an incident, in the five parts of the one that this tool was born from: summary, timeline, root cause,
resolution and recovery, corrective and preventive measures.

Everything in it is from the records, from git, or marked TODO(human). It never says what the cause was: no record does.
"""

from __future__ import annotations

from collections.abc import Iterable

from rollback.core.explain import Explanation, answers
from rollback.core.history import standings
from rollback.core.incident import Incident
from rollback.core.past import Past, past
from rollback.core.times import Times
from rollback.model import Ended, Judged, Kind, Release, Result, Started, Withdrawn
from rollback.report import words
from rollback.report.blocks import TODO, Block, Document, Drawing, Paragraph, Section, Table
from rollback.report.case import Case
from rollback.report.cause import cause
from rollback.report.clock import Clock
from rollback.report.followups import followups
from rollback.report.incident_picture import picture
from rollback.report.timeline_svg import Picture, svg

_SAID = {
    "detect": "the release was switched on → a check failed",
    "decide": "→ the way back was taken",
    "execute": "→ the release before was switched on everywhere it had to be",
    "verify": "→ the last check that it works again",
}


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
            Section("Root cause", tuple(cause(case))),
            Section("Resolution and recovery", tuple(_recovery(case))),
            Section("Corrective and preventive measures", tuple(_measures(case))),
        ),
    )


def _what(case: Case) -> str:
    return f"{case.app} {words.tag(case.incident.bad)}" if case.incident.bad else case.app


def sentence(case: Case) -> str:
    """What happened, in one or two sentences."""
    one = case.incident
    bad = words.tag(one.bad) if one.bad else "what was live"
    if one.over is None:
        return f"{bad} {_how(case)}. It is not over: nothing was seen to work again since."
    length = words.seconds((one.over - one.began).total_seconds())
    again = f"{words.tag(one.good)} was live and verified" if one.good else "it was seen to work again"
    return f"{bad} {_how(case)}: {again} {length} {'after the first failure' if one.noticed else 'later'}."


def _how(case: Case) -> str:
    if not case.incident.noticed:
        back = any(isinstance(one.fact, Withdrawn) for one in case.incident.records)
        return "was rolled back by hand, though no check had failed" if back else "was deployed, and no check failed"
    checks = list(dict.fromkeys(one.telling.check for one in case.failed if one.telling.result is Result.FAIL))
    gone = " and was taken back" if case.incident.good not in {None, case.incident.bad} else ""
    noun = "check" if len(checks) == 1 else "checks"
    return f"failed the {noun} {', '.join(checks)}{gone}" if checks else f"went wrong{gone}"


def _summary(case: Case) -> Iterable[Block]:
    yield Paragraph(sentence(case))
    yield Table(("", ""), tuple((label, said) for label, said in _facts(case) if said))


def _facts(case: Case) -> Iterable[tuple[str, str]]:
    one, clock = case.incident, case.clock
    yield "Service", f"{case.app} on {case.environment}" + (f", {case.url}" if case.url else "")
    yield "Release", words.named(one.bad) if one.bad else ""
    yield "Back to", _since(one.good, case) if one.good and one.good != one.bad else ""
    yield "Began", f"{clock.said(one.began)}: {_beginning(case)}"
    yield "Over", clock.said(one.over) if one.over else f"not yet: {TODO}"
    yield "Duration", _duration(one)
    yield "Hosts", _hosts(case)
    yield "Measured, by checks only", "; ".join(_ratio(name, case) for name in _checks(case))
    yield "Real user impact", f"{TODO}: how many people, doing what, since when"


def _duration(one: Incident) -> str:
    """From where it began; of what a person found, also from the first note, which is nearer to it."""
    if one.over is None:
        return ""
    whole = words.seconds((one.over - one.began).total_seconds())
    first = min((note.at for note in one.notes), default=one.began)
    if one.noticed or first >= one.began:
        return whole
    return f"{words.seconds((one.over - first).total_seconds())} from the first note, {whole} from the decision"


def _since(good: Release, case: Case) -> str:
    known = standings(one for one in case.records if one.at < case.incident.began).get(good.commit)
    return words.named(good) + (f", known good since {words.moment(known.since)}" if known else "")


def _beginning(case: Case) -> str:
    if not case.incident.noticed:
        return f"a person acted; when people first had trouble is not on record: {TODO}"
    return "the first check that failed"


def _hosts(case: Case) -> str:
    """Where the bad release was, of all, and for how long."""
    every = {host for one in case.records if isinstance(one.fact, Started) for host in one.fact.hosts}
    others = words.hosts(sorted(every - case.touched.keys()))
    if not case.touched or case.incident.bad is None:
        return others
    longest = max(case.touched.values()).total_seconds()
    never = f"; never on {others}" if others else ""
    on = words.hosts(tuple(case.touched))
    return f"{words.tag(case.incident.bad)} was on {on}, for {words.seconds(longest)}{never}"


def _checks(case: Case) -> Iterable[str]:
    return dict.fromkeys(one.telling.check for one in case.failed if one.telling.result is Result.FAIL)


def _ratio(check: str, case: Case) -> str:
    """`login failed for 2 of 3 (67 %): no_profile, corrupt_profile`; of what is asked again and again, the answers."""
    mine = [one for fact in case.asked for one in fact.findings if one.check == check]
    each = answers(mine)
    failed = [one for one in each if one.telling.result is Result.FAIL]
    cases = list(dict.fromkeys(one.telling.case for one in failed if one.telling.case))
    of = f": {', '.join(cases)}" if cases else ""
    often = sum(one.result is Result.FAIL for one in mine)
    again = f", {often} of {len(mine)} answers" if len(mine) > len(each) else ""
    return f"{check} failed for {len(failed)} of {len(each)} ({len(failed) / len(each):.0%}){again}{of}"


def _timeline(case: Case) -> Iterable[Block]:
    clock = case.clock
    yield Drawing(svg(drawn(case), ""))
    head = (*(name for name, _ in clock.zones), "what happened")
    yield Table(head, tuple((*clock.times(row.at), row.said) for row in case.rows))


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
    if took.switched and took.verified and took.failing:
        whole = (took.verified - took.switched).total_seconds()
        yield "altogether", "the release was switched on → the last check", words.seconds(whole)


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
    mend = f"{TODO}: mend the cause, and deploy that under a new tag"
    bad = case.incident.bad
    why = f"{words.tag(bad)} is not deployed again as it is" if bad else "it was not the release"
    yield Table(("what", "because", "owner", "due"), ((mend, why, TODO, TODO), *rows))
