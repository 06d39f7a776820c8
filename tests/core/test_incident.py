"""Which operations are one incident, and when it began and was over."""

from __future__ import annotations

from rollback.core.incident import Incident, incident_of, incidents, moments
from rollback.model import (
    Ended,
    Fact,
    Finding,
    Grade,
    Intended,
    Judged,
    Kind,
    Marked,
    Noted,
    Observed,
    Outcome,
    Phase,
    Record,
    Release,
    Result,
    Started,
    Step,
    Verdict,
    Watched,
    Withdrawn,
)
from tests.build import V1, V2, V3, at, finding, record

BAD = Verdict(Grade.BAD, "login: 1 failure > limit 0")


def told(name: str, *facts: tuple[float, Fact], author: str = "ada") -> tuple[Record, ...]:
    return tuple(record(second, fact, name, author) for second, fact in facts)


def step(phase: Phase, of: Release) -> Step:
    return Step(phase, of, ("web1",))


def switch(second: float, of: Release) -> tuple[tuple[float, Fact], ...]:
    on = step(Phase.ACTIVATE, of)
    done = Finding("activate", Result.PASS, at(second + 0.5), "web1")
    return (second, Intended(on)), (second + 0.5, Observed(on, (done,)))


def asked(second: float, of: Release, result: Result = Result.PASS) -> tuple[float, Fact]:
    return second + 0.1, Observed(step(Phase.VERIFY, of), (finding(result=result, second=second),))


def good_deploy(name: str, second: float, of: Release, fallback: Release | None) -> tuple[Record, ...]:
    start = Started(Kind.DEPLOY, of, fallback, ("web1",))
    end = Ended(Outcome.DONE, (("web1", of.id),))
    return told(name, (second, start), *switch(second + 1, of), asked(second + 2, of), (second + 3, end))


def undone_deploy(name: str, second: float) -> tuple[Record, ...]:
    """v3 fails, and v2 is put back."""
    return told(
        name,
        (second, Started(Kind.DEPLOY, V3, V2, ("web1",))),
        *switch(second + 1, V3),
        asked(second + 3, V3, Result.FAIL),
        (second + 3.2, Judged(V3, BAD)),
        *switch(second + 4, V2),
        asked(second + 6, V2),
        (second + 7, Ended(Outcome.ROLLED_BACK, (("web1", V2.id),))),
    )


def by_hand(name: str, second: float, outcome: Outcome = Outcome.DONE) -> tuple[Record, ...]:
    return told(
        name,
        (second, Started(Kind.ROLLBACK, V2, None, ("web1",))),
        (second + 1, Withdrawn(V3, "people can't log in")),
        *switch(second + 1, V2),
        asked(second + 3, V2),
        (second + 4, Ended(outcome, (("web1", V2.id),))),
        author="grace",
    )


def in_short(found: tuple[Incident, ...]) -> list[tuple[object, ...]]:
    return [(one.operations, one.began, one.noticed, one.over, one.bad, one.good) for one in found]


def test_a_deploy_that_was_undone_is_an_incident_of_its_own() -> None:
    records = (*good_deploy("OP1", 0, V2, V1), *undone_deploy("OP2", 100), *good_deploy("OP3", 200, V1, V2))
    assert in_short(incidents(records)) == [(("OP2",), at(103), True, at(106), V3, V2)]
    assert moments(incidents(records)[0], records).parts() == (
        ("detect", 2.0),
        ("decide", 1.0),
        ("execute", 0.5),
        ("verify", 1.5),
    )


def test_a_rollback_by_hand_that_no_check_asked_for_is_one_too() -> None:
    records = (*good_deploy("OP1", 0, V3, V2), *by_hand("OP2", 500))
    assert in_short(incidents(records)) == [(("OP2",), at(500), False, at(503), V3, V2)]
    took = moments(incidents(records)[0], records)
    assert (took.switched, took.failing, took.parts()) == (at(1), None, (("execute", 0.5), ("verify", 1.5)))


def test_it_goes_on_through_what_did_not_help_until_something_did() -> None:
    left = told(
        "OP2",
        (100, Started(Kind.DEPLOY, V3, V2, ("web1",))),
        *switch(101, V3),
        asked(103, V3, Result.FAIL),
        (103.2, Judged(V3, BAD)),
        (104, Ended(Outcome.LEFT, (("web1", V3.id),))),
    )
    records = (
        *good_deploy("OP1", 0, V2, V1),
        *left,
        *by_hand("OP3", 500, Outcome.STRANDED),
        *by_hand("OP4", 900),
        *good_deploy("OP5", 2000, V1, V2),
    )
    assert in_short(incidents(records)) == [(("OP2", "OP3", "OP4"), at(103), True, at(903), V3, V2)]
    assert moments(incidents(records)[0], records).decided == at(501)


def test_the_long_watch_begins_one_and_ends_one() -> None:
    worse = told("OP2", (100, Watched(V2, Grade.BAD, "login fails")))
    better = told("OP3", (400, Watched(V2, Grade.GOOD, "every check passes")))
    assert in_short(incidents((*good_deploy("OP1", 0, V2, V1), *worse, *better))) == [
        (("OP2", "OP3"), at(100), True, at(400), V2, V2)
    ]


def test_a_gate_and_its_rollback_are_one() -> None:
    gate = told(
        "OP2",
        asked(100, V3, Result.FAIL),
        (101, Judged(V3, BAD)),
        (110, Ended(Outcome.ROLLED_BACK, (("web1", V2.id),))),
    )
    assert in_short(incidents((*gate, *by_hand("OP3", 102)))) == [(("OP2", "OP3"), at(100), True, at(110), V3, V2)]


def test_a_person_who_says_that_it_is_good_ends_it() -> None:
    watch = told("OP2", (100, Watched(V3, Grade.BAD, "login fails")))
    other = told("OP3", (200, Marked(V1, Grade.GOOD, "another one")))
    said = told("OP4", (300, Marked(V3, Grade.GOOD, "the check was wrong")))
    assert [one.over for one in incidents((*watch, *other))] == [None]
    assert [one.over for one in incidents((*watch, *other, *said))] == [at(300)]


def test_what_failed_within_its_limits_or_changed_nothing_is_none() -> None:
    tolerated = told(
        "OP1",
        (0, Started(Kind.DEPLOY, V3, V2, ("web1",))),
        *switch(1, V3),
        asked(2, V3, Result.FAIL),
        asked(3, V3),
        (4, Ended(Outcome.DONE, (("web1", V3.id),))),
    )
    unmeasured = told("OP2", asked(10, V3, Result.ERROR), (11, Ended(Outcome.HELD)))
    refused = told("OP3", (20, Started(Kind.ROLLBACK, V2, None, ("web1",))), (21, Ended(Outcome.REFUSED)))
    upload = step(Phase.UPLOAD, V3)
    full = Finding("upload", Result.FAIL, at(31), "web1")
    abandoned = told("OP4", (30, Intended(upload)), (31, Observed(upload, (full,))), (32, Ended(Outcome.ABANDONED)))
    assert incidents((*tolerated, *unmeasured, *refused, *abandoned)) == ()


def test_what_is_red_before_a_deploy_begins_one() -> None:
    red = told("OP1", (5, Observed(None, (finding(result=Result.FAIL, second=4),))), (6, Ended(Outcome.REFUSED)))
    assert in_short(incidents(red)) == [(("OP1",), at(4), True, None, None, None)]


def test_a_note_is_of_the_incident_it_is_nearest_to_however_late_it_is_written() -> None:
    first, second = undone_deploy("OP1", 0), undone_deploy("OP2", 40_000)
    notes = [
        *told("N1", (90_000, Noted("customers were told", at(3_000)))),
        *told("N2", (30_000, Noted("the phone rings", at(39_000)))),
        *told("N3", (90_001, Noted("of last week", at(-600_000)))),
    ]
    found = incidents((*first, *second, *notes))
    assert [[note.text for note in one.notes] for one in found] == [["customers were told"], ["the phone rings"]]
    assert [one.operations for one in found] == [("OP1",), ("OP2",)]


def test_operations_that_are_asked_for_are_told_together() -> None:
    records = (*good_deploy("OP1", 0, V2, V1), *undone_deploy("OP2", 100), *by_hand("OP3", 300))
    both = incident_of(records, ("OP2", "OP3"))
    assert both is not None
    assert (both.operations, both.began, both.over) == (("OP2", "OP3"), at(103), at(303))
    quiet = incident_of(records, ("OP1",))
    assert quiet is not None
    assert (quiet.operations, quiet.noticed, quiet.bad) == (("OP1",), False, V2)
    assert incident_of(records, ("OP9",)) is None


def test_a_note_that_is_asked_for_leads_to_its_incident() -> None:
    records = (*undone_deploy("OP2", 100), *told("OP3", (300, Noted("the phone rings", at(90)))))
    found = incident_of(records, ("OP3",))
    assert found is not None
    assert (found.operations, len(found.notes)) == (("OP2",), 1)


def test_of_an_operation_of_which_only_the_end_is_known_nobody_knows_what_it_left() -> None:
    bare = told("b", (20, Ended(Outcome.DONE, (("web1", V2.id),))))
    (incident,) = incidents((*undone_deploy("a", 0)[:6], *bare))
    assert (incident.over, incident.good) == (at(20), None)
