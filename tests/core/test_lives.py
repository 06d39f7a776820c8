from __future__ import annotations

from rollback.core.lives import Life, lives
from rollback.model import Intended, Observed, Phase, Release, Result, Reverted, Step
from tests.build import V1, V2, at, finding, record


def on(of: Release) -> Step:
    return Step(Phase.ACTIVATE, of, ("web1",))


def seen(second: float, of: Release, result: Result = Result.PASS) -> Observed:
    return Observed(on(of), (finding("activate", result, second=second),))


def test_a_suspect_counts_from_the_intent_until_something_else_was_seen_to_be_on() -> None:
    records = [record(0, Intended(on(V1))), record(1, seen(1, V1)), record(5, Intended(on(V2))), record(6, seen(6, V2))]
    records += [record(8, Intended(on(V1))), record(9, seen(9, V1))]
    assert lives(records, V2) == {"web1": [Life(V1, at(1), at(5)), Life(V2, at(5), at(9)), Life(V1, at(9))]}
    assert lives(records) == {"web1": [Life(V1, at(1), at(6)), Life(V2, at(6), at(9)), Life(V1, at(9))]}


def test_what_certainly_was_not_switched_on_was_not_live_and_what_went_wrong_is_not_known() -> None:
    before = [record(1, seen(1, V1)), record(5, Intended(on(V2)))]
    assert lives([*before, record(6, seen(6, V2, Result.SKIPPED))], V2) == {"web1": [Life(V1, at(1))]}
    assert lives([*before, record(6, seen(6, V2, Result.ERROR))]) == {
        "web1": [Life(V1, at(1), at(6)), Life(None, at(6))]
    }


def test_a_host_that_went_back_by_itself_has_what_it_had() -> None:
    records = [record(1, seen(1, V1)), record(5, Intended(on(V2))), record(95, Reverted(V2, "web1"))]
    assert lives(records, V2) == {"web1": [Life(V1, at(1), at(5)), Life(V2, at(5), at(95)), Life(V1, at(95))]}


def test_what_is_seen_again_or_was_left_out_changes_nothing() -> None:
    records = [record(1, seen(1, V1)), record(2, seen(2, V1)), record(3, seen(3, V2, Result.SKIPPED))]
    assert lives(records) == {"web1": [Life(V1, at(1))]}
