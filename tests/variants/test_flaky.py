"""A check that fails once in twenty times, of a release that has nothing: fifty gates, and not one says bad."""

from __future__ import annotations

import pytest

from rollback.cli.options import Options
from rollback.cli.session import Session
from rollback.core.judge import judge
from rollback.model import Grade, Release, Result, Verdict, View
from tests.variants.shop import GOOD, Shop, tag

RUNS = 50
TOLERANT = """
- name: health
  http: {path: /healthz, port: "{{host.vars.port}}"}
  expect: {status: 200, header: {X-Release: "{{release.tag}}"}}
  consecutive_failure_limit: 2
"""


def stood(session: Session, release: Release) -> Verdict:
    return judge(session.checks.gate(release, {}, ("web1",), View.HOST), session.policy.limits)


def test_a_flaky_check_does_not_cause_a_rollback_in_fifty_runs(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The gates are a deploy's own, asked of the same running app: fifty deploys would say no more."""
    often = {"min_healthy_time": "100ms", "interval": "20ms"}
    book = shop.book("flaky", TOLERANT, only=True, gate=often)
    assert shop.deploy("flaky", book, "--hosts", "web1").code == 0
    monkeypatch.chdir(shop.world.shop)
    with Session(Options(playbook=book)) as session:
        flaky, good = (session.repository.release(one, "*") for one in (tag("flaky"), GOOD))
        verdicts = [stood(session, flaky) for _ in range(RUNS)]
        assert [one.rule for one in verdicts if one.grade is not Grade.GOOD] == []
        strict = [one for one in verdicts if judge(one.findings, {}).grade is Grade.BAD]
        assert len(strict) > RUNS / 10, "the check failed now and then, and without limits that is a rollback"
        assert {f.observed for one in strict for f in one.findings if f.result is Result.FAIL} == {
            "GET /healthz answered 500"
        }
        assert stood(session, good).grade is Grade.BAD, "what fails each time is noticed all the same"
