"""One operation as `show` tells it: everything that was recorded, in its order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.text import Text

from rollback.core.explain import Explanation
from rollback.core.past import Past
from rollback.core.times import Times
from rollback.model import (
    Between,
    Drilled,
    Ended,
    Fact,
    Frozen,
    Intended,
    Judged,
    Marked,
    Noted,
    Observed,
    Phase,
    Pruned,
    Record,
    Result,
    Reverted,
    Started,
    Unfrozen,
    Unlocked,
    Watched,
    Withdrawn,
)
from rollback.report import ending, words
from rollback.report.evidence import readable
from rollback.report.migrations import listed
from rollback.report.tables import GRADES, OUTCOMES, Shown
from rollback.text import clean_line


def past_sentence(one: Past) -> str:
    """One sentence."""
    end = f"{one.outcome}" if one.outcome else "unfinished"
    return f"{clean_line(one.what)} by {one.author} at {words.moment(one.at)}: {end}"


def operation(one: Past, records: Sequence[Record], took: Times, why: Explanation | None) -> Shown:
    """The explanation, as it was told when it ended, and the whole timeline."""
    lines: list[object] = [past_sentence(one), f"operation {one.operation}"]
    if why is not None:
        lines += ["", ending.headline(why.outcome, ending.message(why)), *ending.lines(why), ""]
    for record in sorted(records, key=lambda r: r.id):
        for text, style in _told(record.fact):
            lines.append(Text(f"{record.at:%H:%M:%S}  {text}", style))
    parts = " · ".join(f"{name} {words.seconds(value)}" for name, value in took.parts())
    return (*lines, *((f"took: {parts}",) if parts and why is None else ()))


def _told(fact: Fact) -> Iterable[tuple[str, str]]:  # noqa: PLR0912 one arm a kind of fact
    match fact:
        case Started(kind, target, fallback, hosts, origin):
            to = f", fallback {words.named(fallback)}" if fallback else ""
            yield f"started: {kind} {words.named(target)} on {words.hosts(hosts)}{to}", "bold"
            if origin:
                yield "from " + ", ".join(f"{key} {clean_line(value, 120)}" for key, value in origin), ""
        case Between(old, new, added, gone):
            for what, some in (("added", added), ("gone", gone)):
                if some and old:
                    yield f"migrations from {words.tag(old)} to {words.tag(new)}: {what} {listed(some)}", ""
        case Intended(step):
            yield f"{step.phase} {words.tag(step.release)} on {words.hosts(step.hosts)}", "bold"
        case Observed(step, findings):
            if step is None:
                yield "preflight, on what was live", "bold"
            for finding in findings:
                yield f"  {words.MARKS[finding.result]} {words.said(finding)}", words.STYLES[finding.result]
                if finding.result is not Result.PASS or finding.check == Phase.MIGRATE:
                    yield from ((f"      | {line}", "") for line in readable(finding.evidence)[-20:])
        case Judged(release, verdict):
            yield f"verdict: {words.named(release)} is {verdict.grade}: {verdict.rule}", GRADES[verdict.grade]
        case Marked(release, grade, reason):
            yield f"marked {grade}: {words.named(release)}: {clean_line(reason)}", GRADES[grade]
        case Withdrawn(release, reason):
            why = f" ({clean_line(reason)})" if reason else ""
            said = "neither a fallback nor deployed until it is verified again or marked good"
            yield f"{words.named(release)} was rolled back{why}: {said}", ""
        case Frozen(reason):
            yield f"froze the environment: {clean_line(reason)}", words.CAUTION
        case Unfrozen(reason):
            yield f"unfroze the environment: {clean_line(reason)}", ""
        case Watched(release, grade, reason):
            of = words.named(release) if release else "the hosts differ; what is live"
            yield f"{of} is {grade}: {clean_line(reason)}", words.CAUTION
        case Noted(text, at):
            yield f"note, of {words.moment(at)}: {clean_line(text)}", ""
        case Reverted(release, host):
            yield f"{host} heard nothing more: it took {words.named(release)} off by itself", words.CAUTION
        case Pruned(gone, hosts):
            yield f"deleted {' '.join(words.tag(r) for r in gone)} from {words.hosts(hosts)}", ""
        case Drilled(seconds, asked, failed):
            yield f"rehearsed: {words.seconds(seconds)} to restore; {failed} of {asked} requests failed meanwhile", ""
        case Unlocked(operations, hosts):
            names = " ".join(map(words.start_of, operations))
            yield f"took the lease of {names} away on {words.hosts(hosts)}", words.CAUTION
        case Ended(outcome, live, pending, reason):
            yield f"ended: {outcome}{f': {reason}' if reason else ''}", OUTCOMES.get(outcome, "red")
            if live:
                yield "live: " + ", ".join(f"{host} {words.id_tag(one)}" for host, one in live), ""
            if pending:
                yield f"pending: {words.hosts(pending)}", words.CAUTION
