"""What the looking commands show: status, releases, history, one operation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.table import Table
from rich.text import Text

from rollback.core.history import Kept, Standing
from rollback.core.past import Past
from rollback.core.status import Status
from rollback.core.times import Times
from rollback.model import (
    Ended,
    Fact,
    Intended,
    Judged,
    Marked,
    Observed,
    Outcome,
    Pruned,
    Record,
    Release,
    Result,
    Sighting,
    Started,
    Withdrawn,
)
from rollback.report import words
from rollback.text import clean_line

Shown = tuple[object, ...]
_GRADES = {"good": "green", "bad": "red", "unknown": "yellow", "unverified": "yellow"}
_OUTCOMES = {Outcome.DONE: "green", Outcome.ROLLED_BACK: "yellow", Outcome.PARTIAL: "yellow", Outcome.HELD: "yellow"}


def _table(*columns: str) -> Table:
    return Table(*columns, box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")


def status(seen: Status, standings: Mapping[str, Standing]) -> Shown:
    """A row a host, then the fallback, then what is unfinished."""
    table = _table("host", "live", "verdict", "lease", "unfinished", "free")
    for sighting in seen.hosts:
        table.add_row(*_host_row(sighting, standings))
    return (f"{seen.app} on {seen.environment}", table, *_fallback_lines(seen), *_open_lines(seen))


def _host_row(sighting: Sighting, standings: Mapping[str, Standing]) -> tuple[Text, ...]:
    if sighting.problem is not None:
        return Text(sighting.host), Text(f"✗ {sighting.problem}", "red")
    release = next((one for one in sighting.releases if one.id == sighting.live), None)
    grade = _grade(release, standings) if sighting.live else "-"
    lease = sighting.lease
    held = f"{lease.holder}, {words.seconds(lease.left)} left" if lease and lease.live else "-"
    intent = f"{words.id_tag(sighting.intent.target)} {sighting.intent.state}" if sighting.intent else "-"
    return (
        Text(sighting.host),
        Text(words.id_tag(sighting.live)),
        Text(grade, _GRADES.get(grade, "")),
        Text(held),
        Text(intent, "yellow" if sighting.intent else ""),
        Text(words.size(sighting.free_bytes)),
    )


def _grade(release: Release | None, standings: Mapping[str, Standing]) -> str:
    known = standings.get(release.commit) if release else None
    return "unverified" if known is None or known.grade == "unknown" else str(known.grade)


def _fallback_lines(seen: Status) -> Iterable[object]:
    if seen.fallback is None:
        yield Text("fallback: none, a rollback has nothing to go back to", "yellow")
    else:
        since = words.moment(seen.fallback.since)
        yield f"fallback: {words.named(seen.fallback.release)}, known good since {since}, complete on every host"
    for standing, why in seen.candidates:
        if seen.fallback is not None and standing.since < seen.fallback.since:
            break
        if why and (seen.live is None or standing.release.commit != seen.live.commit):
            yield f"  skipped {words.tag(standing.release)}: {why}"


def _open_lines(seen: Status) -> Iterable[object]:
    if len({s.live for s in seen.hosts if s.reachable}) > 1:
        yield Text("drift: the hosts do not run the same release", "yellow")
    for operation in seen.unfinished:
        yield Text(f"unfinished: {operation}", "yellow")


def status_sentence(seen: Status) -> str:
    """One sentence."""
    away = [s.host for s in seen.hosts if not s.reachable]
    live = f"{words.tag(seen.live)} is live" if seen.live else "the hosts differ, or something is unfinished"
    return live + (f"; not reachable: {words.hosts(away)}" if away else "")


def status_hint(seen: Status) -> str:
    """The next command."""
    return "rollback check" if any(not s.reachable for s in seen.hosts) else "rollback releases"


@dataclass(frozen=True, slots=True)
class ReleaseRow:
    """verdict: good, bad or unverified. kept: why it stays; "" when `prune` would delete it."""

    release: Release
    live_on: tuple[str, ...]
    present_on: tuple[str, ...]
    verdict: str
    since: datetime | None
    reason: str
    kept: str


def release_rows(
    sightings: Sequence[Sighting], keeping: Iterable[Kept], standings: Mapping[str, Standing]
) -> tuple[ReleaseRow, ...]:
    """Newest verdict first; never judged ones last."""
    rows = [_release_row(one, sightings, standings.get(one.release.commit)) for one in keeping]
    return tuple(
        sorted(rows, key=lambda row: (row.since is not None, row.since and row.since.timestamp()), reverse=True)
    )


def _release_row(one: Kept, sightings: Sequence[Sighting], known: Standing | None) -> ReleaseRow:
    live = tuple(s.host for s in sightings if s.live == one.release.id)
    present = tuple(s.host for s in sightings if one.release in s.releases)
    verdict = "unverified" if known is None or known.grade == "unknown" else str(known.grade)
    return ReleaseRow(
        one.release, live, present, verdict, known.since if known else None, known.reason if known else "", one.reason
    )


def releases(rows: Sequence[ReleaseRow]) -> Shown:
    """A row a release."""
    table = _table("release", "commit", "verdict", "since", "live on", "on", "kept because", "reason")
    for row in rows:
        verdict = f"live {row.verdict}" if row.live_on else row.verdict
        table.add_row(
            Text(words.tag(row.release)),
            row.release.commit[:12],
            Text(verdict, _GRADES.get(row.verdict, "")),
            words.moment(row.since) if row.since else "-",
            Text(words.hosts(row.live_on, 3) or "-"),
            f"{len(row.present_on)} hosts",
            Text(row.kept or "nothing: prune deletes it"),
            Text(row.reason),
        )
    return (table,) if rows else ("no releases on the hosts yet",)


def history(rows: Sequence[Past]) -> Shown:
    """A row an operation."""
    table = _table("when", "what", "outcome", "by", "operation", "reason")
    for row in rows:
        table.add_row(
            words.moment(row.at),
            Text(clean_line(row.what, 60)),
            _outcome(row.outcome),
            Text(row.author),
            row.operation,
            Text(clean_line(row.reason, 80)),
        )
    return (table,) if rows else ("no operations yet",)


def _outcome(outcome: Outcome | None) -> Text:
    return Text(outcome, _OUTCOMES.get(outcome, "red")) if outcome else Text("unfinished", "yellow")


def past_sentence(one: Past) -> str:
    """One sentence."""
    end = f"{one.outcome}" if one.outcome else "unfinished"
    return f"{clean_line(one.what)} by {one.author} at {words.moment(one.at)}: {end}"


def operation(one: Past, records: Sequence[Record], took: Times) -> Shown:
    """The whole timeline."""
    lines: list[object] = [past_sentence(one), f"operation {one.operation}"]
    for record in sorted(records, key=lambda r: r.id):
        for text, style in _told(record.fact):
            lines.append(Text(f"{record.at:%H:%M:%S}  {text}", style))
    parts = " · ".join(f"{name} {words.seconds(value)}" for name, value in took.parts())
    return (*lines, *((parts,) if parts else ()))


def _told(fact: Fact) -> Iterable[tuple[str, str]]:  # noqa: PLR0912 one arm a kind of fact
    match fact:
        case Started(kind, target, fallback, hosts, origin):
            to = f", fallback {words.named(fallback)}" if fallback else ""
            yield f"started: {kind} {words.named(target)} on {words.hosts(hosts)}{to}", "bold"
            if origin:
                yield "from " + ", ".join(f"{key} {clean_line(value, 120)}" for key, value in origin), ""
        case Intended(step):
            yield f"{step.phase} {words.tag(step.release)} on {words.hosts(step.hosts)}", "bold"
        case Observed(step, findings):
            if step is None:
                yield "preflight, on what was live", "bold"
            for finding in findings:
                yield f"  {words.MARKS[finding.result]} {words.said(finding)}", words.STYLES[finding.result]
                if finding.result is not Result.PASS:
                    yield from ((f"      | {line}", "") for line in finding.evidence.splitlines()[-20:])
        case Judged(release, verdict):
            yield f"verdict: {words.named(release)} is {verdict.grade}: {verdict.rule}", _GRADES[verdict.grade]
        case Marked(release, grade, reason):
            yield f"marked {grade}: {words.named(release)}: {clean_line(reason)}", _GRADES[grade]
        case Withdrawn(release):
            yield f"{words.named(release)} was rolled back: not a fallback until it is verified again", ""
        case Pruned(gone, hosts):
            yield f"deleted {' '.join(words.tag(r) for r in gone)} from {words.hosts(hosts)}", ""
        case Ended(outcome, live, pending, reason):
            yield f"ended: {outcome}{f': {reason}' if reason else ''}", _OUTCOMES.get(outcome, "red")
            yield "live: " + ", ".join(f"{host} {words.id_tag(one)}" for host, one in live), ""
            if pending:
                yield f"pending: {words.hosts(pending)}", "yellow"
