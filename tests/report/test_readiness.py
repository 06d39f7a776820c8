from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace

from rollback.core.condition import Condition, Keeping, Kept, Room
from rollback.core.expected import Expected
from rollback.core.ready import Wanted, findings
from rollback.model import Finding, Host
from rollback.report import readiness
from tests.build import EPOCH, V1, at

GB = 1_000_000_000
FIT = Condition("web1", EPOCH, round_trip=0.02, free=Room(9 * GB, 100_000), kept=((V1.id, Kept(Keeping.INTACT)),))
WANTED = Wanted(V1, need=Room(1_000_000, 5))


def fleet(count: int, *others: Condition) -> tuple[Finding, ...]:
    special = {one.host: one for one in others}
    names = [f"web{number}" for number in range(1, count + 1)]
    return findings([special.get(name, replace(FIT, host=name)) for name in names], WANTED)


def shown(found: Sequence[Finding], hosts: int) -> list[str]:
    return [line.plain for line in readiness.lines(found, hosts)]


def test_one_host() -> None:
    assert shown(fleet(1), 1) == [
        "✓ reach       web1: lets us in and answers in 20 ms",
        "✓ tools       web1: flock, coreutils and tar are there",
        "✓ folders     web1: can be written to",
        "✓ disk        web1: needs 1.0 MB and 5 inodes, has 9.0 GB and 100 thousand inodes",
        "✓ clock       web1: is within 5 s of this machine's",
        "✓ fallback    web1: v1 is intact: every file is as its manifest says",
    ]


def test_a_hundred_hosts_need_no_more_lines_and_who_stands_out_is_named() -> None:
    slow = replace(FIT, host="web7", round_trip=1.5, lacking=("flock",))
    away = Condition("web8", EPOCH, problem="connection refused")
    assert shown(fleet(100, slow, away), 100) == [
        "✓ reach       99 of 100 hosts; the slowest, web7, lets us in and answers in 1500 ms",
        "! reach       web8: connection refused",
        "✓ tools       98 of 100 hosts: flock, coreutils and tar are there",
        "✗ tools       web7: lacks flock",
        "✓ folders     99 of 100 hosts: can be written to",
        "✓ disk        99 of 100 hosts: needs 1.0 MB and 5 inodes, has 9.0 GB and 100 thousand inodes",
        "✓ clock       99 of 100 hosts: is within 5 s of this machine's",
        "✓ fallback    99 of 100 hosts: v1 is intact: every file is as its manifest says",
    ]


def test_without_a_fallback_it_says_where_the_reasons_are() -> None:
    """After a rollback by hand a second good release is there, and is none: "not yet" would be untrue."""
    (line,) = readiness.way_back(None)
    assert line.plain == (
        "? fallback    none: no release but the live one is known good; rollback status names each with the reason"
    )


def test_the_sentence_says_what_is_ready_and_what_is_not() -> None:
    full = replace(FIT, free=Room(0, 0))
    assert [
        readiness.sentence(fleet(1), V1),
        readiness.sentence(fleet(1), None),
        readiness.sentence(fleet(1, replace(FIT, offset=(60, 61))), V1),
        readiness.sentence(fleet(1, full), V1),
        readiness.sentence(fleet(1, replace(full, lacking=("flock",))), V1),
    ] == [
        "ready to deploy and to roll back",
        "ready to deploy; nothing to roll back to",
        "ready to deploy and to roll back, with 1 warning",
        "not ready to deploy: disk on web1: needs 1.0 MB and 5 inodes, has 0 B; a rollback could go ahead",
        "not ready: tools on web1: lacks flock; and 1 more",
    ]


def test_the_hint_mends_what_keeps_from_going_back_first() -> None:
    hosts = (Host("web1", "/srv/my shop"),)
    kept = ((V1.id, Kept(Keeping.DAMAGED, "1 entry differs from its manifest: app.py")),)
    damaged = replace(FIT, free=Room(0, 0), kept=kept)
    command, _, then = readiness.hint(fleet(1, damaged), V1, hosts).partition(", ")
    assert then == "so that it is brought anew; then rollback check again"
    assert shlex.split(shlex.split(command)[2]) == ["rm", f"/srv/my shop/.rollback/complete/{V1.id}"]
    assert (
        readiness.hint(fleet(1, replace(FIT, free=Room(0, 0))), V1, hosts)
        == "rollback prune, then rollback check again"
    )


def test_an_estimate_says_where_it_is_from() -> None:
    assert [readiness.takes(one).plain for one in (Expected(1.23, 2, "rollback v1", at(0)), None)] == [
        "  time        a rollback takes about 1.2 s in 2 waves: estimate from rollback v1 (2026-11-20 12:00Z)",
        "  time        how long a rollback takes is known after the first deploy",
    ]
