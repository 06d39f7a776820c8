"""What `status` shows: how it is in one line, a row a host, what is amiss, and where a rollback would go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from shlex import quote

from rich.text import Text

from rollback.core import barrier
from rollback.core.history import Standing
from rollback.core.status import Status
from rollback.model import Grade, Release, Sighting
from rollback.report import words
from rollback.report.layout import Column, Grid
from rollback.report.tables import GRADES, Shown
from rollback.text import clean_line

_MANY = 20  # hosts; of more those that are alike are counted


def status(seen: Status, standings: Mapping[str, Standing]) -> Shown:
    """How it is in one line, a row a host or for many that are alike, what is amiss, then the fallback."""
    table = Grid(
        (
            Column("host"),
            Column("live"),
            Column("verdict"),
            Column("lease", 1),
            Column("unfinished", 2),
            Column("free", 3),
        )
    )
    for alike in _rows(seen.hosts):
        table.add(*_row(alike, standings))
    head = f"{seen.app} on {seen.environment}: {sentence(seen)}"
    frozen = (f"! {seen.freeze}",) if seen.freeze else ()
    open_ends = (*_alarm(seen), *amiss(seen.hosts, seen.unfinished), *_pending(seen), *frozen)
    return (head, table, *_lines_of(open_ends), *_fallback_lines(seen))


def _rows(hosts: Sequence[Sighting]) -> Iterable[list[Sighting]]:
    """Of a large fleet, those that differ by nothing but their names and their room stand together."""
    if len(hosts) <= _MANY:
        return [[one] for one in hosts]
    found: dict[object, list[Sighting]] = {}
    for one in hosts:
        holder = one.lease.holder if one.lease and one.lease.live else None
        intent = (one.intent.target, one.intent.state) if one.intent else None
        found.setdefault((one.reachable, one.live, holder, intent), []).append(one)
    return found.values()


def _row(alike: Sequence[Sighting], standings: Mapping[str, Standing]) -> tuple[Text, ...]:
    """The one with the least room speaks for all."""
    tightest = min(alike, key=lambda one: one.free_bytes)
    row = _host_row(tightest, standings)
    if len(alike) == 1:
        return row
    free = row[-1] if tightest.problem else Text(f"{row[-1]} or more")
    return Text(f"{len(alike)} hosts ({alike[0].host} …)"), *row[1:-1], free


def _host_row(sighting: Sighting, standings: Mapping[str, Standing]) -> tuple[Text, ...]:
    if sighting.problem is not None:
        return Text(sighting.host), Text("✗ not seen", "red"), *(Text("?") for _ in range(4))
    release = next((one for one in sighting.releases if one.id == sighting.live), None)
    grade = _grade(release, standings) if sighting.live else "-"
    lease = sighting.lease
    intent = f"{words.id_tag(sighting.intent.target)} {sighting.intent.state}" if sighting.intent else "-"
    return (
        Text(sighting.host),
        Text(words.id_tag(sighting.live)),
        Text(grade, GRADES.get(grade, "")),
        Text(clean_line(lease.holder, 40) if lease and lease.live else "-"),
        Text(intent, words.CAUTION if sighting.intent else ""),
        Text(words.size(sighting.free_bytes)),
    )


def _alarm(seen: Status) -> Iterable[str]:
    if seen.alarm is not None:
        its = seen.alarm
        mark = "✗" if its.grade is Grade.BAD else "!"
        release = words.named(its.release) if its.release else "what is live"
        yield f"{mark} the watch: {release} is {its.grade} since {words.moment(its.since)}: {its.reason}"


def _fallback_lines(seen: Status) -> Iterable[object]:
    if seen.fallback is None:
        yield Text("fallback: none, a rollback has nothing to go back to", words.CAUTION)
    else:
        since = words.moment(seen.fallback.since)
        yield f"fallback: {words.named(seen.fallback.release)}, known good since {since}, {_complete(seen)}"
    if seen.barred:
        yield Text(f"! barrier: it does not know {barrier.said(seen.barred)}", words.CAUTION)
    for standing, why in seen.candidates:
        if seen.fallback is not None and standing.since < seen.fallback.since:
            break
        if why and (seen.live is None or standing.release.commit != seen.live.commit):
            yield f"  · {words.tag(standing.release)} skipped: {words.skipped(standing, why)}"


def _complete(seen: Status) -> str:
    there = [s for s in seen.hosts if s.reachable]
    lacking = [s.host for s in there if seen.fallback and seen.fallback.release not in s.releases]
    if lacking:
        return f"to be brought to {words.hosts(lacking)} first"
    return "complete on every host" + ("" if len(there) == len(seen.hosts) else " that was seen")


def _lines_of(said: Iterable[str]) -> Iterable[Text]:
    return (Text(line, "red" if line.startswith("✗") else words.CAUTION) for line in said)


def amiss(sightings: Sequence[Sighting], unfinished: Sequence[str]) -> tuple[str, ...]:
    """One line for everything that keeps the hosts from being at rest: away, leased, left unfinished."""
    return (*away(sightings), *_stranded(sightings), *_leased(sightings), *_unfinished(sightings, unfinished))


def away(sightings: Sequence[Sighting]) -> tuple[str, ...]:
    """One line for every host that was not seen, or for all with the same problem."""
    problems = _grouped((s.problem, s.host) for s in sightings if s.problem)
    return tuple(
        f"✗ {'' if said.startswith(hosts[0]) else f'{words.hosts(hosts)}: '}{said}" for said, hosts in problems
    )


def _stranded(sightings: Sequence[Sighting]) -> Iterable[str]:
    """Its lease is over, so that whoever helps is not held up, and stays to name the operation."""
    left = ((s.lease.operation, s.host) for s in sightings if s.lease and s.lease.phase == "stranded")
    for operation, hosts in _grouped(left):
        yield f"✗ {words.hosts(hosts)} stranded by operation {words.start_of(operation)}"


def _leased(sightings: Sequence[Sighting]) -> Iterable[str]:
    held = [(s.host, s.lease) for s in sightings if s.lease and s.lease.live]
    for operation, hosts in _grouped((lease.operation, host) for host, lease in held):
        mine = [lease for _, lease in held if lease.operation == operation]
        phases = dict.fromkeys(clean_line(one.phase, 20) for one in mine if one.phase not in {"", "start"})
        doing = f", in phase {' '.join(phases)}" if phases else ""
        yield (
            f"! lease: {clean_line(mine[0].holder, 60)} has it on {words.hosts(hosts)}, operation"
            f" {words.start_of(operation)}{doing}; unless renewed it ends in {max(one.left for one in mine)} s"
        )


def _unfinished(sightings: Sequence[Sighting], unfinished: Sequence[str]) -> Iterable[str]:
    running = {s.lease.operation for s in sightings if s.lease and s.lease.live}
    for operation in unfinished:
        if operation not in running:
            yield f"! unfinished: operation {words.start_of(operation)}"
    left = {s.intent.operation for s in sightings if s.intent} - {*running, *unfinished}
    yield from (f"! unfinished: operation {words.start_of(one)}" for one in sorted(left))


def _pending(seen: Status) -> Iterable[str]:
    """Those that are away still are said to be so already."""
    back = [s.host for s in seen.hosts if s.reachable and s.host in seen.pending]
    if back and seen.to_resume:
        yield f"! pending: {words.hosts(back)} was away when the last operation ended"


def _grouped(pairs: Iterable[tuple[str, str]]) -> Iterable[tuple[str, tuple[str, ...]]]:
    """What is the same on many hosts is said once."""
    groups: dict[str, list[str]] = {}
    for said, host in pairs:
        groups.setdefault(said, []).append(host)
    return ((said, tuple(hosts)) for said, hosts in groups.items())


def _drifted(seen: Status) -> bool:
    return len({s.live for s in seen.hosts if s.reachable}) > 1


def where(pairs: Iterable[tuple[str, str]]) -> str:
    """(tag, host) pairs as `v6 on web1, v1 on web2 web3`."""
    return ", ".join(f"{tag} on {words.hosts(hosts)}" for tag, hosts in _grouped(pairs))


def sentence(seen: Status) -> str:
    """One sentence."""
    unseen = tuple(s.host for s in seen.hosts if not s.reachable)
    live = f"{words.tag(seen.live)} is live" if seen.live else _unsettled(seen)
    on = " on the others" if unseen and seen.live else ""
    return f"{live}{on}" + (f"; not seen: {words.hosts(unseen)}" if unseen else "")


def _unsettled(seen: Status) -> str:
    if _drifted(seen):
        return "the hosts differ: " + where((words.id_tag(s.live), s.host) for s in seen.hosts if s.reachable)
    if any(s.intent for s in seen.hosts):
        return "a change was left unfinished"
    if any(s.live for s in seen.hosts):
        return "what is live was not deployed by this tool"
    return "nothing is live yet"


def hint(seen: Status, standings: Mapping[str, Standing]) -> str:
    """The next command."""
    held = next((s.lease for s in seen.hosts if s.lease and s.lease.live), None)
    if held is not None:
        return f"rollback show {words.start_of(held.operation)}"
    if seen.to_resume:
        return "rollback resume"
    if any(not s.reachable for s in seen.hosts):
        return "rollback check"
    if not any(s.live for s in seen.hosts):
        return "rollback deploy TAG"
    if seen.fallback and _should_go_back(seen, standings):
        return _back(seen, seen.fallback)
    return "rollback verify" if seen.alarm else _at_rest(seen, standings)


def _at_rest(seen: Status, standings: Mapping[str, Standing]) -> str:
    """A deploy over what nobody judged would have no way back."""
    if seen.fallback is None and seen.live and _grade(seen.live, standings) == "unverified":
        return f"rollback mark good {quote(words.tag(seen.live))} --reason 'it works'"
    return "rollback releases"


def _should_go_back(seen: Status, standings: Mapping[str, Standing]) -> bool:
    known = standings.get(seen.live.commit) if seen.live else None
    is_bad = (known is not None and known.grade == "bad") or (seen.alarm is not None and seen.alarm.grade is Grade.BAD)
    return seen.live is None or is_bad


def _back(seen: Status, fallback: Standing) -> str:
    """Across a barrier nothing goes back by a plain `rollback`."""
    if not seen.barred:
        return "rollback"
    can = f"when {words.tag(fallback.release)} can work with the database as it is"
    return f"deploy a release that works; or, {can}: rollback --cross-migrations"


def _grade(release: Release | None, standings: Mapping[str, Standing]) -> str:
    known = standings.get(release.commit) if release else None
    return "unverified" if known is None or known.grade == "unknown" else str(known.grade)
