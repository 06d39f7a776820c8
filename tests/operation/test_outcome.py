from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from rollback.core import plan as planning
from rollback.core.barrier import weighed
from rollback.core.rollout import Rollout
from rollback.errors import Fenced
from rollback.events import Noticed
from rollback.model import (
    Between,
    Confirm,
    Finding,
    Grade,
    Intended,
    Judged,
    Limits,
    Migration,
    Observed,
    Outcome,
    Phase,
    Plan,
    Release,
    Result,
    Reverted,
    Step,
    View,
)
from rollback.operation.outcome import operate
from rollback.operation.ports import Policy
from tests.build import V1, V2, V3, judged, known
from tests.operation.world import POLICY, World

P, F, S, E = Result.PASS, Result.FAIL, Result.SKIPPED, Result.ERROR
GOOD = known(judged(1, V2), judged(2, V1))
ONE_BY_ONE = Rollout(canary=1, batch=1)


def world(hosts: int = 2, **more: object) -> World:
    return World({f"web{number}": V1 for number in range(1, hosts + 1)}, **more)  # type: ignore[arg-type]


def deploying(its: World, release: Release = V3) -> Plan:
    return planning.deploy(release, its.sight(), GOOD, ONE_BY_ONE)


def live(its: World) -> list[Release | None]:
    return list(its.live.values())


def judgements(its: World) -> list[tuple[str, Grade]]:
    return [(fact.release.tag, fact.verdict.grade) for fact in its.facts if isinstance(fact, Judged)]


def test_a_good_release_is_live_everywhere_and_judged_good() -> None:
    its = world(3)
    ending = operate(deploying(its), POLICY, its.ports())
    assert ending.outcome is Outcome.DONE
    assert live(its) == [V3, V3, V3]
    assert judgements(its) == [("v3", Grade.GOOD)]
    assert ending.live == (("web1", V3.id), ("web2", V3.id), ("web3", V3.id))


def test_a_bad_canary_goes_back_and_nobody_else_is_touched() -> None:
    its = world(3, bad={"v3"})
    ending = operate(deploying(its), POLICY, its.ports())
    assert ending.outcome is Outcome.ROLLED_BACK
    assert live(its) == [V1, V1, V1]
    assert judgements(its) == [("v3", Grade.BAD), ("v1", Grade.GOOD)]
    assert ending.reason == "login: 1 failure > limit 0"
    assert [e.text for e in its.events if isinstance(e, Noticed)] == [
        "going back to v1 on web1: login: 1 failure > limit 0"
    ]


def test_checks_look_before_every_switch_and_only_what_is_new_is_compared_with_what_was_there() -> None:
    its = world(2, trouble={("verify", "v3", "web2"): (F, True)})
    operate(deploying(its), POLICY, its.ports())
    assert its.looked == [
        ("v3", ("web1",), {"web1": "v1"}),
        ("v3", ("web2",), {"web2": "v1"}),
        ("v1", ("web1",), {}),
        ("v1", ("web2",), {}),
    ]


def test_nothing_is_compared_where_nothing_was_live_or_on_a_persons_way_back() -> None:
    first = World({"web1": None, "web2": V1})
    operate(planning.deploy(V3, first.sight(), GOOD, Rollout(canary=0, batch=2)), POLICY, first.ports())
    assert first.looked == [("v3", ("web1", "web2"), {"web2": "v1"})]
    its = World({"web1": V3})
    operate(planning.rollback(None, its.sight(), GOOD, ONE_BY_ONE), POLICY, its.ports())
    assert its.looked == [("v1", ("web1",), {})]


def test_only_the_way_to_the_new_release_must_be_confirmed() -> None:
    its = world(2, bad={"v3"})
    operate(deploying(its), replace(POLICY, confirm_within=90.0), its.ports())
    record = repr(Reverted(V3, "web1")).encode()
    assert its.unconfirmed == [("v3", Confirm(90.0, {"web1": record})), ("v1", None)]


def test_without_a_wish_for_it_nothing_must_be_confirmed() -> None:
    its = world(1)
    operate(deploying(its), POLICY, its.ports())
    assert its.unconfirmed == [("v3", None)]


def test_a_bad_host_is_not_given_users_until_it_is_back() -> None:
    its = world(1, bad={"v3"}, views=(View.HOST, View.URL))
    assert operate(deploying(its), POLICY, its.ports()).outcome is Outcome.ROLLED_BACK
    assert its.drained == set()


def test_an_unknown_activation_is_rolled_back() -> None:
    its = world(2, trouble={("activate", "v3", "web1"): (E, True)})
    ending = operate(deploying(its), POLICY, its.ports())
    assert (ending.outcome, live(its)) == (Outcome.ROLLED_BACK, [V1, V1])
    assert judgements(its) == [("v3", Grade.UNKNOWN), ("v1", Grade.GOOD)]


def test_a_restart_that_fails_is_the_releases_fault() -> None:
    its = world(2, trouble={("activate", "v3", "web1"): (F, True)})
    assert operate(deploying(its), POLICY, its.ports()).outcome is Outcome.ROLLED_BACK
    assert judgements(its)[0] == ("v3", Grade.BAD)


def test_a_switch_refused_before_any_effect_abandons_the_deploy() -> None:
    its = world(2, trouble={("activate", "v3", "web1"): (S, False)})
    ending = operate(deploying(its), POLICY, its.ports())
    assert (ending.outcome, live(its), judgements(its)) == (Outcome.ABANDONED, [V1, V1], [])


def test_a_switch_refused_in_the_second_wave_takes_the_first_back() -> None:
    its = world(2, trouble={("activate", "v3", "web2"): (S, False)})
    ending = operate(deploying(its), POLICY, its.ports())
    assert (ending.outcome, live(its)) == (Outcome.ROLLED_BACK, [V1, V1])


def test_a_way_back_goes_on_past_a_host_that_fails() -> None:
    its = world(2, trouble={("verify", "v3", "web2"): (F, True), ("activate", "v1", "web1"): (E, False)})
    ending = operate(deploying(its), POLICY, its.ports())
    assert (ending.outcome, live(its)) == (Outcome.STRANDED, [V3, V1])


@pytest.mark.parametrize("phase", ["upload", "prepare"])
@pytest.mark.parametrize("result", [F, E, S])
def test_what_fails_before_the_switch_abandons_the_deploy(phase: str, result: Result) -> None:
    its = world(2, present=(V1,), trouble={(phase, "v3", "web2"): (result, False)})
    ending = operate(deploying(its), POLICY, its.ports())
    assert (ending.outcome, live(its), judgements(its)) == (Outcome.ABANDONED, [V1, V1], [])


def migrating(its: World, *lost: Migration) -> Plan:
    """Something lies between v1 and v3."""
    between = Between(V1, V3, (Migration("0002_phone", "2"), *lost))
    return weighed(deploying(its), its.ports().releases, lambda *_: between, run=True)


LOST = Migration("0003_drop", "3", irreversible=True)
BARRED = "v1 does not know the irreversible migration 0003_drop: there is no automatic way back"


def test_migrations_are_run_once_on_one_host_before_the_first_switch() -> None:
    its = world(3)
    assert operate(migrating(its), POLICY, its.ports()).outcome is Outcome.DONE
    steps = [fact.step for fact in its.facts if isinstance(fact, Intended)]
    assert [(step.phase, step.hosts) for step in steps[:2]] == [
        (Phase.MIGRATE, ("web1",)),
        (Phase.ACTIVATE, ("web1",)),
    ]
    assert sum(step.phase is Phase.MIGRATE for step in steps) == 1


def test_a_way_back_runs_no_migrations() -> None:
    its = world(2, bad={"v3"})
    assert operate(migrating(its), POLICY, its.ports()).outcome is Outcome.ROLLED_BACK
    steps = [fact.step for fact in its.facts if isinstance(fact, Intended)]
    assert [step.release for step in steps if step.phase is Phase.MIGRATE] == [V3]


DATABASE = {
    F: "migrate on web1: fail; what its migrations did before they failed stays",
    E: "migrate on web1: error; its migrations were sent, and what they did is not known",
    S: "migrate on web1: skipped",
}


@pytest.mark.parametrize("result", DATABASE)
def test_migrations_that_fail_abandon_the_deploy_and_what_the_database_is_is_said(result: Result) -> None:
    its = world(2, trouble={("migrate", "v3", "web1"): (result, False)})
    ending = operate(migrating(its), POLICY, its.ports())
    assert (ending.outcome, ending.reason) == (Outcome.ABANDONED, DATABASE[result])
    assert (live(its), judgements(its)) == ([V1, V1], [])


def test_a_switch_that_is_refused_after_the_migrations_leaves_the_database_migrated_and_says_so() -> None:
    its = world(2, trouble={("activate", "v3", "web1"): (S, False)})
    ending = operate(migrating(its), POLICY, its.ports())
    said = "activate on web1: skipped; but its migrations were run, and the database stays so"
    assert (ending.outcome, ending.reason) == (Outcome.ABANDONED, said)


def test_an_interruption_while_migrating_says_that_nobody_knows() -> None:
    its = world(2, trouble={("migrate", "v3", "web1"): KeyboardInterrupt()})
    ending = operate(migrating(its), POLICY, its.ports())
    said = "interrupted before anything live changed; its migrations were sent, and what they did is not known"
    assert (ending.outcome, ending.reason, live(its)) == (Outcome.INTERRUPTED, said, [V1, V1])


@pytest.mark.parametrize("auto_rollback", ["on", "ask", "off"])
def test_nothing_goes_back_across_a_barrier_by_itself(auto_rollback: str) -> None:
    its = world(2, bad={"v3"})
    ending = operate(migrating(its, LOST), replace(POLICY, auto_rollback=auto_rollback), its.ports())
    assert (ending.outcome, ending.reason, live(its)) == (Outcome.LEFT, BARRED, [V3, V1])
    assert judgements(its) == [("v3", Grade.BAD)]


def test_an_unknown_switch_and_an_interruption_are_left_before_a_barrier_too() -> None:
    its = world(2, trouble={("activate", "v3", "web1"): (E, False)})
    ending = operate(migrating(its, LOST), POLICY, its.ports())
    assert (ending.outcome, ending.reason) == (Outcome.LEFT, BARRED)
    assert ending.live == (("web1", V1.id), ("web2", V1.id))
    its = world(2, trouble={("verify", "v3", "web1"): KeyboardInterrupt()})
    ending = operate(migrating(its, LOST), POLICY, its.ports())
    assert (ending.outcome, ending.reason, live(its)) == (Outcome.LEFT, BARRED, [V3, V1])


def test_a_host_does_not_go_back_across_a_barrier_by_itself_either() -> None:
    its = world(1)
    operate(migrating(its, LOST), replace(POLICY, confirm_within=90.0), its.ports())
    assert its.unconfirmed == [("v3", None)]


def test_what_could_not_be_measured_is_held() -> None:
    its = world(2, silent={"v3"})
    ending = operate(deploying(its), POLICY, its.ports())
    assert (ending.outcome, live(its)) == (Outcome.HELD, [V3, V1])
    assert judgements(its) == [("v3", Grade.UNKNOWN)]


def test_what_an_unknown_switch_did_is_read_again_before_it_is_left() -> None:
    its = world(2, trouble={("activate", "v3", "web1"): (E, False)})
    ending = operate(deploying(its), replace(POLICY, auto_rollback="off"), its.ports())
    assert (ending.outcome, ending.live) == (Outcome.LEFT, (("web1", V1.id), ("web2", V1.id)))


def test_hosts_that_a_deploy_went_out_without_are_pending_when_it_is_held() -> None:
    its = world(2, silent={"v3"}, away={"web2"})
    plan = planning.deploy(V3, its.sight(), GOOD, ONE_BY_ONE, away=1)
    ending = operate(plan, POLICY, its.ports())
    assert (ending.outcome, ending.live, ending.away) == (Outcome.HELD, (("web1", V3.id),), ("web2",))


def test_what_could_not_be_measured_goes_back_or_on_as_the_policy_says() -> None:
    its = world(2, silent={"v3"})
    back = replace(POLICY, on_inconclusive="rollback")
    assert (operate(deploying(its), back, its.ports()).outcome, live(its)) == (Outcome.ROLLED_BACK, [V1, V1])
    its = world(2, silent={"v3"})
    accept = replace(POLICY, on_inconclusive="accept")
    assert (operate(deploying(its), accept, its.ports()).outcome, live(its)) == (Outcome.DONE, [V3, V3])


def test_automatic_rollback_off_leaves_the_bad_release_and_says_so() -> None:
    its = world(2, bad={"v3"})
    ending = operate(deploying(its), replace(POLICY, auto_rollback="off"), its.ports())
    assert (ending.outcome, ending.reason) == (Outcome.LEFT, "the policy says auto_rollback: off")
    assert live(its) == [V3, V1]


@pytest.mark.parametrize(("said", "outcome"), [(True, Outcome.ROLLED_BACK), (False, Outcome.LEFT)])
def test_automatic_rollback_may_ask(said: bool, outcome: Outcome) -> None:
    its = world(2, bad={"v3"}, answers=[said])
    assert operate(deploying(its), replace(POLICY, auto_rollback="ask"), its.ports()).outcome is outcome


def test_a_bad_first_release_is_left_live() -> None:
    its = World({"web1": None}, bad={"v3"})
    plan = planning.deploy(V3, its.sight(), known(), ONE_BY_ONE)
    ending = operate(plan, POLICY, its.ports())
    assert (ending.outcome, ending.reason) == (Outcome.LEFT, "there is no known-good release to go back to")


def test_a_fallback_that_fails_the_same_check_strands_and_says_where_to_look() -> None:
    its = world(2, bad={"v3", "v1"})
    ending = operate(deploying(its), POLICY, its.ports())
    assert ending.outcome is Outcome.STRANDED
    assert ending.reason.startswith("v1 fails the same check (login): the cause is probably not v3 but data")
    assert judgements(its) == [("v3", Grade.BAD), ("v3", Grade.UNKNOWN)]


LOGGED = replace(POLICY, limits={"login": Limits(), "logs": Limits()}, proven=frozenset({V1.commit, V2.commit}))


class Quiet(World):
    """Logs that say too little of any release but v3."""

    def gate(self, release: Release, *others: Any) -> tuple[Finding, ...]:
        found = super().gate(release, *others)
        few = tuple(replace(one, check="logs", result=Result.INCONCLUSIVE, observed="3 lines") for one in found)
        return found + (() if release == V3 else few)


@pytest.mark.parametrize("policy", [LOGGED, replace(LOGGED, proven=frozenset())])
def test_want_of_data_takes_no_proof_back_and_strands_nobody(policy: Policy) -> None:
    its = Quiet({"web1": V1, "web2": V1}, bad={"v3"})
    ending = operate(deploying(its), policy, its.ports())
    known_good = policy is LOGGED
    assert ending.outcome is (Outcome.ROLLED_BACK if known_good else Outcome.STRANDED)
    assert judgements(its) == [("v3", Grade.BAD), *([("v1", Grade.GOOD)] if known_good else [])]
    said = "v1 is back, but not all of it could be measured: logs: 1 inconclusive > limit 0"
    assert (Noticed(said) in its.events) is known_good


BOTH = (View.HOST, View.URL)


class Balanced(World):
    """Whoever asks via url is answered by a bad host as long as there is one; what fails later is bad from then on."""

    def gate(self, release: Release, previous: Any, hosts: Any, view: View, excused: Any) -> tuple[Finding, ...]:
        found = super().gate(release, previous, hosts, view, excused)
        bad = sum(live is None or live.tag in self.bad for live in self.live.values())
        return tuple(replace(one, result=F) if view is View.URL and bad else one for one in found)

    def watch(self, release: Release, *others: Any) -> tuple[Finding, ...]:
        self.bad |= self.later.keys()
        return super().watch(release, *others)


PROVEN = replace(POLICY, proven=frozenset({V1.commit, V2.commit}))


def test_a_way_back_is_not_condemned_by_hosts_that_are_not_back_yet() -> None:
    its = Balanced({"web1": V1, "web2": V1}, later={"v3": F}, views=BOTH)
    plan = planning.deploy(V3, its.sight(), GOOD, replace(ONE_BY_ONE, watch=60.0))
    assert operate(plan, PROVEN, its.ports()).outcome is Outcome.ROLLED_BACK


def test_nor_a_persons_way_back_wave_by_wave() -> None:
    its = Balanced({"web1": V1, "web2": V1}, bad={"v1"}, views=BOTH)
    plan = planning.rollback(V2, its.sight(), GOOD, ONE_BY_ONE)
    assert operate(plan, PROVEN, its.ports()).outcome is Outcome.DONE


@pytest.mark.parametrize("live", [V1, None])
def test_what_mends_a_bad_release_is_not_condemned_by_hosts_that_still_run_that(live: Release | None) -> None:
    its = Balanced({"web1": live, "web2": live}, bad={"v1"}, views=BOTH)
    policy = replace(POLICY, proven=frozenset({V2.commit}))
    assert operate(deploying(its), policy, its.ports()).outcome is Outcome.DONE


def test_beside_a_good_release_users_are_asked_at_every_wave() -> None:
    its = world(3, views=BOTH)
    operate(deploying(its), PROVEN, its.ports())
    waves = [fact for fact in its.facts if isinstance(fact, Observed) and fact.step and fact.step.phase is Phase.VERIFY]
    assert [len([f for f in wave.findings if f.check == "url"]) for wave in waves] == [1, 1, 1]


def test_on_the_way_back_a_host_is_given_users_though_it_fails_too() -> None:
    """None at all would be worse for them."""
    its = world(2, bad={"v3", "v1"})
    operate(deploying(its), POLICY, its.ports())
    assert its.drained == set()


def test_nor_on_a_persons_way_back() -> None:
    its = Quiet({"web1": V1, "web2": V1})
    assert operate(rolling_back(its), LOGGED, its.ports()).outcome is Outcome.DONE


def test_a_host_that_is_not_given_users_again_is_still_stranded() -> None:
    its = world(2, bad={"v3"}, trouble={("undrain", "v1", "web1"): (F, False)})
    assert operate(deploying(its), LOGGED, its.ports()).outcome is Outcome.STRANDED


def test_what_was_red_before_does_not_explain_a_fallback_that_fails() -> None:
    its = world(2, bad={"v3", "v1"}, trouble={("activate", "v1", "web1"): (F, False)})
    ending = operate(deploying(its), replace(POLICY, excused=frozenset({"login"})), its.ports())
    assert "fails the same check" not in ending.reason


def test_a_host_that_is_lost_on_the_way_is_pending() -> None:
    its = world(2, trouble={("activate", "v3", "web2"): (E, True)}, loses={"web2"})
    ending = operate(deploying(its), POLICY, its.ports())
    assert (ending.outcome, ending.away, its.live["web1"]) == (Outcome.PARTIAL, ("web2",), V1)


def test_all_hosts_lost_on_the_way_is_stranded() -> None:
    its = world(1, trouble={("activate", "v3", "web1"): (E, True)}, loses={"web1"})
    ending = operate(deploying(its), POLICY, its.ports())
    assert (ending.outcome, ending.reason) == (Outcome.STRANDED, "web1 could not be reached on the way back to v1")


def test_an_interruption_before_a_switch_changes_nothing() -> None:
    its = world(2, present=(V1,), trouble={("upload", "v3", "web1"): KeyboardInterrupt()})
    ending = operate(deploying(its), POLICY, its.ports())
    assert (ending.outcome, live(its), its.shields) == (Outcome.INTERRUPTED, [V1, V1], 0)


@pytest.mark.parametrize("phase", ["activate", "verify"])
def test_an_interruption_after_a_switch_goes_back_under_the_shield(phase: str) -> None:
    its = world(2, trouble={(phase, "v3", "web1"): KeyboardInterrupt()})
    ending = operate(deploying(its), POLICY, its.ports())
    assert (ending.outcome, live(its), its.shields) == (Outcome.ROLLED_BACK, [V1, V1], 1)
    assert judgements(its) == [("v1", Grade.GOOD)]


def test_a_bug_after_a_switch_goes_back_before_it_is_raised() -> None:
    its = world(2, trouble={("verify", "v3", "web1"): ZeroDivisionError()})
    with pytest.raises(ZeroDivisionError):
        operate(deploying(its), POLICY, its.ports())
    assert live(its) == [V1, V1]


def test_deploying_what_is_live_only_verifies_it() -> None:
    its = world(2, bad={"v1"})
    ending = operate(deploying(its, V1), POLICY, its.ports())
    assert (ending.outcome, live(its)) == (Outcome.LEFT, [V1, V1])
    assert ending.reason == "it was live before this deploy, which switched nothing"


def rolling_back(its: World) -> Plan:
    return planning.rollback(V2, its.sight(), GOOD, ONE_BY_ONE)


def test_a_rollback_by_hand_is_verified_and_judged() -> None:
    its = world(2)
    ending = operate(rolling_back(its), POLICY, its.ports())
    assert (ending.outcome, live(its), judgements(its)) == (Outcome.DONE, [V2, V2], [("v2", Grade.GOOD)])


def test_a_rollback_goes_on_past_a_host_that_fails() -> None:
    its = world(3, trouble={("activate", "v2", "web1"): (F, False)})
    ending = operate(rolling_back(its), POLICY, its.ports())
    assert (ending.outcome, live(its)) == (Outcome.STRANDED, [V1, V2, V2])
    assert ending.live == (("web1", V1.id), ("web2", V2.id), ("web3", V2.id))


def test_a_rollback_is_judged_by_what_is_observed_and_not_by_an_exit_code() -> None:
    its = world(2, trouble={("activate", "v2", "web1"): (F, True)})
    assert operate(rolling_back(its), POLICY, its.ports()).outcome is Outcome.DONE


def test_a_rollback_with_hosts_away_is_partial() -> None:
    its = world(2, away={"web2"})
    ending = operate(rolling_back(its), POLICY, its.ports())
    assert (ending.outcome, ending.away) == (Outcome.PARTIAL, ("web2",))


def test_a_rollback_whose_release_arrives_nowhere_is_abandoned() -> None:
    lost = {("upload", "v2", host): (F, False) for host in ("web1", "web2")}
    its = world(2, present=(V1,), trouble=lost)
    ending = operate(rolling_back(its), POLICY, its.ports())
    assert (ending.outcome, live(its)) == (Outcome.ABANDONED, [V1, V1])


@pytest.mark.parametrize("phase", ["upload", "prepare"])
def test_a_host_that_a_rollback_can_not_bring_its_release_is_pending(phase: str) -> None:
    its = world(2, present=(V1,), trouble={(phase, "v2", "web1"): (F, False)})
    ending = operate(rolling_back(its), POLICY, its.ports())
    assert (ending.outcome, live(its), ending.away) == (Outcome.PARTIAL, [V1, V2], ("web1",))
    assert ending.live == (("web1", V1.id), ("web2", V2.id))


def test_an_interrupted_rollback_is_finished_without_what_did_not_arrive() -> None:
    trouble = {("upload", "v2", "web1"): (F, False), ("verify", "v2", "web2"): KeyboardInterrupt()}
    its = world(2, present=(V1,), trouble=trouble)
    asked = its._ask

    def once(release: Release, host: str) -> Finding:
        try:
            return asked(release, host)
        except KeyboardInterrupt:
            its.trouble.pop(("verify", "v2", "web2"))
            raise

    its._ask = once  # type: ignore[method-assign]
    ending = operate(rolling_back(its), POLICY, its.ports())
    assert (ending.outcome, live(its), ending.away) == (Outcome.PARTIAL, [V1, V2], ("web1",))


@pytest.mark.parametrize("phase", ["upload", "activate", "verify"])
def test_who_lost_the_lease_does_nothing_more(phase: str) -> None:
    its = world(2, present=(V1, V2), robbed=phase)
    with pytest.raises(Fenced, match="the lease on web1 was taken away"):
        operate(deploying(its), POLICY, its.ports())
    assert live(its) == ([V1, V1] if phase == "upload" else [V3, V1])


def test_a_deploy_that_may_go_out_without_a_host_leaves_it_pending() -> None:
    its = world(2, away={"web2"})
    plan = planning.deploy(V3, its.sight(), GOOD, ONE_BY_ONE, away=1)
    ending = operate(plan, POLICY, its.ports())
    assert (ending.outcome, ending.away, ending.live) == (Outcome.PARTIAL, ("web2",), (("web1", V3.id),))


@pytest.mark.parametrize(
    ("later", "policy", "outcome", "lives"),
    [
        (P, POLICY, Outcome.DONE, [V3, V3]),
        (F, POLICY, Outcome.ROLLED_BACK, [V1, V1]),
        (F, replace(POLICY, auto_rollback="off"), Outcome.LEFT, [V3, V3]),
        (E, replace(POLICY, limits={"login": Limits(consecutive_error=0)}), Outcome.HELD, [V3, V3]),
    ],
)
def test_what_the_watch_finds_decides_as_the_gate_does(
    later: Result, policy: Policy, outcome: Outcome, lives: list[Release]
) -> None:
    its = world(later={"v3": later})
    plan = planning.deploy(V3, its.sight(), GOOD, replace(ONE_BY_ONE, watch=60.0))
    assert plan.steps[-1] == Step(Phase.WATCH, V3, ("web1", "web2"))
    ending = operate(plan, policy, its.ports())
    assert (ending.outcome, live(its)) == (outcome, lives)


@pytest.mark.parametrize(
    ("later", "outcome", "lives", "paused"),
    [
        (P, Outcome.DONE, [V3, V3, V3], ["web1", "web2"]),
        (F, Outcome.ROLLED_BACK, [V1, V1, V1], ["web1"]),
        (KeyboardInterrupt(), Outcome.ROLLED_BACK, [V1, V1, V1], ["web1"]),
    ],
)
def test_between_two_waves_it_waits_and_watches_those_that_were_switched(
    later: Result | BaseException, outcome: Outcome, lives: list[Release], paused: list[str]
) -> None:
    its = (
        world(3, later={"v3": later})
        if isinstance(later, Result)
        else world(3, trouble={("pause", "v3", "web1"): later})
    )
    plan = planning.deploy(V3, its.sight(), GOOD, replace(ONE_BY_ONE, pause=60.0))
    ending = operate(plan, POLICY, its.ports())
    assert (ending.outcome, live(its)) == (outcome, lives)
    assert its.watches == [((host,), 60.0, False) for host in paused]


def test_a_stronger_lease_ends_the_pause() -> None:
    its = world(3, robbed="pause")
    plan = planning.deploy(V3, its.sight(), GOOD, replace(ONE_BY_ONE, pause=60.0))
    with pytest.raises(Fenced):
        operate(plan, POLICY, its.ports())
    assert its.watches == [(("web1",), 60.0, True)]


@pytest.mark.parametrize(("tolerated", "outcome"), [(2, Outcome.DONE), (1, Outcome.ROLLED_BACK)])
def test_failures_count_over_all_waves(tolerated: int, outcome: Outcome) -> None:
    """One on each host: wave by wave no limit would ever be passed."""

    class Stumbling(World):
        def gate(self, release: Release, *others: Any) -> tuple[Finding, ...]:
            found = super().gate(release, *others)
            return (*(replace(one, result=F) for one in found), *found) if release == V3 else found

    its = Stumbling({"web1": V1, "web2": V1})
    policy = replace(POLICY, limits={"login": Limits(failure=tolerated)})
    assert operate(deploying(its), policy, its.ports()).outcome is outcome


def test_a_host_that_was_elsewhere_before_and_was_not_touched_is_pending() -> None:
    its = World({"web1": V1, "web2": V2}, bad={"v3"})
    ending = operate(deploying(its), POLICY, its.ports())
    assert (ending.outcome, ending.away) == (Outcome.PARTIAL, ("web2",))
    assert ending.live == (("web1", V1.id), ("web2", V2.id))


def test_a_bad_release_that_went_out_without_a_host_is_rolled_back_and_the_host_stays_pending() -> None:
    its = world(2, away={"web2"}, bad={"v3"})
    plan = planning.deploy(V3, its.sight(), GOOD, ONE_BY_ONE, away=1)
    ending = operate(plan, POLICY, its.ports())
    assert (ending.outcome, ending.away, ending.live) == (Outcome.ROLLED_BACK, ("web2",), (("web1", V1.id),))


def test_an_interrupted_rollback_is_finished_first() -> None:
    its = world(3, trouble={("activate", "v2", "web2"): KeyboardInterrupt()})
    interrupt = its.trouble

    def once(phase: str, release: Release, host: str):  # type: ignore[no-untyped-def]
        try:
            return World._do(its, phase, release, host)
        except KeyboardInterrupt:
            interrupt.clear()
            raise

    its._do = once  # type: ignore[method-assign]
    ending = operate(rolling_back(its), POLICY, its.ports())
    assert (ending.outcome, live(its)) == (Outcome.DONE, [V2, V2, V2])


RESULTS = [(P, True), (F, True), (F, False), (E, True), (E, False), (S, False), KeyboardInterrupt()]
CHECKED = [(P, True), (F, True), (E, True), KeyboardInterrupt()]


@pytest.mark.parametrize("policy", [POLICY, replace(POLICY, on_inconclusive="rollback")])
def test_every_history_of_two_hosts_ends_all_new_or_all_old_or_says_that_it_does_not(policy) -> None:  # type: ignore[no-untyped-def]
    """Every mix of answers, effects and interruptions of both waves' switch and verification."""
    for one, two, three, four in product(RESULTS, CHECKED, RESULTS, CHECKED):
        its = world(2)
        keys = [(phase, "v3", host) for host in ("web1", "web2") for phase in ("activate", "verify")]
        its.trouble = dict(zip(keys, (one, two, three, four), strict=True))  # type: ignore[arg-type]
        ending = operate(deploying(its), policy, its.ports())
        wanted = {
            Outcome.DONE: [V3, V3],
            Outcome.ROLLED_BACK: [V1, V1],
            Outcome.ABANDONED: [V1, V1],
            Outcome.HELD: live(its),
            Outcome.INTERRUPTED: [V1, V1],
        }[ending.outcome]
        assert live(its) == wanted, (one, two, three, four, ending)
        assert ending.live == tuple((host, r.id if r else None) for host, r in its.live.items())


def test_an_interrupted_first_release_has_nothing_to_go_back_to_and_says_so() -> None:
    its = World({"web1": None}, trouble={("activate", "v3", "web1"): KeyboardInterrupt()})
    ending = operate(planning.deploy(V3, its.sight(), known(), ONE_BY_ONE), POLICY, its.ports())
    assert (ending.outcome, ending.reason) == (Outcome.LEFT, "there is no known-good release to go back to")
    assert ending.live == (("web1", V3.id),)


def test_an_interruption_at_the_question_goes_back() -> None:
    its = world(bad={"v3"})

    def interrupted(_: str) -> bool:
        raise KeyboardInterrupt

    ending = operate(deploying(its), replace(POLICY, auto_rollback="ask"), replace(its.ports(), ask=interrupted))
    assert (ending.outcome, live(its)) == (Outcome.ROLLED_BACK, [V1, V1])


def test_a_canary_that_is_lost_while_the_others_were_never_touched_is_pending() -> None:
    its = world(3, trouble={("activate", "v3", "web1"): (E, True)}, loses={"web1"})
    ending = operate(deploying(its), POLICY, its.ports())
    assert (ending.outcome, ending.away) == (Outcome.PARTIAL, ("web1",))
    assert ending.live == (("web2", V1.id), ("web3", V1.id))


def test_a_failing_undrain_is_no_verdict_on_the_release() -> None:
    its = world(1, trouble={("undrain", "v3", "web1"): (F, False)})
    ending = operate(deploying(its), POLICY, its.ports())
    assert (ending.outcome, judgements(its)) == (Outcome.HELD, [("v3", Grade.UNKNOWN)])


@pytest.mark.parametrize("result", [S, F, E])
def test_a_host_that_still_runs_what_was_to_be_left_is_stranded_whatever_its_checks_say(result: Result) -> None:
    its = world(2, blind=True, trouble={("activate", "v2", "web2"): (result, False)})
    ending = operate(rolling_back(its), POLICY, its.ports())
    assert (ending.outcome, ending.reason) == (Outcome.STRANDED, "web2 could not be switched to v2")
    assert ending.live == (("web1", V2.id), ("web2", V1.id))


def test_the_same_on_the_way_back_from_a_bad_release() -> None:
    trouble = {("verify", "v3", "web2"): (F, True), ("activate", "v1", "web1"): (S, False)}
    its = world(2, blind=True, trouble=trouble)
    ending = operate(deploying(its), POLICY, its.ports())
    assert (ending.outcome, ending.reason) == (Outcome.STRANDED, "web1 could not be switched to v1")
