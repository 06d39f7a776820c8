"""What is sent to which host, and how fast."""

from __future__ import annotations

import os
import random
import signal
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from rollback.demo.sshd import Sshd
from rollback.events import Event, Noticed
from rollback.hosts import requests
from rollback.hosts.bandwidth import Bandwidth
from rollback.hosts.fleet import Fleet
from rollback.hosts.pace import Pace
from rollback.hosts.pool import Pool
from rollback.hosts.protocol import Answer
from rollback.hosts.remote import over
from rollback.hosts.requests import Package, Turn
from rollback.hosts.ssh import connect
from rollback.model import Host, Release, Ssh
from rollback.playbook.secrets import Secrets
from rollback.source.carried import carried
from rollback.source.delta import Delta, delta
from tests.build import release
from tests.fakes import FakeHost, fake_reach
from tests.hosts.local import wait_until
from tests.hosts.packages import PLAIN, Shared, host, package

OLD, NEW = release("v1", "a" * 40), release("v2", "b" * 40)
NAMES = ("web1", "web2", "web3")


@pytest.fixture
def fakes() -> dict[str, FakeHost]:
    """web1 can be built on, web2 was changed by somebody, web3 is new."""
    had = {OLD.id: (OLD.tag, OLD.commit, OLD.tree)}
    web1, web2 = (FakeHost(live=OLD.id, complete=dict(had)) for _ in range(2))
    web2.damaged.add(OLD.id)
    return {"web1": web1, "web2": web2, "web3": FakeHost()}


def test_each_host_is_sent_what_it_lacks(fakes: dict[str, FakeHost], tmp_path: Path) -> None:
    events: list[Event] = []
    asked: list[Release] = []

    def less(made: Package, base: Release) -> Delta | None:
        asked.append(base)
        return delta(made, base, package(base, tmp_path / "old").manifest.read_bytes(), ())

    fleet = Fleet(
        tuple(replace(host(tmp_path, name), ssh=Ssh(bandwidth=1e9)) for name in NAMES),
        fake_reach(fakes),
        app="shop",
        environment="production",
        shared=Shared(),
        prepare=(),
        package=lambda one: package(one, tmp_path / "new", {**PLAIN, "more": b"x"}),
        less=less,
        pack=carried,
        secrets=Secrets({}),
        tell=events.append,
    )
    fleet.acquire("OP1", "ada@laptop")
    assert [one.observed for one in fleet.upload(NEW, NAMES)] == ["uploaded"] * 3
    fleet.close()
    sent = {name: [one.first("base") for one in fake.asked if one.verb == "stage"] for name, fake in fakes.items()}
    assert sent == {"web1": [OLD.id], "web2": [OLD.id, None], "web3": [None]}
    assert asked == [OLD]
    said = "web2: its earlier release is not as it was sealed: app.py; it is sent everything"
    assert [one.text for one in events if isinstance(one, Noticed)] == [said]


def test_hosts_with_the_same_cap_share_it() -> None:
    waited: list[float] = []
    bandwidth = Bandwidth(Pace(sleep=waited.append, monotonic=lambda: 0.0))
    for cap, count in ((100.0, 50), (100.0, 50), (10.0, 5), (100.0, 100)):
        bandwidth.spend(cap, count)
    assert waited == [0.5, 1.0, 0.5, 2.0]


def test_an_upload_whose_connection_is_cut_sends_only_the_rest(sshd: Sshd, tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    there = Host(sshd.name, str(tmp_path / "root"), Ssh(config=str(sshd.world.ssh_config)))
    made = package(NEW, tmp_path / "new", {"photo": random.Random(1).randbytes(3_000_000)})
    counts: list[int] = []

    def hang_up_once(count: int) -> None:
        """When half a megabyte has arrived."""
        counts.append(count)
        if count > 1_000_000 and max(counts[:-1]) <= 1_000_000:
            arriving = tmp_path / "root/.rollback/incoming" / f"{made.digest}.part"
            wait_until(lambda: arriving.exists() and arriving.stat().st_size > 500_000)
            for pid in Path(f"/proc/{sshd.pid}/task/{sshd.pid}/children").read_text().split():
                os.kill(int(pid), signal.SIGKILL)

    pool = Pool((there,), over(connect))
    token = pool.ask(sshd.name, requests.acquire(there, "OP1", "ada@laptop", 60))
    assert isinstance(token, Answer)
    request = replace(requests.stage(there, Turn("OP1", 1, 1, 60), made), sent=hang_up_once)
    assert pool.ask(sshd.name, request) == Answer("ok", uncertain=True)
    pool.close()
    begun_anew = next(now for before, now in pairwise(counts) if now < before)
    assert begun_anew > 500_000
