from __future__ import annotations

import pytest

from rollback.core.left import Left, Rest, left, rest, unfinished, unheard, within
from rollback.model import (
    Ended,
    Finding,
    Intended,
    Kind,
    Observed,
    Outcome,
    Phase,
    Record,
    Release,
    Result,
    Reverted,
    Started,
    Step,
)
from tests.build import V1, V2, finding, judged, record, sighting

HOSTS = ("web1", "web2")
UNSETTLED = (Outcome.STRANDED, Outcome.FENCED)


def started(
    second: float,
    to: Release = V2,
    operation: str = "A",
    hosts: tuple[str, ...] = HOSTS,
    kind: Kind = Kind.DEPLOY,
    fallback: Release | None = V1,
) -> Record:
    return record(second, Started(kind, to, fallback, hosts), operation)


def intended(second: float, phase: Phase, to: Release, *hosts: str, operation: str = "A") -> Record:
    return record(second, Intended(Step(phase, to, hosts)), operation)


def observed(second: float, to: Release, *findings: Finding, operation: str = "A") -> Record:
    hosts = tuple(f.host for f in findings if f.host)
    return record(second, Observed(Step(Phase.VERIFY, to, hosts), findings), operation)


def ended(
    second: float,
    outcome: Outcome,
    operation: str = "A",
    live: tuple[tuple[str, str | None], ...] = (),
    pending: tuple[str, ...] = (),
) -> Record:
    return record(second, Ended(outcome, live, pending), operation)


def test_what_is_not_known_or_not_ended_is_asked_of_a_few_hosts() -> None:
    hosts = [sighting(f"web{n}", journals=("A", "B") if n == 1 else ("B", "C")) for n in range(1, 6)]
    assert unheard(hosts, frozenset({"C"})) == {"web1": ("A", "B"), "web2": ("B",), "web3": ("B",)}
    assert unheard(hosts, frozenset({"A", "C"}))["web1"] == ("B",)


def test_an_operation_without_an_end_is_unfinished() -> None:
    begun = [started(1, V1, "A"), started(2, V2, "B"), judged(2.5, V1)]
    assert unfinished(begun) == ("A", "B")
    assert unfinished([*begun, ended(3, Outcome.ABANDONED, "A")]) == ("B",)


@pytest.mark.parametrize("outcome", Outcome)
def test_only_a_stranded_operation_and_one_that_was_taken_over_are_unfinished_after_their_end(outcome: Outcome) -> None:
    assert unfinished([started(1), ended(2, outcome)]) == (("A",) if outcome in UNSETTLED else ())


def test_what_was_touched_is_what_a_switch_was_intended_for() -> None:
    records = [started(1), intended(2, Phase.UPLOAD, V2, *HOSTS), intended(3, Phase.ACTIVATE, V2, "web1")]
    assert left(records) == (Left("A", Kind.DEPLOY, V2, V1, frozenset(HOSTS), frozenset({"web1"})),)


def test_it_has_arrived_when_every_host_was_seen_to_pass() -> None:
    records = [started(1), observed(2, V2, finding(host="web1"))]
    assert not left(records)[0].arrived
    records.append(observed(3, V2, finding(host="web2"), finding(host="web2", check="warned", result=Result.PASS)))
    assert left(records)[0].arrived


@pytest.mark.parametrize("result", [Result.FAIL, Result.ERROR, Result.INCONCLUSIVE, Result.SKIPPED])
def test_a_host_that_did_not_pass_has_not_arrived(result: Result) -> None:
    records = [started(1, hosts=("web1",)), observed(2, V2, finding(result=result))]
    assert not left(records)[0].arrived


@pytest.mark.parametrize(("result", "arrived"), [(Result.PASS, True), (Result.FAIL, False)])
def test_what_went_wrong_in_the_watch_has_not_arrived(result: Result, arrived: bool) -> None:
    verified = observed(2, V2, finding())
    watched = record(3, Observed(Step(Phase.WATCH, V2, ("web1",)), (finding(result=result),)), "A")
    assert left([started(1, hosts=("web1",)), verified, watched])[0].arrived is arrived


def test_a_verification_that_found_nothing_is_none() -> None:
    verified = record(2, Observed(Step(Phase.VERIFY, V2, ("web1",)), ()), "A")
    assert not left([started(1, hosts=("web1",)), verified])[0].arrived


def test_having_verified_the_fallback_is_not_to_have_arrived() -> None:
    assert not left([started(1, hosts=("web1",)), observed(2, V1, finding())])[0].arrived


@pytest.mark.parametrize("outcome", Outcome)
def test_a_later_operation_takes_the_hosts_over_that_it_verified_or_touched(outcome: Outcome) -> None:
    begun = [started(1), started(2, V1, "B"), intended(3, Phase.ACTIVATE, V1, "web1", operation="B")]
    remaining = {one.operation: one.hosts for one in left([*begun, ended(4, outcome, "B")])}
    if outcome in {Outcome.DONE, Outcome.PARTIAL}:
        assert remaining == {}
    elif outcome in UNSETTLED:
        assert remaining == {"A": frozenset(HOSTS), "B": frozenset(HOSTS)}
    else:
        assert remaining == {"A": frozenset({"web2"})}


def test_a_host_that_was_away_from_the_later_one_is_still_the_earlier_one_s() -> None:
    records = [started(1), started(2, V1, "B"), ended(3, Outcome.PARTIAL, "B", pending=("web2",))]
    assert {one.operation: one.hosts for one in left(records)} == {"A": frozenset({"web2"})}


def test_an_operation_that_began_earlier_takes_nothing_over() -> None:
    records = [started(1, V1, "A"), started(2, V2, "B"), ended(3, Outcome.DONE, "A")]
    assert unfinished(records) == ("B",)


def test_the_fleet_rests_where_the_last_operation_that_settled_something_left_it() -> None:
    everywhere = (("web1", V2.id), ("web2", V2.id))
    records = [started(1), ended(2, Outcome.DONE, live=everywhere)]
    assert rest(records) == Rest(V2, Kind.DEPLOY)
    records += [started(3, V1, "B"), ended(4, Outcome.ABANDONED, "B", live=everywhere)]
    assert rest(records) == Rest(V2, Kind.DEPLOY)


def test_after_a_rollback_it_rests_on_the_fallback() -> None:
    touched = intended(2, Phase.ACTIVATE, V2, "web1")
    back = ended(3, Outcome.ROLLED_BACK, live=(("web1", V1.id), ("web2", V1.id)))
    assert rest([started(1), touched, back]) == Rest(V1, Kind.ROLLBACK)


def test_hosts_that_differ_rest_on_no_release() -> None:
    touched = intended(2, Phase.ACTIVATE, V2, "web1")
    held = ended(3, Outcome.HELD, live=(("web1", V2.id), ("web2", V1.id)))
    assert rest([started(1), touched, held]) == Rest(None, Kind.DEPLOY)


def test_what_was_verified_and_says_no_host_any_more_rests_on_its_target() -> None:
    """A journal may have been shortened, or no host heard the end."""
    assert rest([started(1), ended(3, Outcome.DONE)]) == Rest(V2, Kind.DEPLOY)
    deaf = ended(3, Outcome.PARTIAL, pending=HOSTS)
    assert rest([started(1), deaf]) == Rest(V2, Kind.DEPLOY, frozenset(HOSTS))


def test_hosts_that_were_away_are_pending_until_they_are_seen_on_the_right_release() -> None:
    records = [started(1), ended(2, Outcome.PARTIAL, live=(("web1", V2.id),), pending=("web2",))]
    assert rest(records) == Rest(V2, Kind.DEPLOY, frozenset({"web2"}))
    records += [started(3, V2, "B", kind=Kind.RESUME), ended(4, Outcome.DONE, "B", live=(("web2", V2.id),))]
    assert rest(records) == Rest(V2, Kind.RESUME)


def test_a_host_that_could_not_be_brought_the_release_is_pending_and_no_reason_to_say_that_hosts_differ() -> None:
    live: tuple[tuple[str, str | None], ...] = (("web1", V2.id), ("web2", None))
    records = [started(1), ended(2, Outcome.PARTIAL, live=live, pending=("web2",))]
    assert rest(records) == Rest(V2, Kind.DEPLOY, frozenset({"web2"}))


def test_a_drill_is_over_when_the_fleet_is_back_where_it_was() -> None:
    there = [started(1, V1, kind=Kind.DRILL, fallback=V2), ended(2, Outcome.DONE)]
    assert unfinished(there) == ("A",)
    assert unfinished([*there, started(3, V2, "B", kind=Kind.RESUME), ended(4, Outcome.DONE, "B")]) == ()
    assert unfinished([there[0], ended(2, Outcome.ROLLED_BACK)]) == ()


def test_what_was_certainly_not_switched_was_not_touched() -> None:
    step = Step(Phase.ACTIVATE, V2, HOSTS)
    seen = Observed(step, (finding("activate", Result.SKIPPED, "web1"), finding("activate", Result.ERROR, "web2")))
    records = [started(1), record(2, Intended(step), "A"), record(3, seen, "A")]
    assert left(records)[0].touched == frozenset({"web2"})


MIGRATING = intended(2, Phase.MIGRATE, V2, "web1")


@pytest.mark.parametrize("result", [None, *Result])
def test_what_became_of_migrations_is_known_as_far_as_it_was_told(result: Result | None) -> None:
    step = Step(Phase.MIGRATE, V2, ("web1",))
    told = [record(3, Observed(step, (finding("migrate", result, "web1"),)), "A")] if result else []
    (found,) = left([started(1), MIGRATING, *told])
    expected = {None: Result.ERROR, Result.SKIPPED: None}.get(result, result)
    assert (found.migrated, found.touched) == (expected, frozenset())
    assert left([started(1)])[0].migrated is None


def test_an_operation_that_switched_nothing_takes_nothing_over() -> None:
    step = Step(Phase.ACTIVATE, V1, ("web1",))
    refused = Observed(step, (finding("activate", Result.SKIPPED, "web1"),))
    mine = [started(2, V1, "B"), record(3, Intended(step), "B"), record(4, refused, "B")]
    assert unfinished([started(1), *mine, ended(5, Outcome.ABANDONED, "B")]) == ("A",)


def test_a_host_that_went_back_by_itself_has_not_arrived() -> None:
    passed = observed(2, V2, finding(host="web1"))
    records = [started(1, hosts=("web1",)), passed, record(3, Reverted(V2, "web1"), "A")]
    assert not left(records)[0].arrived


def test_hosts_that_were_taken_out_of_the_playbook_are_nobodys_business() -> None:
    found = left([started(1), intended(2, Phase.ACTIVATE, V2, *HOSTS)])
    assert [one.hosts for one in within(found, frozenset({"web1", "web9"}))] == [frozenset({"web1"})]
    assert within(found, frozenset({"web9"})) == ()


def test_a_deploy_that_went_back_on_the_hosts_it_could_reach_rests_by_a_rollback() -> None:
    touched = intended(2, Phase.ACTIVATE, V2, "web1")
    partial = ended(3, Outcome.PARTIAL, live=(("web1", V1.id),), pending=("web2",))
    assert rest([started(1), touched, partial]) == Rest(V1, Kind.ROLLBACK, frozenset({"web2"}))
