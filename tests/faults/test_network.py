"""A host behind a network that spoils what passes: the command ends, says so in a sentence, and what it says is true."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.proxy import Fault, Proxy
from tests.faults.settle import as_said, settles
from tests.faults.world import NEW, World


@pytest.fixture
def proxy(world: World) -> Iterator[Proxy]:
    """Between the operator and web1."""
    with world.proxied("web1") as proxy:
        yield proxy


def test_a_sound_proxy_changes_nothing(world: World, proxy: Proxy) -> None:
    done = world.operate("deploy", NEW)
    assert (done.code, world.lives(), proxy.accepted) == (0, [NEW, NEW], 1), done.err
    settles(world, done)


def away(world: World, proxy: Proxy, sentence: str) -> None:
    """A deploy is refused, and a rollback goes on without the host; once it is back, another settles it."""
    refused = world.operate("deploy", NEW)
    assert (refused.code, world.lives()) == (3, ["v5", "v5"]), refused.err
    assert sentence in refused.err
    partial = world.operate()
    assert (partial.code, world.lives()) == (14, ["v5", "v4"]), partial.err
    assert sentence in partial.out + partial.err
    proxy.heal()
    settles(world, refused, partial)


def test_refused(world: World, proxy: Proxy) -> None:
    proxy.refuse()
    away(world, proxy, "cannot be reached: connection refused")


BANNERS = {
    "nothing at all": (Fault(says=b""), "gave no SSH session within 3 s"),
    "a web server": (Fault(says=b"HTTP/1.1 400 Bad Request\r\n\r\n", endless=True), "banner"),
    "garbage": (Fault(says=bytes(range(256)) * 8, endless=True), "banner"),
    "ESC": (Fault(says=b"\x1b]0;owned\x07\x1b[2J\x1b[31m\x9b5m\r\n" * 40, endless=True), "banner"),
    "lines without end": (Fault(says=b"patience\r\n", endless=True), "banner"),
    "one line without end": (Fault(says=b"a" * 65536, endless=True), "banner"),
}


@pytest.mark.parametrize("what", BANNERS)
def test_something_else_than_ssh_says(world: World, proxy: Proxy, what: str) -> None:
    proxy.fault, sentence = BANNERS[what]
    away(world, proxy, sentence)


@pytest.mark.parametrize("then", ["dropped", "halved", "frozen"])
@pytest.mark.parametrize(("way", "after"), [("down", 10), ("down", 700), ("up", 700), ("up", 2400)])
def test_it_breaks_before_there_is_a_session(world: World, proxy: Proxy, way: str, after: int, then: str) -> None:
    proxy.fault = Fault(after=after, way=way, then=then)
    away(world, proxy, "web1")


@pytest.mark.parametrize(
    ("way", "after"),
    [("up", 20_000), ("up", 60_000), ("up", 90_000), ("down", 4_000), ("down", 6_000), ("down", 8_000)],
)
def test_every_connection_is_dropped_in_the_middle_of_the_work(
    world: World, proxy: Proxy, way: str, after: int
) -> None:
    proxy.fault = Fault(after=after, way=way)
    ran = world.operate("deploy", NEW)
    as_said(world, ran, NEW)
    print(ran, proxy.accepted)
    proxy.heal()
    settles(world, ran)


def test_a_slow_network_only_takes_longer(world: World, proxy: Proxy) -> None:
    proxy.fault = Fault(delay=0.05)
    done = world.operate("deploy", NEW)
    assert (done.code, world.lives()) == (0, [NEW, NEW]), done.err
    settles(world, done)
