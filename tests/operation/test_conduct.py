from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from rollback.core import plan as planning
from rollback.core.history import standings
from rollback.core.plan import Known
from rollback.core.rollout import Rollout
from rollback.errors import Fenced, PlanChanged, RedBeforeDeploy, Refused
from rollback.events import Noticed
from rollback.model import (
    Between,
    Ended,
    Finding,
    Grade,
    Intended,
    Kind,
    Migration,
    Observed,
    Outcome,
    Plan,
    Pruned,
    Record,
    Release,
    Result,
    Sighting,
    Started,
    Withdrawn,
)
from rollback.operation.conduct import Asked, conduct
from tests.build import V1, V2, V3, judged, release
from tests.operation.world import POLICY, World

RECORDS = (judged(1, V2), judged(2, V1))
PREFLIGHT = replace(POLICY, preflight=True)


def asking(
    target: Release, *, kind: Kind = Kind.DEPLOY, records: Sequence[Record] = RECORDS, force: bool = False
) -> Asked:
    known = Known(standings(records), {})

    def plan(seen: Sequence[Sighting]) -> Plan:
        if kind is Kind.ROLLBACK:
            return planning.rollback(target, seen, known, Rollout())
        return planning.deploy(target, seen, known, Rollout(1, 1), force=force)

    return Asked(plan, None, lambda _: None, (("login", "ada"),), known.standings, force)


def test_a_deploy_is_recorded_from_its_start_to_its_end_and_the_lease_given_back() -> None:
    its = World({"web1": V1, "web2": V1})
    plan, ending = conduct(asking(V3), its.sight(), POLICY, its.ports())
    assert its.facts[0] == Started(Kind.DEPLOY, V3, V1, ("web1", "web2"), (("login", "ada"),))
    assert its.facts[-1] == Ended(Outcome.DONE, ending.live, (), "")
    assert its.finished == [(("web1", "web2"), frozenset())]
    assert plan.target == V3


def test_a_host_that_did_not_hear_the_end_and_waits_for_it_is_pending() -> None:
    its = World({"web1": V1, "web2": V1}, deaf={"web2"})
    _, ending = conduct(asking(V3), its.sight(), replace(POLICY, confirm_within=90.0), its.ports())
    assert (ending.outcome, ending.live, ending.away) == (Outcome.PARTIAL, (("web1", V3.id),), ("web2",))
    assert its.facts[-1] == Ended(Outcome.PARTIAL, ending.live, ("web2",), "")


@pytest.mark.parametrize(
    ("target", "confirm_within", "outcome"),
    [(V3, None, Outcome.DONE), (V1, 90.0, Outcome.DONE), (V2, 90.0, Outcome.ROLLED_BACK)],
)
def test_a_host_that_waits_for_nothing_need_not_hear_the_end(
    target: Release, confirm_within: float | None, outcome: Outcome
) -> None:
    its = World({"web1": V1, "web2": V1}, deaf={"web2"}, bad={"v2"})
    _, ending = conduct(asking(target), its.sight(), replace(POLICY, confirm_within=confirm_within), its.ports())
    assert (ending.outcome, ending.away) == (outcome, ())


def test_a_plan_that_differs_from_the_one_shown_is_refused_and_nothing_is_changed() -> None:
    its = World({"web1": V1, "web2": V1})
    shown = planning.deploy(V3, its.sight(), Known(standings(RECORDS), {}), Rollout(1, 1))
    its.live["web2"] = V2
    with pytest.raises(PlanChanged):
        conduct(replace(asking(V3), shown=shown), its.sight(), POLICY, its.ports())
    assert its.facts == []
    assert its.finished == [(("web1", "web2"), frozenset())]


def test_the_lease_is_given_back_when_the_plan_is_refused() -> None:
    its = World({"web1": V1})
    with pytest.raises(Refused):
        conduct(asking(V3, records=()), its.sight(), POLICY, its.ports())
    assert its.finished == [(("web1",), frozenset())]


def test_what_is_red_before_the_deploy_refuses_it() -> None:
    its = World({"web1": V1}, bad={"v1"})
    with pytest.raises(RedBeforeDeploy, match="red before the deploy: login on web1: fail"):
        conduct(asking(V3), its.sight(), PREFLIGHT, its.ports())
    assert isinstance(its.facts[-1], Ended)
    assert its.facts[-1].outcome is Outcome.REFUSED
    assert its.live == {"web1": V1}


def test_what_is_red_before_a_forced_deploy_can_not_condemn_it() -> None:
    its = World({"web1": V1}, bad={"v1", "v3"})
    _, ending = conduct(asking(V3, force=True), its.sight(), PREFLIGHT, its.ports())
    assert (ending.outcome, its.live) == (Outcome.HELD, {"web1": V3})


def test_a_green_preflight_is_recorded_and_the_deploy_goes_on() -> None:
    its = World({"web1": V1})
    _, ending = conduct(asking(V3), its.sight(), PREFLIGHT, its.ports())
    assert ending.outcome is Outcome.DONE
    assert isinstance(its.facts[1], Observed)
    assert its.facts[1].step is None


def test_a_live_release_that_is_known_bad_is_not_asked() -> None:
    its = World({"web1": V1}, bad={"v1"})
    records = (judged(1, V2), judged(2, V1, Grade.BAD))
    _, ending = conduct(asking(V3, records=records), its.sight(), PREFLIGHT, its.ports())
    assert ending.outcome is Outcome.DONE


def test_an_interrupted_preflight_is_recorded() -> None:
    its = World({"web1": V1}, trouble={("verify", "v1", "web1"): KeyboardInterrupt()})
    with pytest.raises(KeyboardInterrupt):
        conduct(asking(V3), its.sight(), PREFLIGHT, its.ports())
    assert isinstance(its.facts[-1], Ended)
    assert its.facts[-1].outcome is Outcome.INTERRUPTED
    assert its.finished == [(("web1",), frozenset())]


def test_a_stranded_operation_keeps_its_lease() -> None:
    its = World({"web1": V1}, bad={"v3", "v1"})
    _, ending = conduct(asking(V3), its.sight(), POLICY, its.ports())
    assert ending.outcome is Outcome.STRANDED
    assert its.finished == [(("web1",), frozenset({"web1"}))]


def test_what_a_person_rolled_back_from_is_withdrawn() -> None:
    its = World({"web1": V1, "web2": V1})
    conduct(asking(V2, kind=Kind.ROLLBACK), its.sight(), POLICY, its.ports())
    assert Withdrawn(V1) in its.facts


def test_why_a_person_rolled_back_stays_with_what_was_left() -> None:
    its = World({"web1": V1})
    asked = asking(V2, kind=Kind.ROLLBACK)
    conduct(
        replace(asked, plan=lambda seen: replace(asked.plan(seen), reason="no login")), its.sight(), POLICY, its.ports()
    )
    assert Withdrawn(V1, "no login") in its.facts


def test_what_lies_between_is_recorded_with_the_start_as_far_as_it_is_known() -> None:
    """So that whoever goes back, from wherever, needs no git to know of a barrier."""
    its = World({"web1": V1})
    known, unknown = Between(V1, V3, (Migration("0002", "2", irreversible=True),)), Between(None, V3, known=False)
    asked = asking(V3)
    conduct(
        replace(asked, plan=lambda seen: replace(asked.plan(seen), between=(known, unknown))),
        its.sight(),
        POLICY,
        its.ports(),
    )
    assert isinstance(its.facts[0], Started)
    assert [fact for fact in its.facts if isinstance(fact, Between)] == its.facts[1:2] == [known]


def test_what_is_rolled_back_is_withdrawn_before_the_first_switch() -> None:
    """So that whoever finishes a rollback that was cut off, or failed, does not go back to what was left."""
    its = World({"web1": V1, "web2": V1}, bad={"v2"})
    conduct(asking(V2, kind=Kind.ROLLBACK), its.sight(), POLICY, its.ports())
    kinds = [type(fact) for fact in its.facts[:4]]
    assert (kinds[:3], its.facts.count(Withdrawn(V1))) == ([Started, Withdrawn, Intended], 1)


def test_a_rollback_that_switched_nothing_withdraws_nothing() -> None:
    its = World({"web1": V1}, present=(V1,), trouble={("upload", "v2", "web1"): (Result.FAIL, False)})
    conduct(asking(V2, kind=Kind.ROLLBACK), its.sight(), POLICY, its.ports())
    assert Withdrawn(V1) not in its.facts


def test_what_nothing_needs_is_pruned_after_a_good_deploy_and_trouble_there_is_a_warning() -> None:
    old = release("v0")
    its = World({"web1": V1}, present=(V1, V2, V3, old))
    _, ending = conduct(asking(V3), its.sight(), POLICY, its.ports())
    assert (ending.outcome, its.pruned) == (Outcome.DONE, [(old.id,)])
    assert its.facts[-1] == Pruned((old,), ("web1",))
    assert Noticed("web1 could not be pruned: fail") in its.events


@dataclass
class Impatient(World):
    """Its user interrupts it while it prunes."""

    def prune(self, hosts: tuple[str, ...], doomed: tuple[str, ...]) -> tuple[Finding, ...]:  # noqa: ARG002
        raise KeyboardInterrupt


def test_an_interruption_while_pruning_leaves_the_deploy_done() -> None:
    old = tuple(release(f"v0.{number}") for number in range(4))
    its = Impatient({"web1": V1}, present=(V1, V2, V3, *old))
    records = (*(judged(number, one) for number, one in enumerate(old)), judged(8, V2), judged(9, V1))
    _, ending = conduct(asking(V3, records=records), its.sight(), replace(POLICY, keep=1), its.ports())
    assert ending.outcome is Outcome.DONE
    assert [fact.outcome for fact in its.facts if isinstance(fact, Ended)] == [Outcome.DONE]
    assert its.finished == [(("web1",), frozenset())]


def test_who_lost_the_lease_says_so_and_leaves_the_hosts_their_notes() -> None:
    its = World({"web1": V1, "web2": V1}, robbed="activate")
    with pytest.raises(Fenced):
        conduct(asking(V3), its.sight(), POLICY, its.ports())
    assert its.facts[-1] == Ended(Outcome.FENCED, (), (), "the lease on web1 was taken away")
    assert its.finished == [(("web1", "web2"), frozenset({"web1", "web2"}))]


@dataclass
class Robbed(World):
    """Its lease is taken away before anything was begun."""

    @property
    def taken_away(self) -> str:
        return "the lease on web1 was taken away"


def test_what_is_refused_when_the_lease_is_lost_says_nothing_of_the_hosts() -> None:
    its = Robbed({"web1": V1}, bad={"v1"})
    with pytest.raises(RedBeforeDeploy, match="red before the deploy"):
        conduct(asking(V3), its.sight(), PREFLIGHT, its.ports())
    assert its.facts[-1] == Ended(Outcome.REFUSED, (), (), "red before the deploy: login on web1: fail, expected ")


def test_a_drill_comes_back_from_what_does_not_work_whatever_the_policy_says() -> None:
    its = World({"web1": V1, "web2": V1}, silent={"v2"})
    known = Known(standings((judged(1, V2), judged(2, V1))), {})
    asked = Asked(lambda seen: planning.drill(seen, known, Rollout()), None, lambda _: None, (), known.standings)
    _, ending = conduct(asked, its.sight(), replace(POLICY, auto_rollback="off"), its.ports())
    assert (ending.outcome, list(its.live.values())) == (Outcome.ROLLED_BACK, [V1, V1])


def test_a_deploy_that_is_only_finished_asks_nothing_before() -> None:
    its = World({"web1": V3, "web2": V3}, trouble={("verify", "v3", "web1"): (Result.FAIL, True)})
    known = Known(standings(RECORDS), {})
    plan = replace(planning.deploy(V3, its.sight(), known, Rollout()), resumes=("OP0",))
    asked = Asked(lambda _: plan, None, lambda _: None, (), known.standings)
    conduct(asked, its.sight(), PREFLIGHT, its.ports())
    assert not [fact for fact in its.facts if isinstance(fact, Observed) and fact.step is None]


def test_why_a_host_is_left_as_pending_is_said() -> None:
    its = World({"web1": V2, "web2": V2}, away={"web2"})
    conduct(asking(V1, kind=Kind.ROLLBACK), its.sight(), POLICY, its.ports())
    assert Noticed("web2 is left as pending: timed out") in its.events
