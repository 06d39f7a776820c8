"""What `check` shows: a line a question, for one host as for a hundred; who stands out is named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from shlex import quote

from rich.text import Text

from rollback.core.expected import Expected, Rehearsal
from rollback.core.history import Standing
from rollback.core.ready import DEPLOY_ONLY, red
from rollback.model import Finding, Host, Release, Result
from rollback.report import words

_NAMED = 6  # hosts; more are counted
# Which of the hosts that passed is shown: core puts it first.
_FIRST = {"reach": "the slowest", "disk": "the tightest"}
_WIDTH = 10  # cells of a line's label


def lines(found: Iterable[Finding], hosts: int) -> Iterator[Text]:
    """hosts: how many there are."""
    for alike in _grouped(found):
        mark, style = _mark(alike[0])
        yield Text(f"{mark} {alike[0].check:<{_WIDTH}}  {_said(alike, hosts)}", style)


def _grouped(found: Iterable[Finding]) -> Iterable[list[Finding]]:
    """What passed is one line; of the others, those that say the same."""
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for one in found:
        same = one.observed if one.check not in _FIRST or one.result is not Result.PASS else ""
        groups.setdefault((one.check, one.result, one.required, same), []).append(one)
    return groups.values()


def _mark(one: Finding) -> tuple[str, str]:
    if one.result is Result.PASS:
        return words.MARKS[Result.PASS], ""
    return (words.MARKS[one.result], words.STYLES[one.result]) if one.required else ("!", words.CAUTION)


def _said(alike: Sequence[Finding], hosts: int) -> str:
    names = [one.host for one in alike if one.host]
    first = alike[0]
    if not names:
        return first.observed
    which = f"; {_FIRST[first.check]}, {first.host}, " if len({one.observed for one in alike}) > 1 else " "
    return (
        f"{_hosts(names, hosts)}{which}{first.observed}"
        if which != " "
        else f"{_hosts(names, hosts)}: {first.observed}"
    )


def _hosts(names: Sequence[str], hosts: int) -> str:
    if len(names) <= _NAMED:
        return " ".join(sorted(names))
    return f"all {hosts} hosts" if len(names) == hosts else f"{len(names)} of {hosts} hosts"


def way_back(standing: Standing | None) -> Iterator[Text]:
    if standing is None:
        yield Text(
            "? fallback    none: no release but the live one is known good; rollback status names each with the reason",
            words.CAUTION,
        )
    else:
        yield Text(f"  way back    {words.named(standing.release)}, known good since {words.moment(standing.since)}")


def takes(expected: Expected | None) -> Text:
    if expected is None:
        return Text("  time        how long a rollback takes is known after the first deploy")
    waves = words.count(expected.waves, "wave")
    source = f"estimate from {expected.of} ({words.moment(expected.at)})"
    return Text(f"  time        a rollback takes about {words.seconds(expected.seconds)} in {waves}: {source}")


def rehearsed(last: Rehearsal | None) -> Iterator[Text]:
    if last is not None:
        took, at = words.seconds(last.drilled.took), words.moment(last.at)
        yield Text(f"  rehearsed   {took} to restore, in the drill of {at}")


def sentence(found: Sequence[Finding], fallback: Release | None) -> str:
    faults = red(found)
    stopping = [one for one in faults if one.check not in DEPLOY_ONLY]
    if stopping:
        return f"not ready: {_reason(stopping, faults)}"
    if faults:
        still = "; a rollback could go ahead" if fallback else ""
        return f"not ready to deploy: {_reason(faults, faults)}{still}"
    warnings = sum(1 for one in found if one.result is not Result.PASS)
    but = f", with {words.count(warnings, 'warning')}" if warnings else ""
    return f"ready to deploy and to roll back{but}" if fallback else f"ready to deploy{but}; nothing to roll back to"


def _reason(first: Sequence[Finding], faults: Sequence[Finding]) -> str:
    more = f"; and {len(faults) - 1} more" if faults[1:] else ""
    return f"{words.said(first[0])}{more}"


def hint(found: Sequence[Finding], fallback: Release | None, hosts: Sequence[Host]) -> str:
    """The next command, for what comes first of what is amiss."""
    faults = sorted(red(found), key=lambda one: one.check in DEPLOY_ONLY)
    first = faults[0]
    root = next((host.root for host in hosts if host.name == first.host), "")
    match first.check:
        case "lease":
            return "rollback status"
        case "unfinished":
            return "rollback resume"
        case "freeze":
            return "rollback unfreeze --reason '…', once it is over"
        case "disk":
            return "rollback prune, then rollback check again"
        case "fallback" if fallback and first.result is Result.FAIL:
            seal = f"rm {quote(f'{root}/.rollback/complete/{fallback.id}')}"
            return f"ssh {first.host} {quote(seal)}, so that it is brought anew; then rollback check again"
        case _:
            return "mend that, then rollback check again"
