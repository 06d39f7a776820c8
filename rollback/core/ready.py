"""Ready to deploy, and to roll back? From what the hosts showed to findings, one a question and host. Pure.

What is not `required` is worth knowing and stops nobody. A check in `DEPLOY_ONLY` stops a deploy, and no rollback.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from rollback.core.amounts import many, seconds, size
from rollback.core.condition import Condition, Keeping, Right, Room
from rollback.core.freeze import Freeze
from rollback.model import Finding, LeaseSeen, Release, Result, Sighting

DEPLOY_ONLY = frozenset({"disk", "deploy tools", "shared", "live", "unfinished", "freeze"})
# Programs that only receiving and sealing a release needs; the others switch, restart and write journals.
_RECEIVING = frozenset({"comm", "find", "grep", "gzip", "join", "od", "sha256sum", "sort", "tar", "xargs"})
_SPARE = Room(64 * 1024 * 1024, 1000)  # a disk with less than that is about to be full
_DRIFT = 5.0  # seconds that a clock may be off


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the hosts are looked over for. fallback: the way back, None when there is none to be expected.

    sources: where a host without it gets it from, in their order. live: the way back of the next deploy. need: of the
    release to be deployed; None when it is not known: then as much again as the live one takes.
    """

    fallback: Release | None = None
    sources: tuple[str, ...] = ()
    live: Release | None = None
    need: Room | None = None


def findings(conditions: Sequence[Condition], wanted: Wanted) -> tuple[Finding, ...]:
    """By question, in the order in which a person would ask. Of the hosts that pass, the tightest one comes first."""
    seen = [one for one in conditions if not one.problem]
    return (
        *sorted((_reach(one) for one in conditions), key=lambda f: -f.took),
        *(found for one in seen for found in _tools(one)),
        *(_root(one) for one in seen),
        *(_disk(one, wanted.need) for one in sorted(seen, key=_space)),
        *(_clock(one) for one in seen),
        *(_right(one, right) for one in seen for right in one.rights),
        *(_shared(one) for one in seen if one.missing),
        *(f for one in seen for f in _kept("fallback", one, wanted.fallback, wanted.sources)),
        *(f for one in seen for f in _kept("live", one, wanted.live, ())),
    )


def red(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """What stops a deploy."""
    return tuple(one for one in found if one.required and one.result is not Result.PASS)


def at_rest(sightings: Sequence[Sighting], unfinished: Sequence[str], at: datetime) -> Iterator[Finding]:
    """Is anybody at work, or did somebody leave something? unfinished: ids of operations. at: UTC, when it was seen."""
    held = {s.host: s.lease for s in sightings if s.lease}
    for sighting in sightings:
        if sighting.reachable:
            mine = held.get(sighting.host)
            alike = [one for one in held.values() if mine and one.operation == mine.operation]
            check, result, required, said = _lease(mine, alike)
            yield Finding(check, result, at, sighting.host, observed=said, required=required)
    said_already = {one.operation for one in held.values() if one.live or one.phase == "stranded"}
    intents = (s.intent.operation for s in sightings if s.intent)
    for operation in dict.fromkeys((*unfinished, *intents)):
        if operation not in said_already:
            observed = f"operation {operation[:12]} did not end"
            yield Finding("unfinished", Result.FAIL, at, observed=observed)


def thaw(freeze: Freeze | None, at: datetime) -> Iterator[Finding]:
    """Does a person want nothing deployed?"""
    if freeze is not None:
        yield Finding("freeze", Result.FAIL, at, observed=str(freeze))


def _lease(lease: LeaseSeen | None, alike: Sequence[LeaseSeen]) -> tuple[str, Result, bool, str]:
    """alike: the same operation's on all hosts, so that the same is said of each."""
    if lease is None:
        return "lease", Result.PASS, True, "free"
    whose = f"{lease.holder} (operation {lease.operation[:12]})"
    if lease.phase == "stranded":
        return "unfinished", Result.FAIL, True, f"left stranded by {whose}"
    if not lease.live:
        return "lease", Result.FAIL, False, f"{whose} left it behind; it is over, and the next command takes it over"
    doing = "".join(f", in phase {one.phase}" for one in alike[:1] if one.phase not in {"", "start"})
    age, left = max(one.age for one in alike), max(one.left for one in alike)
    said = f"held by {whose} for {age} s{doing}; unless renewed it ends in {left} s"
    return "lease", Result.FAIL, True, said


def _found(check: str, one: Condition, fault: str, fine: str, *, required: bool = True) -> Finding:
    result = Result.FAIL if fault else Result.PASS
    return Finding(check, result, one.at, one.host, observed=fault or fine, required=required)


def _reach(one: Condition) -> Finding:
    if one.problem:
        return Finding("reach", Result.ERROR, one.at, one.host, observed=one.problem)
    said = f"lets us in and answers in {max(1, round(one.round_trip * 1000))} ms"
    return Finding("reach", Result.PASS, one.at, one.host, observed=said, took=one.round_trip)


def _tools(one: Condition) -> Iterator[Finding]:
    always = [tool for tool in one.lacking if tool not in _RECEIVING]
    receiving = [tool for tool in one.lacking if tool in _RECEIVING]
    if always or not receiving:
        yield _found("tools", one, f"lacks {', '.join(always)}" if always else "", "flock, coreutils and tar are there")
    if receiving:
        yield _found("deploy tools", one, f"lacks {', '.join(receiving)}", "")


def _root(one: Condition) -> Finding:
    fault = f"can't be written to: {', '.join(one.unwritable)}" if one.unwritable else ""
    return _found("folders", one, fault, "can be written to")


def _space(one: Condition) -> int:
    return one.free.size if one.free else -1


def _disk(one: Condition, need: Room | None) -> Finding:
    if one.free is None:
        return Finding("disk", Result.ERROR, one.at, one.host, observed="could not tell how much is free")
    needed, free = need or _again(one.tree), one.free
    said = f"needs {_said(needed)}, has {_said(free)}"
    counted = free.entries > 0 or free.size == 0  # some file systems do not count inodes and say 0
    if free.size < needed.size or (counted and free.entries < needed.entries):
        return _found("disk", one, said, "")
    left = Room(free.size - needed.size, free.entries - needed.entries)
    if left.size < _SPARE.size or (counted and left.entries < _SPARE.entries):
        return _found("disk", one, f"{said}: next to nothing is left then", "", required=False)
    return _found("disk", one, "", said)


def _again(tree: Room | None) -> Room:
    """A release like the live one, which is there twice for a moment: the archive, and what is in it."""
    return Room(2 * tree.size, tree.entries) if tree else Room()


def _said(room: Room) -> str:
    return f"{size(room.size)} and {many(room.entries)} inodes" if room.entries else size(room.size)


def _clock(one: Condition) -> Finding:
    """Only a warning: leases go by each host's own uptime. Log windows and journals go by the clock."""
    low, high = one.offset
    fault = ""
    if low > _DRIFT:
        fault = f"is {seconds(low)} ahead of this machine's"
    elif high < -_DRIFT:
        fault = f"is {seconds(-high)} behind this machine's"
    return _found("clock", one, fault, f"is within {_DRIFT:.0f} s of this machine's", required=False)


def _right(one: Condition, right: Right) -> Finding:
    if right.allowed is None:
        observed = f"{right.said}: {right.command}"
        return Finding("sudo", Result.INCONCLUSIVE, one.at, one.host, observed=observed, required=False)
    fault = "" if right.allowed else f"does not allow without a password: {right.command} ({right.said})"
    return _found("sudo", one, fault, f"allows: {right.command}")


def _shared(one: Condition) -> Finding:
    return _found("shared", one, f"missing: {', '.join(f'shared/{path}' for path in one.missing)}", "")


def _kept(check: str, one: Condition, release: Release | None, sources: Sequence[str]) -> Iterator[Finding]:
    kept = dict(one.kept).get(release.id) if release else None
    if release is None or kept is None:
        return
    match kept.keeping:
        case Keeping.INTACT:
            yield _found(check, one, "", f"{release.tag} is intact: every file is as its manifest says")
        case Keeping.ABSENT if sources:
            said = f"{release.tag} is not there; the next deploy or rollback brings it from {sources[0]}"
            yield _found(check, one, said, "", required=False)
        case Keeping.ABSENT:
            yield _found(check, one, f"{release.tag} is not there, and nobody else has it", "")
        case Keeping.DAMAGED:
            yield _found(check, one, f"{release.tag} is damaged: {kept.said}", "")
        case _:
            observed = f"{release.tag} could not be compared with its manifest: {kept.said}"
            yield Finding(check, Result.ERROR, one.at, one.host, observed=observed)
