from __future__ import annotations

from dataclasses import replace

import pytest

from rollback.checks.apart import told_apart
from rollback.checks.gate import Reply
from rollback.model import Result
from tests.build import finding

P, F, I, E, S = Result.PASS, Result.FAIL, Result.INCONCLUSIVE, Result.ERROR, Result.SKIPPED  # noqa: E741
REFUSED = Reply(replace(finding("users", F, None), observed="connection refused"), settled=False, silent=True)
GATEWAY = Reply(replace(finding("users", F, None), observed="answered 502"), settled=False)
WRONG = Reply(finding("users", F, None), settled=True)


def of_hosts(*results: Result, check: str = "login", required: bool = True) -> tuple[Reply, ...]:
    return tuple(Reply(replace(finding(check, one), required=required), settled=True) for one in results)


@pytest.mark.parametrize(
    ("hosts", "result"),
    [
        (of_hosts(P), E),
        (of_hosts(P, P, I, S), E),
        (of_hosts(P) + of_hosts(F, check="optional", required=False), E),
        (of_hosts(P) + of_hosts(F, check="red before"), E),
        (of_hosts(P, F), F),
        (of_hosts(P, E), F),
        (of_hosts(I), F),
        (of_hosts(P, required=False), F),
        ((), F),
    ],
)
def test_that_nobody_answers_at_the_url_is_the_releases_fault_unless_its_hosts_answer_well(
    hosts: tuple[Reply, ...], result: Result
) -> None:
    (told,) = told_apart((REFUSED,), hosts, frozenset({"login", "optional"}))
    assert (told.finding.result, told.settled) == (result, False)


def test_what_could_not_be_asked_anyway_is_left_as_it_is() -> None:
    prometheus = replace(REFUSED, finding=replace(REFUSED.finding, result=E))
    assert told_apart((prometheus,), of_hosts(P), frozenset({"login"})) == (prometheus,)


def test_it_is_said_and_what_anybody_answered_stays_an_answer() -> None:
    told, *others = told_apart((REFUSED, GATEWAY, WRONG), of_hosts(P), frozenset({"login"}))
    assert told.finding.observed == "connection refused, though asked directly web1 answered: is the load balancer up?"
    assert others == [GATEWAY, WRONG]
