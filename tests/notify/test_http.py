"""What is tried again and what is not, and GitHub's deployments, with real HTTP on loopback."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from rollback.model import Kind, Outcome, Release
from rollback.notify.ask import ask
from rollback.notify.github import Github
from rollback.notify.message import Message
from rollback.notify.post import NotTold
from tests.build import V1, V2, at
from tests.e2e.small import free_port
from tests.notify.receivers import Answer, Hub, Web, web

NOW: Answer = (503, {"Retry-After": "0"}, {})
FINE: Answer = (201, {}, {})


@pytest.fixture(scope="module")
def served() -> Iterator[Web]:
    with web() as state:
        yield state


def asked(served: Web, *answers: Answer) -> tuple[str, int]:
    """How it ended, and how often it was asked."""
    served.got.clear()
    served.answers[:] = answers
    with httpx.Client() as client:
        try:
            said = str(ask(client, client.build_request("POST", f"{served.url}/x"), time.monotonic() + 60).status_code)
        except NotTold as why:
            said = str(why).replace("127.0.0.1 answered ", "")
    return said, len(served.got)


LIMITED = {"x-ratelimit-remaining": "0"}


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ((NOW, NOW, FINE), ("201", 3)),
        ((NOW,) * 9, ("503 to POST /x", 4)),
        (((429, {"Retry-After": "0"}, {}), FINE), ("201", 2)),
        (((403, {"Retry-After": "0"}, {}), FINE), ("201", 2)),
        (((403, {**LIMITED, "x-ratelimit-reset": "1"}, {}), FINE), ("201", 2)),
        (
            ((403, {**LIMITED, "x-ratelimit-reset": "99999999999"}, {"message": "slow"}), FINE),
            ("403 to POST /x: slow", 1),
        ),
        (((429, {"Retry-After": "3600"}, {}), FINE), ("429 to POST /x", 1)),
        (((403, {}, {"message": "no"}), FINE), ("403 to POST /x: no", 1)),
        (((302, {"Location": "/y"}, {}), FINE), ("302 to POST /x", 1)),
        (((422, {}, ["\x1b[31m"]), FINE), ("422 to POST /x", 1)),
    ],
)
def test_what_passes_is_tried_again_as_long_as_there_is_time(
    served: Web, answers: tuple[Answer, ...], expected: tuple[str, int]
) -> None:
    assert asked(served, *answers) == expected


def test_a_refused_connection_is_tried_again_within_the_time() -> None:
    with httpx.Client() as client, pytest.raises(NotTold, match=r"could not be asked: .*refused"):
        ask(client, client.build_request("GET", f"http://127.0.0.1:{free_port()}/"), time.monotonic() + 1)


def begun(operation: str, release: Release = V2, what: str = Kind.DEPLOY) -> Message:
    return Message(
        "started",
        "shop",
        "production",
        at(0),
        "it has begun",
        what,
        operation,
        "ada",
        release,
        url="https://shop.example",
    )


def over(message: Message, outcome: Outcome, *, reached: bool = False) -> Message:
    return replace(message, moment="good", outcome=outcome, reached=reached, headline="ä" * 500)


class Desk:
    """A GitHub that is told messages."""

    def __init__(self, hub: Hub, served: Web) -> None:
        self.hub, self.served = hub, served
        self.target = Github("github", 60.0, "acme/shop", f"{served.url}{hub.prefix}", "letmein", lambda _: True)

    def told(self, *messages: Message) -> list[Any]:
        for one in messages:
            if self.target.wants(one):
                self.target.tell(one, time.monotonic() + 60)
        return self.hub.states()


@pytest.fixture
def desk() -> Iterator[Desk]:
    hub = Hub("/api/v3")
    with web(hub) as served:
        yield Desk(hub, served)


def test_a_deployment_has_the_documented_shape(desk: Desk) -> None:
    desk.told(begun("A"))
    made = desk.hub.deployments[0]
    assert (made["ref"], made["task"], made["environment"]) == (V2.commit, "deploy", "production")
    assert (made["auto_merge"], made["required_contexts"]) == (False, [])
    assert made["payload"] == {"app": "shop", "operation": "A", "tag": "v2"}
    assert desk.hub.statuses[made["id"]] == [
        {
            "state": "in_progress",
            "description": "it has begun",
            "auto_inactive": True,
            "environment_url": "https://shop.example",
        }
    ]


@pytest.mark.parametrize(
    ("outcome", "reached", "state"),
    [
        (Outcome.DONE, True, "success"),
        (Outcome.PARTIAL, True, "success"),
        (Outcome.PARTIAL, False, "failure"),
        (Outcome.ROLLED_BACK, False, "failure"),
        (Outcome.LEFT, False, "failure"),
        (Outcome.ABANDONED, False, "failure"),
        (Outcome.STRANDED, False, "error"),
        (Outcome.HELD, False, "error"),
        (Outcome.INTERRUPTED, False, "inactive"),
        (Outcome.REFUSED, False, "inactive"),
        (Outcome.FENCED, False, "inactive"),
    ],
)
def test_each_outcome_is_a_state(desk: Desk, outcome: Outcome, reached: bool, state: str) -> None:
    message = begun("A")
    assert desk.told(message, over(message, outcome, reached=reached)) == [("v2", ["in_progress", state])]


def test_what_was_live_or_was_never_ended_before_is_inactive_and_what_failed_stays(desk: Desk) -> None:
    first, killed, failed, last = begun("A", V1), begun("B"), begun("C"), begun("D", V1, Kind.ROLLBACK)
    desk.told(first, over(first, Outcome.DONE, reached=True), killed, failed, over(failed, Outcome.LEFT))
    assert desk.told(last, over(last, Outcome.DONE, reached=True)) == [
        ("v1", ["in_progress", "success", "inactive"]),
        ("v2", ["in_progress", "inactive"]),
        ("v2", ["in_progress", "failure"]),
        ("v1", ["in_progress", "success"]),
    ]
    assert desk.hub.deployments[-1]["task"] == "deploy:rollback"


def test_what_others_deploy_there_is_theirs(desk: Desk) -> None:
    job = {"ref": "main", "environment": "production", "payload": {"tag": "a job's"}}
    other = {**job, "payload": {"app": "till", "operation": "A", "tag": "another app's"}}
    for one in (job, other):
        made = desk.hub.make(one)
        desk.hub.statuses[made["id"]].append({"state": "in_progress"})
    message = begun("B")
    assert desk.told(message, over(message, Outcome.DONE, reached=True))[:2] == [
        ("a job's", ["in_progress"]),
        ("another app's", ["in_progress"]),
    ]


def test_a_deployment_that_could_not_be_made_at_the_start_is_made_at_the_end(desk: Desk) -> None:
    message = begun("A", Release("v\udce4\x1b[2J", V2.commit, V2.tree))
    desk.served.answers += [(404, {}, {"message": "Not Found"})]
    with pytest.raises(NotTold, match="answered 404 to POST /api/v3/repos/acme/shop/deployments: Not Found"):
        desk.told(message)
    assert desk.told(over(message, Outcome.DONE, reached=True)) == [("v\udce4\x1b[2J", ["success"])]


@pytest.mark.parametrize("answer", [{"message": "Auto-merged main into topic"}, ["nonsense"]])
def test_an_answer_without_a_deployment_is_none(desk: Desk, answer: Any) -> None:
    desk.served.answers += [(202, {}, answer)]
    with pytest.raises(NotTold, match="GitHub made no deployment"):
        desk.told(begun("A"))


def test_only_what_brings_a_release_is_a_deployment(desk: Desk) -> None:
    drill, alert = begun("A", what=Kind.DRILL), replace(begun("B", what="watch"), moment="alert")
    gate = over(begun("C", what="gate"), Outcome.DONE, reached=True)
    assert desk.told(drill, over(drill, Outcome.DONE, reached=True), alert, gate) == []
