"""An operation as a grid of hosts and steps."""

from __future__ import annotations

from rollback.dashboard.grid import URL, Grid, grid
from rollback.model import (
    Ended,
    Fact,
    Finding,
    Grade,
    Intended,
    Kind,
    Observed,
    Outcome,
    Phase,
    Record,
    Result,
    Started,
    Step,
)
from tests.build import V1, V2, at, finding, record
from tests.dashboard.told import Teller

STARTED = Started(Kind.DEPLOY, V2, V1, ("web1", "web2"))
UPLOAD, VERIFY = Step(Phase.UPLOAD, V2, ("web1", "web2")), Step(Phase.VERIFY, V2, ("web1",))


def told(*facts: Fact) -> list[Record]:
    return [record(second, fact) for second, fact in enumerate(facts)]


def states(shown: Grid | None) -> dict[str, list[str]]:
    assert shown is not None
    return {host: [cell.state for cell in cells] for host, cells in shown.rows}


def test_what_has_not_begun_is_waited_for() -> None:
    assert states(grid(told(STARTED))) == {"web1": ["waits"] * 4, "web2": ["waits"] * 4}


def test_what_runs_and_what_is_done_stands_beside_it_host_by_host() -> None:
    half = Observed(UPLOAD, (Finding("upload", Result.PASS, at(2), "web1"),))
    assert states(grid(told(STARTED, Intended(UPLOAD), half))) == {
        "web1": ["pass", "waits", "waits", "waits"],
        "web2": ["runs", "waits", "waits", "waits"],
    }


def test_the_worst_answer_of_a_host_tells_and_the_url_is_a_row_of_its_own() -> None:
    found = Observed(
        VERIFY, (finding(), finding("b", Result.FAIL), finding("c", Result.ERROR), finding("d", host=None))
    )
    shown = grid(told(STARTED, Intended(VERIFY), found, Ended(Outcome.LEFT)))
    assert shown is not None
    assert shown.rows[0][1][0].said == "fail"
    assert states(shown) == {"web1": ["fail"], "web2": [""], URL: ["pass"]}


def test_what_was_begun_and_never_heard_of_again_is_not_known() -> None:
    assert states(grid(told(STARTED, Intended(UPLOAD), Ended(Outcome.STRANDED)))) == {
        "web1": ["unknown"],
        "web2": ["unknown"],
    }


def test_a_way_back_has_columns_of_its_own() -> None:
    teller = Teller(live=V1)
    shown = grid(teller.deploy(V2, Grade.BAD))
    assert shown is not None
    assert [(one.phase, one.release.tag) for one in shown.columns][-3:] == [
        ("verify", "v2"),
        ("activate", "v1"),
        ("verify", "v1"),
    ]
    assert states(shown)["web1"] == ["pass", "pass", "pass", "fail", "pass", "pass"]


def test_what_has_no_steps_is_no_grid() -> None:
    assert grid(told(Ended(Outcome.DONE))) is None
