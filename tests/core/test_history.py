from __future__ import annotations

from dataclasses import replace

import pytest

from rollback.core.history import (
    Kept,
    Standing,
    kept,
    known_releases,
    pins,
    prunable,
    standings,
)
from rollback.core.past import Past, past
from rollback.core.status import common_live, live_on
from rollback.core.times import Times, times
from rollback.model import (
    Ended,
    Fact,
    Frozen,
    Grade,
    Intended,
    Intent,
    Judged,
    Kind,
    Marked,
    Observed,
    Outcome,
    Phase,
    Pruned,
    Record,
    Release,
    Result,
    Sighting,
    Started,
    Step,
    Unfrozen,
    Unlocked,
    Verdict,
    Watched,
    Withdrawn,
)
from tests.build import V1, V2, V3, at, finding, judged, record, release, sighting


def started(
    second: float, target: Release, kind: Kind = Kind.DEPLOY, fallback: Release | None = V1, op: str = "OP1"
) -> Record:
    return record(second, Started(kind, target, fallback, ("web1",)), op)


def test_the_last_word_on_a_commit_counts_in_whatever_order_records_come() -> None:
    records = [judged(2, V1, Grade.BAD), judged(1, V1), record(3, Marked(V2, Grade.GOOD, "looked at it"))]
    assert standings(records) == {
        V1.commit: Standing(V1, Grade.BAD, at(2), "by a test"),
        V2.commit: Standing(V2, Grade.GOOD, at(3), "marked good by ada: looked at it"),
    }


def test_an_unknown_verdict_takes_nothing_back() -> None:
    assert standings([judged(1, V1), judged(2, V1, Grade.UNKNOWN)])[V1.commit].grade is Grade.GOOD
    assert standings([judged(1, V1, Grade.UNKNOWN)])[V1.commit].grade is Grade.UNKNOWN


def test_an_operation_that_thought_better_of_it_condemns_nothing() -> None:
    """What it went back to fails the same."""
    doubted = [judged(1, V1, Grade.BAD), judged(2, V1, Grade.UNKNOWN)]
    assert standings(doubted)[V1.commit].grade is Grade.UNKNOWN
    assert standings([judged(0, V1), *doubted])[V1.commit].grade is Grade.GOOD
    assert standings([doubted[0], replace(doubted[1], operation="OP2")])[V1.commit].grade is Grade.BAD


def test_a_verdict_sticks_to_the_commit_and_not_to_the_tag() -> None:
    again = release("v1-renamed", V1.commit)
    assert not standings([judged(1, V1), judged(2, again, Grade.BAD)])[V1.commit].eligible


def test_a_withdrawn_release_is_good_but_not_eligible_until_verified_again() -> None:
    records = [judged(1, V1), record(2, Withdrawn(V1))]
    assert standings(records)[V1.commit] == Standing(V1, Grade.GOOD, at(2), "rolled back by ada", withdrawn=True)
    assert standings([*records, judged(3, V1)])[V1.commit].eligible


@pytest.mark.parametrize("before", [(), (judged(1, V1, Grade.UNKNOWN),)])
def test_what_was_rolled_back_before_it_was_ever_good_is_withdrawn_too(before: tuple[Record, ...]) -> None:
    taken_back = [*before, record(2, Withdrawn(V1, "it eats data"))]
    said = "rolled back by ada: it eats data"
    assert standings(taken_back)[V1.commit] == Standing(V1, Grade.UNKNOWN, at(2), said, withdrawn=True)
    assert standings([*taken_back, judged(3, V1, Grade.UNKNOWN)])[V1.commit].withdrawn
    assert standings([*taken_back, judged(3, V1)])[V1.commit].eligible


def test_a_bad_release_that_is_rolled_back_by_hand_keeps_the_reason_why_it_is_bad() -> None:
    records = [judged(1, V1, Grade.BAD), record(2, Withdrawn(V1))]
    assert standings(records)[V1.commit] == Standing(V1, Grade.BAD, at(1), "by a test")


def test_an_operation_that_began_before_a_person_said_bad_does_not_lift_it() -> None:
    mark = record(5, Marked(V1, Grade.BAD, "I see errors"), "00000005.000")
    good = Judged(V1, Verdict(Grade.GOOD, "passed"))
    before, after = record(6, good, "00000004.000"), record(7, good, "00000006.500")
    assert standings([mark, before])[V1.commit].grade is Grade.BAD
    assert standings([mark, before, after])[V1.commit].grade is Grade.GOOD
    lifted = record(5.5, Marked(V1, Grade.GOOD, "a false alarm"), "00000005.500")
    assert standings([mark, lifted, before])[V1.commit].grade is Grade.GOOD


def test_a_deploy_that_was_taken_over_does_not_make_good_again_what_was_rolled_back() -> None:
    """Its operators may be late to learn of it. One that asked earlier and began later has verified it anew."""
    verdict = Judged(V1, Verdict(Grade.GOOD, "accepted"))
    begun = record(4, Started(Kind.DEPLOY, V1, None, ("web1",)), "00000004.000")
    taken_back = record(5, Withdrawn(V1), "00000005.000")
    late, bad = record(6, verdict, "00000004.000"), record(6, Judged(V1, Verdict(Grade.BAD, "500")), "00000004.000")
    assert not standings([begun, taken_back, late])[V1.commit].eligible
    assert standings([begun, taken_back, bad])[V1.commit].grade is Grade.BAD
    waited = record(5.5, Started(Kind.DEPLOY, V1, None, ("web1",)), "00000004.500")
    assert standings([taken_back, waited, record(6, verdict, "00000004.500")])[V1.commit].eligible


def test_a_tag_is_pinned_as_it_was_deployed_last() -> None:
    moved = release("v1", "b" * 40)
    records = [started(1, V1), started(2, moved), started(3, V2, Kind.ROLLBACK)]
    assert pins(records) == {"v1": moved}
    assert known_releases(records) == {V1.id: V1, moved.id: moved, V2.id: V2}


def test_what_is_kept_and_why() -> None:
    every = [release(f"v{number}") for number in range(10)]
    records = [judged(number, one, Grade.BAD if number == 8 else Grade.GOOD) for number, one in enumerate(every[:9])]
    seen = Sighting("web1", live=every[0].id, previous=every[1].id, releases=tuple(every))
    doing = Sighting("web2", live=every[0].id, intent=Intent("A", 1, None, every[2].id, "prepared"))
    reasons = {one.release.tag: one.reason for one in kept([seen, doing], standings(records), keep=1)}
    assert reasons == {
        "v0": "live",
        "v1": "previous",
        "v2": "unfinished",
        "v3": "",
        "v4": "",
        "v5": "verified, among the last 1",
        "v6": "known good",
        "v7": "known good",
        "v8": "bad, kept to look into",
        "v9": "",
    }
    assert {one.tag for one in prunable([seen, doing], standings(records), 1)} == {"v3", "v4", "v9"}
    assert kept([sighting("web1", V1, (V1,))], {}, 5) == (Kept(V1, "live"),)


def test_what_is_live_everywhere_and_settled() -> None:
    doing = Intent("A", 1, V1.id, V2.id, "prepared")
    assert common_live([sighting("web1"), sighting("web2")]) == V1
    assert common_live([sighting("web1"), sighting("web2", V2)]) is None
    assert live_on([sighting("web1"), sighting("web2", V3), sighting("web3", problem="away")]) == {"web1": V1}
    assert common_live([sighting("web1"), sighting("web2", intent=doing)]) is None
    assert common_live([sighting("web1"), sighting("web2", problem="away")]) == V1
    assert common_live([sighting("web1", problem="away")]) is None
    assert common_live([sighting("web1", V3, (V1,))]) is None


def test_operations_are_folded_into_rows_newest_first() -> None:
    records = [
        started(1, V1, op="A"),
        record(2, Ended(Outcome.DONE, reason="fine"), "A"),
        started(3, V2, op="B"),
        record(4, Marked(V2, Grade.BAD, "slow"), "C"),
        record(5, Pruned((V3,), ("web1",)), "D"),
        record(6, Withdrawn(V1), "E"),
        record(7, Judged(V1, Verdict(Grade.GOOD, "all passed")), "F"),
        record(8, Judged(V2, Verdict(Grade.BAD, "login")), "G"),
        record(9, Ended(Outcome.ROLLED_BACK, reason="login"), "G"),
    ]
    assert past(records) == (
        Past("G", at(8), "ada", "gate v2", V2, Outcome.ROLLED_BACK, at(9), "login", ()),
        Past("F", at(7), "ada", "gate v1", V1, Outcome.DONE, None, "all passed", ()),
        Past("D", at(5), "ada", "prune v3", None, Outcome.DONE, None, "", ("web1",)),
        Past("C", at(4), "ada", "mark bad v2", V2, Outcome.DONE, None, "slow", ()),
        Past("B", at(3), "ada", "deploy v2", V2, None, None, "", ("web1",)),
        Past("A", at(1), "ada", "deploy v1", V1, Outcome.DONE, at(2), "fine", ("web1",)),
    )


def test_the_times_of_an_automatic_rollback() -> None:
    forward, back = Step(Phase.ACTIVATE, V2, ("web1",)), Step(Phase.ACTIVATE, V1, ("web1",))
    check, again = Step(Phase.VERIFY, V2, ("web1",)), Step(Phase.VERIFY, V1, ("web1",))
    failing = finding(result=Result.FAIL, second=12)
    records = [
        started(8, V2),
        record(10, Intended(forward)),
        record(13, Observed(check, (finding(second=11), failing))),
        record(14, Intended(back)),
        record(15, Observed(back, ())),
        record(17, Observed(again, ())),
        record(18, Ended(Outcome.ROLLED_BACK)),
    ]
    found = times(records)
    assert found == Times(at(8), at(10), at(12), at(14), at(15), at(17), at(18))
    assert found.parts() == (("detect", 2.0), ("decide", 2.0), ("execute", 1.0), ("verify", 2.0))


def test_there_are_no_times_without_a_start() -> None:
    assert times([]) == Times()
    assert Times().parts() == ()


def test_a_lease_that_was_taken_away_is_an_operation_of_its_own() -> None:
    taken = record(1, Unlocked(("01M87WNMZ5FA8QE11P2WJAN36K",), ("web1",)), "OP7")
    said: list[Fact] = [Frozen("Black Friday"), Unfrozen("it is over"), Watched(V1, Grade.BAD, "500")]
    assert [(row.what, row.reason) for row in past(record(n, fact, f"OP{n}") for n, fact in enumerate(said))] == [
        ("watch: bad", "500"),
        ("unfreeze", "it is over"),
        ("freeze", "Black Friday"),
    ]
    assert past([taken]) == (Past("OP7", at(1), "ada", "unlock 01M87WNMZ5FA", None, Outcome.DONE, None, "", ("web1",)),)


def test_what_a_rollback_was_to_leave_is_not_withdrawn_when_every_switch_was_refused() -> None:
    step = Step(Phase.ACTIVATE, V1, ("web1",))
    begun = [judged(1, V2), record(2, Withdrawn(V2), "B"), record(2.1, Intended(step), "B")]
    assert standings(begun)[V2.commit].withdrawn
    refused = record(3, Observed(step, (finding("activate", Result.SKIPPED),)), "B")
    assert standings([*begun, refused])[V2.commit] == Standing(V2, Grade.GOOD, at(1), "by a test")
    failed = record(3, Observed(step, (finding("activate", Result.FAIL),)), "B")
    assert standings([*begun, failed])[V2.commit].withdrawn
