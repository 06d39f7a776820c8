from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from rollback.core.explain import Explanation
from rollback.core.history import Standing, standings
from rollback.core.times import Times
from rollback.model import Grade, Kind, Outcome, Phase, Plan, Result, Step, Verdict
from rollback.report import data, ending, plan, words
from tests.build import V1, V2, V3, at, finding, judged, release


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.61, "0.6 s"), (59.94, "59.9 s"), (80, "1 min 20 s"), (9000, "2 h 30 min"), (200_000, "2 d")],
)
def test_spans(value: float, shown: str) -> None:
    assert words.seconds(value) == shown


@pytest.mark.parametrize(("value", "shown"), [(999, "999 B"), (1500, "1.5 kB"), (2_000_000, "2.0 MB"), (3e9, "3.0 GB")])
def test_sizes(value: float, shown: str) -> None:
    assert words.size(int(value)) == shown


def test_a_release_id_is_shown_by_its_tag_and_a_folder_of_others_by_its_name() -> None:
    odd = release("v1;touch${IFS}x")
    assert [words.id_tag(one) for one in (odd.id, "20240101120000", "my-release", None)] == [
        "v1;touch${IFS}x",
        "20240101120000",
        "my-release",
        "nothing",
    ]


def test_hidden_characters_in_a_tag_are_made_visible() -> None:
    assert words.tag(release("v1\u202ecilbup\x1b[31m")) == "v1\\u202ecilbup\\x1b[31m"


def test_hosts_are_counted_when_they_are_many() -> None:
    assert words.hosts([f"web{n}" for n in range(1, 9)]) == "web1 web2 web3 web4 web5 web6 and 2 more"


def test_a_finding_is_one_line() -> None:
    failing = replace(
        finding(result=Result.FAIL, case="no_profile"), observed="POST /login answered 500", expected="302"
    )
    assert words.said(failing) == "login[no_profile] on web1: POST /login answered 500, expected 302"
    assert words.said(replace(finding(), observed="200", attempts=2)) == "login on web1: 200 (on attempt 2)"


DEPLOY = Plan(
    Kind.DEPLOY,
    V3,
    V1,
    (
        Step(Phase.UPLOAD, V3, ("web1", "web2")),
        Step(Phase.PREPARE, V3, ("web1", "web2")),
        Step(Phase.ACTIVATE, V3, ("web1",)),
        Step(Phase.VERIFY, V3, ("web1",)),
    ),
    (("web1", V1.id), ("web2", V1.id)),
)


def test_a_plan_is_shown_with_its_way_back_and_its_steps() -> None:
    assert plan.lines(DEPLOY, "production", standings([judged(0, V1)])) == (
        "deploy v3 (7633000) on production",
        "  live      v1 on web1 web2",
        "  fallback  v1 (7631000): known good since 2026-11-20 12:00Z, complete on every host",
        "  1. upload, prepare    web1 web2",
        "  2. activate, verify   web1",
    )


def test_a_rollback_plan_names_its_evidence_and_who_is_away() -> None:
    back = Plan(Kind.ROLLBACK, V1, None, (Step(Phase.VERIFY, V1, ("web1",)),), (("web1", V1.id),), pending=("web2",))
    assert plan.lines(back, "production", standings([judged(0, V1)])) == (
        "roll back to v1 (7631000) on production",
        "  target    known good since 2026-11-20 12:00Z: by a test",
        "  live      v1 on web1",
        "  away      web2: not reachable, left as pending",
        "  1. verify             web1 (it is live there already)",
    )
    assert "  target    never verified here" in plan.lines(back, "production", {})


def test_a_plan_says_what_a_deploy_brings_when_that_is_known() -> None:
    assert plan.changed(V1, 3, 1) == ("  changes   3 commits and 1 file since v1",)
    assert plan.changed(V1, 0, 0) == ()
    assert plan.lines(DEPLOY, "production", standings([judged(0, V1)]), (), plan.changed(V1, 1, 2))[2] == (
        "  changes   1 commit and 2 files since v1"
    )


def test_a_plan_without_a_way_back_says_so() -> None:
    first = replace(DEPLOY, fallback=None, live=(("web1", None),))
    assert plan.lines(first, "production", {})[1:3] == (
        "  live      nothing on web1",
        "  fallback  none: there is no automatic way back from this deploy",
    )


FAILING = replace(
    finding(result=Result.FAIL, case="no_profile"),
    observed="POST /login answered 500",
    expected="302",
    evidence="a\n\nb",
)
BAD = Verdict(Grade.BAD, "login: 1 failure > limit 0", (finding("health"), FAILING))
LIVE = (("web1", V1.id), ("web2", V1.id))


WHY = Explanation(
    what=Kind.DEPLOY,
    environment="production",
    outcome=Outcome.ROLLED_BACK,
    verdict=BAD,
    operation="01OP",
    author="ada",
    target=V3,
    fallback=V1,
    reason=BAD.rule,
    back=Verdict(Grade.GOOD, "all passed"),
    live=LIVE,
    back_to=Standing(V1, Grade.GOOD, at(0), "all passed"),
    skipped=((Standing(V2, Grade.BAD, at(0), "leaks"), "leaks"),),
    times=Times(at(0), at(1), at(3), at(3), at(4), at(6), at(6)),
)


def test_a_rolled_back_deploy_is_explained() -> None:
    assert ending.message(WHY) == "v3 is bad; v1 is back and verified"
    assert ending.lines(WHY) == (
        "  rule      login: 1 failure > limit 0",
        "  ✗ login[no_profile] on web1: POST /login answered 500, expected 302  (12:00:00)",
        "      | a",
        "      | b",
        "  back to   v1 (7631000): known good since 2026-11-20 12:00Z",
        "  skipped   v2: bad since 2026-11-20 12:00Z: leaks",
        "  live      v1 on web1 web2",
        "  took      6.0 s  (detect 2.0 s · decide 0.0 s · execute 1.0 s · verify 2.0 s)",
    )


def test_without_a_way_back_it_is_said_what_was_no_way() -> None:
    left = replace(WHY, outcome=Outcome.LEFT, fallback=None, back_to=None, back=None, reason="no way back")
    skipped = "  skipped   v2: bad since 2026-11-20 12:00Z: leaks"
    assert [line for line in ending.lines(left) if "back to" in line or "skipped" in line] == [skipped]
    assert skipped not in ending.lines(replace(left, fallback=V1))


def test_what_is_good_with_a_reservation_says_it() -> None:
    rule = "every required check passed, but for what was red before: search"
    done = replace(WHY, outcome=Outcome.DONE, verdict=Verdict(Grade.GOOD, rule), back=None)
    assert f"  rule      {rule}" in ending.lines(done)
    plain = replace(done, verdict=Verdict(Grade.GOOD, "every required check passed"))
    assert not any("rule" in line for line in ending.lines(plain))


def test_a_deploy_that_was_held_at_its_canary_can_go_on() -> None:
    held = replace(WHY, outcome=Outcome.HELD, live=(("web1", V3.id), ("web2", V1.id)))
    assert ending.hint(held) == "rollback verify; then rollback deploy v3 to go on, or rollback"
    everywhere = replace(held, live=(("web1", V3.id), ("web2", V3.id)))
    assert ending.hint(everywhere) == "rollback verify; then rollback mark good v3 --reason '…', or rollback"


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_has_a_sentence_and_a_next_command(outcome: Outcome) -> None:
    why = replace(WHY, outcome=outcome, back=BAD, reason="because", away=("web2",))
    assert ending.message(why)
    assert ending.hint(why)
    assert "  live      v1 on web1 web2" in ending.lines(why)


def test_the_envelope_is_pinned() -> None:
    line = data.envelope(
        "deploy", 10, "v3 is bad", "rollback show X", {"release": V2, "outcome": Outcome.DONE, "at": at(0)}, str
    )
    assert json.loads(line) == {
        "schema": "rollback/1",
        "command": "deploy",
        "exit_code": 10,
        "message": "v3 is bad",
        "hint": "rollback show X",
        "data": {
            "release": {"id": V2.id, "tag": "v2", "commit": V2.commit, "tree": V2.tree},
            "outcome": "done",
            "at": "2026-11-20T12:00:00+00:00",
        },
    }


def test_every_text_of_the_envelope_is_made_fit_but_what_must_stay_exact() -> None:
    told = {"KEY": ("text", V2, Outcome.DONE, at(0), Path("p"), 1, None)}
    line = data.envelope("x", 0, "said", "typed", told, lambda text: f"<{text}>")
    exact = {"id": V2.id, "tag": "v2", "commit": V2.commit, "tree": V2.tree}
    assert json.loads(line) == {
        **{"schema": "rollback/1", "command": "x", "exit_code": 0, "message": "<said>", "hint": "<typed>"},
        "data": {"<KEY>": ["<text>", exact, "done", "2026-11-20T12:00:00+00:00", "<p>", 1, None]},
    }


def test_a_tag_that_is_not_utf8_can_be_printed_as_json() -> None:
    line = data.envelope("x", 0, "", "", release("v\udcff"), str)
    assert line.encode("ascii")
    assert json.loads(line)["data"]["id"].startswith("v%FF-")
