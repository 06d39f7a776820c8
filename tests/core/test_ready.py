from __future__ import annotations

from dataclasses import replace

import pytest

from rollback.core.condition import Condition, Keeping, Kept, Right, Room
from rollback.core.ready import DEPLOY_ONLY, Wanted, at_rest, findings, red
from rollback.model import Finding, Intent, LeaseSeen, Release, Sighting
from tests.build import EPOCH, V1, V2, sighting

GB = 1_000_000_000
FIT = Condition("web1", EPOCH, round_trip=0.02, free=Room(9 * GB, 100_000), tree=Room(50_000_000, 700))
BACK = Wanted(V1)


def keeping(keeping: Keeping, said: str = "", of: Release = V1) -> tuple[tuple[str, Kept], ...]:
    return ((of.id, Kept(keeping, said)),)


FIT = replace(FIT, kept=keeping(Keeping.INTACT))


def said(found: tuple[Finding, ...]) -> list[tuple[str, str, bool, str]]:
    """Of those that did not pass."""
    return [(f.check, str(f.result), f.required, f.observed) for f in found if f.result != "pass"]


def test_a_host_that_is_fit_passes_every_question() -> None:
    found = findings([FIT], BACK)
    assert {one.check: one.observed for one in found} == {
        "reach": "lets us in and answers in 20 ms",
        "tools": "flock, coreutils and tar are there",
        "folders": "can be written to",
        "disk": "needs 100.0 MB and 700 inodes, has 9.0 GB and 100 thousand inodes",
        "clock": "is within 5 s of this machine's",
        "fallback": "v1 is intact: every file is as its manifest says",
    }
    assert red(found) == ()


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"problem": "connection refused"}, ("reach", "error", True, "connection refused")),
        ({"lacking": ("flock",)}, ("tools", "fail", True, "lacks flock")),
        ({"lacking": ("tar", "gzip")}, ("deploy tools", "fail", True, "lacks tar, gzip")),
        ({"unwritable": ("/srv/shop",)}, ("folders", "fail", True, "can't be written to: /srv/shop")),
        ({"missing": (".env",)}, ("shared", "fail", True, "missing: shared/.env")),
        ({"free": None}, ("disk", "error", True, "could not tell how much is free")),
        (
            {"free": Room(99_000_000, 100_000)},
            ("disk", "fail", True, "needs 100.0 MB and 700 inodes, has 99.0 MB and 100 thousand inodes"),
        ),
        (
            {"free": Room(9 * GB, 699)},
            ("disk", "fail", True, "needs 100.0 MB and 700 inodes, has 9.0 GB and 699 inodes"),
        ),
        (
            {"free": Room(9 * GB, 800)},
            (
                "disk",
                "fail",
                False,
                "needs 100.0 MB and 700 inodes, has 9.0 GB and 800 inodes: next to nothing is left then",
            ),
        ),
        ({"offset": (3599.0, 3600.5)}, ("clock", "fail", False, "is 59 min 59 s ahead of this machine's")),
        ({"offset": (-200_000.0, -199_999.0)}, ("clock", "fail", False, "is 2 d behind this machine's")),
        (
            {"rights": (Right("sudo -n x", allowed=False, said="no rule allows it"),)},
            ("sudo", "fail", True, "does not allow without a password: sudo -n x (no rule allows it)"),
        ),
        (
            {"rights": (Right("sudo -n x", allowed=None, said="perhaps"),)},
            ("sudo", "inconclusive", False, "perhaps: sudo -n x"),
        ),
        (
            {"kept": keeping(Keeping.DAMAGED, "1 entry differs from its manifest: app.py")},
            ("fallback", "fail", True, "v1 is damaged: 1 entry differs from its manifest: app.py"),
        ),
        (
            {"kept": keeping(Keeping.UNREAD, "no room")},
            ("fallback", "error", True, "v1 could not be compared with its manifest: no room"),
        ),
        ({"kept": keeping(Keeping.ABSENT)}, ("fallback", "fail", True, "v1 is not there, and nobody else has it")),
    ],
)
def test_what_is_amiss_is_one_finding(changed: dict[str, object], expected: tuple[str, str, bool, str]) -> None:
    assert said(findings([replace(FIT, **changed)], BACK)) == [expected]  # type: ignore[arg-type]


def test_a_clock_within_what_the_round_trip_leaves_open_passes() -> None:
    assert said(findings([replace(FIT, offset=(-8.0, 6.0))], BACK)) == []


def test_a_file_system_that_counts_no_inodes_is_not_full() -> None:
    assert said(findings([replace(FIT, free=Room(9 * GB, 0))], BACK)) == []


def test_a_full_disk_has_no_inodes_either() -> None:
    assert [one[0] for one in said(findings([replace(FIT, free=Room(0, 0))], BACK))] == ["disk"]


def test_a_fallback_that_lacks_somewhere_and_can_be_had_is_a_warning() -> None:
    lacking = replace(FIT, kept=keeping(Keeping.ABSENT))
    assert said(findings([lacking], Wanted(V1, ("git", "web2")))) == [
        ("fallback", "fail", False, "v1 is not there; the next deploy or rollback brings it from git")
    ]


def test_a_live_release_that_was_changed_stops_the_next_deploy_whose_way_back_it_is() -> None:
    changed = replace(FIT, kept=keeping(Keeping.INTACT) + keeping(Keeping.DAMAGED, "1 entry differs", V2))
    found = red(findings([changed], Wanted(V1, live=V2)))
    assert [(one.check, one.observed) for one in found] == [("live", "v2 is damaged: 1 entry differs")]
    assert "live" in DEPLOY_ONLY


def test_without_a_fallback_none_is_missing() -> None:
    assert said(findings([replace(FIT, kept=())], Wanted())) == []


def test_the_need_of_a_known_release_counts_and_not_what_the_live_one_takes() -> None:
    need = Room(10 * GB, 10)
    assert [one[0] for one in said(findings([FIT], Wanted(V1, need=need)))] == ["disk"]


def test_the_slowest_and_the_tightest_come_first() -> None:
    slow, tight = replace(FIT, host="web2", round_trip=1), replace(FIT, host="web3", free=Room(GB, 100_000))
    found = findings([FIT, slow, tight], BACK)
    assert [next(one.host for one in found if one.check == check) for check in ("reach", "disk")] == ["web2", "web3"]


def test_a_host_without_tar_can_still_go_back() -> None:
    assert {one.check for one in red(findings([replace(FIT, lacking=("tar",))], BACK))} <= DEPLOY_ONLY


# Leases


def lease(operation: str = "01ADA", *, live: bool = True, age: int = 7, left: int = 50, phase: str = "x") -> LeaseSeen:
    return LeaseSeen(operation, 3, "ada@laptop", live, age, left, phase)


def rest(*sightings: Sighting, unfinished: tuple[str, ...] = ()) -> list[tuple[str, str, str | None, bool, str]]:
    found = at_rest(sightings, unfinished, EPOCH)
    return [(f.check, str(f.result), f.host, f.required, f.observed) for f in found]


def test_a_free_lease() -> None:
    assert rest(sighting("web1"), sighting("web2", problem="away")) == [("lease", "pass", "web1", True, "free")]


def test_a_lease_that_is_held_is_said_alike_for_all_its_hosts() -> None:
    one = replace(sighting("web1"), lease=lease(age=7))
    other = replace(sighting("web2"), lease=lease(age=8, left=49))
    held = "held by ada@laptop (operation 01ADA) for 8 s, in phase x; unless renewed it ends in 50 s"
    assert rest(one, other, unfinished=("01ADA",)) == [
        ("lease", "fail", "web1", True, held),
        ("lease", "fail", "web2", True, held),
    ]


def test_a_lease_that_is_over_stops_nobody_and_what_it_was_for_is_unfinished() -> None:
    over = replace(sighting("web1"), lease=lease(live=False))
    assert rest(over, unfinished=("01ADA",)) == [
        (
            "lease",
            "fail",
            "web1",
            False,
            "ada@laptop (operation 01ADA) left it behind; it is over, and the next command takes it over",
        ),
        ("unfinished", "fail", None, True, "operation 01ADA did not end"),
    ]


def test_a_stranded_host_is_said_once() -> None:
    stranded = replace(sighting("web1"), lease=lease(live=False, phase="stranded"))
    assert rest(stranded, unfinished=("01ADA",)) == [
        ("unfinished", "fail", "web1", True, "left stranded by ada@laptop (operation 01ADA)")
    ]


def test_an_intent_that_no_record_knows_is_unfinished() -> None:
    intent = Intent("01BOB", 1, V1.id, V2.id, "switched")
    assert rest(replace(sighting("web1"), intent=intent))[1:] == [
        ("unfinished", "fail", None, True, "operation 01BOB did not end")
    ]
