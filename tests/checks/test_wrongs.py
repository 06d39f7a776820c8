"""What the best systems get wrong (design, "Deciding that a release is bad"), each as a story that must end well here.

Where a story is shown by a test of its own room, it is shown here from end to end of the decision.
"""

from __future__ import annotations

import pytest

from rollback.core import plan as planning
from rollback.core.judge import Decision, decide, judge
from rollback.core.rollout import Rollout
from rollback.errors import RedBeforeDeploy
from rollback.model import Finding, Grade, Judged, Outcome, Result, View
from rollback.operation.conduct import conduct
from rollback.operation.outcome import operate
from tests.build import V1, V2, V3, judged, known
from tests.checks.world import Asked, Hosts, Page, World, serving, told, world
from tests.operation.test_conduct import PREFLIGHT, asking
from tests.operation.world import POLICY
from tests.operation.world import World as Operated
from tests.playbook.written import GOOD, faults

USERS = """
  - name: login
    for_each: {user: [complete, no_profile, corrupt_profile]}
    http: {path: "/login/{{user}}", port: 8000}
    expect: {status: 200}
"""
BROKEN = {"/login/no_profile", "/login/corrupt_profile"}


def gated(small: World) -> tuple[Finding, ...]:
    return small.checks.gate(V2, {"web1": V1}, ("web1",), View.HOST)


def of_app(checks: str, port: int) -> World:
    gate = "{min_healthy_time: 1s, healthy_deadline: 5s}"
    return world(checks, fleet=Hosts({("web1", 8000): port}), gate=gate)


@pytest.mark.parametrize(
    "kind",
    [
        "http: {path: /}",
        "prometheus: {url: 'http://p', query: up}",
        "running: {}\n    failure_limit: 3",
        "running: {}\n    expects: {status: 200}",
    ],
)
def test_nothing_passes_because_it_asks_for_nothing(kind: str) -> None:
    """A metric without a condition, a limit as high as there are samples, a key that nobody knows."""
    assert faults(GOOD.replace("    http: {path: /healthz}\n    expect: {status: 200}", f"    {kind}"))


def test_a_metric_that_does_not_exist_does_not_pass() -> None:
    with serving(lambda _: Page(body='{"status":"success","data":{"resultType":"vector","result":[]}}')) as prometheus:
        check = f"  - {{name: errors, prometheus: {{url: 'http://127.0.0.1:{prometheus.port}', query: ups, max: 1}}}}"
        verdict = judge(world(check).ask(), {})
    assert (verdict.grade, verdict.rule) == (Grade.UNKNOWN, "errors: 1 inconclusive > limit 0")


def test_no_measurement_at_all_is_no_good_release() -> None:
    assert judge((), {}).grade is Grade.UNKNOWN


def test_one_healthy_user_hides_what_named_users_with_missing_and_corrupt_data_show() -> None:
    with serving(lambda asked: Page(500 if asked.path in BROKEN else 200)) as app:
        found = gated(of_app(USERS, app.port))
        one = gated(of_app(USERS.replace(", no_profile, corrupt_profile", ""), app.port))
    assert {f.case for f in found if f.result is Result.FAIL} == {"no_profile", "corrupt_profile"}
    assert judge(found, {}).grade is Grade.BAD
    assert judge(one, {}).grade is Grade.GOOD


def test_a_wrong_answer_is_never_asked_for_again_until_it_is_right() -> None:
    """Three tries let a failure of 70 % through in 66 % of all cases."""
    with serving(lambda _: Page(500 if len(app.asked) == 1 else 200)) as app:
        (found,) = gated(of_app(USERS.replace(", no_profile, corrupt_profile", ""), app.port))
        assert (len(app.asked), found.result) == (1, Result.FAIL)


def test_only_what_was_no_answer_is_asked_again_and_that_it_was_is_shown() -> None:
    with serving(lambda _: Page(503 if len(app.asked) == 1 else 200)) as app:
        (found,) = gated(of_app(USERS.replace(", no_profile, corrupt_profile", ""), app.port))
    assert (found.result, found.attempts) == (Result.PASS, 2)


def test_a_tool_that_is_away_neither_condemns_a_release_nor_lets_it_pass() -> None:
    check = "  - {name: errors, prometheus: {url: 'http://127.0.0.1:1', query: up, max: 1}}"
    (found,) = world(check, gate="{min_healthy_time: 1s, healthy_deadline: 5s}").checks.gate(
        V2, {}, ("web1",), View.URL
    )
    verdict = judge((found,), {})
    assert (found.result, verdict.grade) == (Result.ERROR, Grade.UNKNOWN)
    assert decide(verdict, "on", "hold") is Decision.HOLD


def test_a_release_that_is_known_to_be_bad_is_not_gone_back_to() -> None:
    its = Operated({"web1": V1}, bad={"v3"})
    records = known(judged(1, V2), judged(2, V1), judged(3, V1, Grade.BAD))
    plan = planning.deploy(V3, its.sight(), records, Rollout(1, 1))
    assert plan.fallback == V2
    assert operate(plan, POLICY, its.ports()).outcome is Outcome.ROLLED_BACK
    assert its.live == {"web1": V2}


def test_a_rollback_never_triggers_another() -> None:
    its = Operated({"web1": V1}, bad={"v3", "v1"})
    plan = planning.deploy(V3, its.sight(), known(judged(1, V2), judged(2, V1)), Rollout(1, 1))
    assert operate(plan, POLICY, its.ports()).outcome is Outcome.STRANDED
    assert its.live == {"web1": V1}
    last = {fact.release.tag: fact.verdict.grade for fact in its.facts if isinstance(fact, Judged)}
    assert last == {"v3": Grade.UNKNOWN}  # what both fail condemns neither


def test_old_code_that_keeps_serving_behind_a_moved_link_is_seen_without_any_help_from_the_app() -> None:
    """And that the app does not say so is no reason to think that it is fine."""
    with serving(lambda _: Page()) as app:
        small = of_app("  - {name: old processes, running: {}}\n" + USERS, app.port)
        small.hosts.old_processes = [Result.FAIL] * 9
        verdict = judge(gated(small), {})
    assert (verdict.grade, verdict.rule) == (Grade.BAD, "old processes: 1 failure > limit 0")


def test_old_code_that_says_which_release_it_is_is_seen_too() -> None:
    check = '  - {name: version, http: {path: /, port: 8000}, expect: {header: {X-Release: "{{release.tag}}"}}}'
    with serving(lambda _: Page(headers=(("X-Release", "v1"),))) as app:
        (found,) = gated(of_app(check, app.port))
    assert told(found) == (Result.FAIL, "GET / X-Release: v1", "X-Release: v2")


def test_what_was_broken_before_stops_the_deploy_and_is_not_blamed_on_the_new_release() -> None:
    its = Operated({"web1": V1}, bad={"v1", "v3"})
    with pytest.raises(RedBeforeDeploy):
        conduct(asking(V3), its.sight(), PREFLIGHT, its.ports())
    assert its.live == {"web1": V1}
    _, ending = conduct(asking(V3, force=True), its.sight(), PREFLIGHT, its.ports())
    assert ending.verdict.grade is not Grade.BAD
    assert not any(isinstance(fact, Judged) and fact.verdict.grade is Grade.BAD for fact in its.facts)


def test_a_balancer_that_goes_down_while_a_release_goes_out_is_not_its_fault() -> None:
    checks = "  - {name: users, http: {path: /, via: url}, expect: {status: 200}}\n" + USERS

    def answer(_: Asked) -> Page:
        return Page()

    with serving(answer) as app:
        small = world(checks, fleet=Hosts({("web1", 8000): app.port}), url="http://127.0.0.1:1")
        verdict = judge(small.checks.gate(V2, {}, ("web1",), View.URL), {})
    assert verdict.grade is Grade.UNKNOWN
    assert "though asked directly web1 answered: is the load balancer up?" in verdict.rule
