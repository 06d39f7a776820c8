from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollback.core import plan as planning
from rollback.core.plan import recovery
from rollback.core.rollout import Rollout, groups, waves
from rollback.model import Host, Phase, Step
from tests.build import V1, V3, judged, known, sighting

ORDER = ("db", "web")
ROLES: tuple[tuple[str, ...], ...] = ((), ("db",), ("web",), ("web", "db"), ("other",))


def host(name: str, zone: str = "", *roles: str) -> Host:
    return Host(name, "/srv/shop", zone=zone, roles=roles)


@st.composite
def fleets(draw: st.DrawFn) -> tuple[Host, ...]:
    kinds = draw(st.lists(st.tuples(st.sampled_from(("", "a", "b")), st.sampled_from(ROLES)), max_size=12))
    return tuple(host(f"web{number}", zone, *roles) for number, (zone, roles) in enumerate(kinds))


ROLLOUTS = st.builds(Rollout, canary=st.integers(0, 9), batch=st.integers(0, 9), pause=st.sampled_from((0.0, 5.0)))


def turn(one: Host) -> int:
    return min((ORDER.index(role) for role in one.roles if role in ORDER), default=len(ORDER))


@given(fleets(), ROLLOUTS)
def test_waves_take_every_host_once_of_one_zone_and_one_turn_and_no_more_than_the_batch(
    hosts: tuple[Host, ...], rollout: Rollout
) -> None:
    by_name = {one.name: one for one in hosts}
    cut = waves(tuple(by_name), replace(rollout, groups=groups(hosts, ORDER)))
    switched = [name for wave in cut for name in wave]
    assert sorted(switched) == sorted(by_name)
    assert all(len({(by_name[name].zone, turn(by_name[name])) for name in wave}) == 1 for wave in cut)
    first = 0
    for wave in cut:
        assert len(wave) <= (rollout.canary if first < rollout.canary else rollout.batch or len(hosts))
        first += len(wave)
    turns = [turn(by_name[name]) for name in switched]
    assert turns == sorted(turns)


@given(fleets(), ROLLOUTS)
def test_without_zones_and_roles_hosts_come_as_they_are_written(hosts: tuple[Host, ...], rollout: Rollout) -> None:
    plain = tuple(replace(one, zone="", roles=()) for one in hosts)
    assert groups(plain, ORDER) == ()
    assert [name for wave in waves([one.name for one in plain], rollout) for name in wave] == [p.name for p in plain]


@given(fleets().filter(bool), ROLLOUTS, st.integers(0, 40))
def test_the_way_back_goes_zone_by_zone_from_the_last_without_canary_and_pause(
    hosts: tuple[Host, ...], rollout: Rollout, cut: int
) -> None:
    by_name = {one.name: one for one in hosts}
    mine = replace(rollout, groups=groups(hosts, ORDER))
    plan = planning.deploy(V3, [sighting(name) for name in by_name], known(judged(1, V1)), mine)
    steps = recovery(plan, plan.steps[: cut + 2])
    assert {step.phase for step in steps} <= {Phase.ACTIVATE, Phase.VERIFY}
    switched = [step.hosts for step in steps if step.phase is Phase.ACTIVATE]
    assert {name for wave in switched for name in wave} == {
        name for step in plan.steps[: cut + 2] if step.phase is Phase.ACTIVATE for name in step.hosts
    }
    assert all(len(wave) <= (rollout.batch or len(hosts)) for wave in switched)
    assert all(len({by_name[name].zone for name in wave}) == 1 for wave in switched)
    turns = [turn(by_name[wave[0]]) for wave in switched]
    assert all(later <= earlier for earlier, later in pairwise(turns))


@pytest.mark.parametrize(
    ("hosts", "order", "expected"),
    [
        ([host("a"), host("b")], (), ()),
        ([host("a", "x"), host("b", "x")], (), ()),
        ([host("a", "x"), host("b", "y"), host("c", "x")], (), (("a", "c"), ("b",))),
        ([host("a", "", "web"), host("b", "", "db"), host("c")], ORDER, (("b",), ("a",), ("c",))),
        ([host("a", "", "web", "db"), host("b", "", "web")], ORDER, (("a",), ("b",))),
    ],
)
def test_groups(hosts: Sequence[Host], order: Sequence[str], expected: tuple[tuple[str, ...], ...]) -> None:
    assert groups(hosts, order) == expected


@pytest.mark.parametrize(
    ("rollout", "expected"),
    [
        (Rollout(groups=(("a", "c"), ("b", "d"))), "ac bd"),
        (Rollout(canary=1, groups=(("a", "c"), ("b", "d"))), "a c bd"),
        (Rollout(canary=3, groups=(("a", "c"), ("b", "d"))), "ac b d"),
        (Rollout(batch=1, groups=(("a", "c"), ("b", "d"))), "a c b d"),
        (Rollout(batch=2, groups=(("b",),)), "b ac d"),
        (Rollout(canary=1, groups=(("a", "c"), ("b", "d"))).back, "bd ac"),
    ],
)
def test_a_wave_is_never_of_two_groups(rollout: Rollout, expected: str) -> None:
    assert " ".join("".join(wave) for wave in waves("abcd", rollout)) == expected


def test_a_pause_follows_each_wave_but_the_last_and_only_on_the_way_forward() -> None:
    seen = [sighting(name) for name in ("web1", "web2", "web3")]
    rollout = Rollout(canary=1, batch=1, watch=9.0, pause=60.0)
    plan = planning.deploy(V3, seen, known(judged(1, V1)), rollout)
    assert [step.hosts for step in plan.steps if step.phase is Phase.PAUSE] == [("web1",), ("web2",)]
    assert plan.steps[4] == Step(Phase.PAUSE, V3, ("web1",))
    assert [plan.lasts(phase) for phase in (Phase.PAUSE, Phase.WATCH, Phase.VERIFY)] == [60.0, 9.0, 0.0]
    back = planning.rollback(V1, [sighting("web1", V3), sighting("web2", V3)], known(judged(1, V1)), rollout)
    assert Phase.PAUSE not in {step.phase for step in back.steps}
    one = planning.deploy(V3, seen[:1], known(judged(1, V1)), rollout)
    assert (one.pause, Phase.PAUSE in {step.phase for step in one.steps}) == (0.0, False)


def test_the_roll_out_says_how_many_hosts_may_be_away() -> None:
    seen = [sighting("web1"), sighting("web2", problem="timed out")]
    plan = planning.deploy(V3, seen, known(judged(1, V1)), Rollout(away=1))
    assert plan.pending == ("web2",)
