"""How an environment is, by the ledger alone and with the hosts."""

from __future__ import annotations

from dataclasses import replace

from rollback.dashboard.glance import glance
from rollback.dashboard.source import Seen
from rollback.model import Drilled, Frozen, Grade
from tests.build import EPOCH, V1, V2, V3, sighting
from tests.dashboard.told import HOSTS, Teller, Told


def test_without_the_hosts_it_goes_by_the_last_operation_that_ended() -> None:
    teller = Teller()
    one = glance(Told([*teller.deploy(V1), *teller.deploy(V2), *teller.deploy(V3, Grade.BAD)]))
    assert (one.release, one.standing and one.standing.grade) == (V2, "good")
    assert one.fallback is not None
    assert one.fallback.release == V1
    assert [known.release for known, _ in one.skipped] == [V3]
    assert ([row.what for row in one.rows], one.running) == (["deploy v3", "deploy v2", "deploy v1"], None)


def test_the_hosts_know_better() -> None:
    teller = Teller()
    records = [*teller.deploy(V1), *teller.deploy(V2)]
    seen = Seen(EPOCH, (sighting("web1", V1), sighting("web2", V2, present=(V2,)), sighting("web3", problem="gone")))
    one = glance(Told(records, look=seen))
    assert (one.release, one.live) == (None, ((V1.id, ("web1",)), (V2.id, ("web2",))))
    assert one.fallback is not None
    assert (one.fallback.release, one.lacking, one.open) == (V2, (), ("✗ web3: gone",))


def test_a_fallback_that_a_host_lacks_is_said() -> None:
    teller = Teller()
    records = [*teller.deploy(V1), *teller.deploy(V2)]
    hosts = tuple(sighting(host, V2, present=(V2, V1) if host == "web1" else (V2,)) for host in HOSTS)
    assert glance(Told(records, look=Seen(EPOCH, hosts))).lacking == ("web2",)


def test_an_operation_runs_until_it_ends_or_another_begins() -> None:
    teller = Teller()
    running = teller.deploy(V1, ends=False)
    one = glance(Told(running))
    assert one.running is not None
    assert (one.running.row.what, one.running.heard) == ("deploy v1", running[-1].at)
    assert glance(Told([*running, *teller.deploy(V1)])).running is None


def test_nothing_is_known_of_an_empty_ledger() -> None:
    one = glance(Told())
    assert (one.live, one.fallback, one.rows, one.judged, one.expected) == ((), None, (), (), None)


def test_a_freeze_and_the_last_rehearsal_are_told() -> None:
    teller = Teller()
    drills = [replace(one, fact=Drilled(took)) for took in (3.0, 2.0) for one in teller.operation(Frozen("moving"))]
    one = glance(Told([*drills, *teller.operation(Frozen("the database moves"))]))
    assert one.rehearsed is not None
    assert (one.rehearsed.drilled.took, one.freeze and one.freeze.reason) == (2.0, "the database moves")
