"""A host behind a network that spoils what passes: each command ends and says so in a sentence, and that is true."""

from __future__ import annotations

import os
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
    assert sentence in partial.err
    proxy.heal()
    settles(world, refused, partial)


def test_refused(world: World, proxy: Proxy) -> None:
    proxy.refuse()
    away(world, proxy, "cannot be reached: connection refused")


LATE, STRANGE = "gave no SSH session within 3 s", "failed: Indecipherable protocol version"
ENDLESS = "failed: Error reading SSH protocol banner: it never ends"
BANNERS = {
    "nothing at all": (Fault(says=b""), LATE),
    "a web server's words": (Fault(says=b"HTTP/1.1 400 Bad Request\r\n\r\n", endless=True), STRANGE),
    "garbage": (Fault(says=bytes(range(256)) * 8, endless=True), "failed: Error reading SSH protocol banner"),
    "escape sequences": (Fault(says=b"\x1b]0;owned\x07\x1b[2J\x9b5m\r\n", endless=True), "failed: "),
    "lines without end": (Fault(says=b"patience\r\n", endless=True), STRANGE),
    "a line without end": (
        Fault(says=b"a" * 65536, endless=True),
        ENDLESS,
    ),
}


@pytest.mark.parametrize("what", BANNERS)
def test_something_else_than_ssh_says(world: World, proxy: Proxy, what: str) -> None:
    proxy.fault, sentence = BANNERS[what]
    away(world, proxy, sentence)


# In the greeting, the key exchange, the authentication.
BREAKS = [("down", 10), ("down", 900), ("down", 1500), ("up", 700), ("up", 1200)]
EARLY = [(*where, then) for where in BREAKS for then in ("dropped", "halved")]


@pytest.mark.parametrize(("way", "after", "then"), [*EARLY, ("down", 10, "frozen"), ("up", 1200, "frozen")])
def test_it_breaks_before_there_is_a_session(world: World, proxy: Proxy, way: str, after: int, then: str) -> None:
    proxy.fault = Fault(after=after, way=way, then=then)
    away(world, proxy, "web1")


def test_a_half_open_connection_is_given_up_after_its_deadline_and_the_host_asked_again(
    world: World, proxy: Proxy
) -> None:
    proxy.fault = Fault(after=20_000, way="up", then="frozen", once=True)
    done = world.operate("deploy", NEW)
    assert (done.code, world.lives(), proxy.accepted) == (0, [NEW, NEW], 2), done.err
    settles(world, done)


# Of the agent's text, an upload, a later phase; of an answer.
MIDDLES = [("up", 20_000), ("up", 60_000), ("up", 100_000), ("down", 2_400), ("down", 4_000), ("down", 6_000)]


@pytest.mark.parametrize(("way", "after"), MIDDLES)
def test_every_connection_is_dropped_in_the_middle_of_the_work(
    world: World, proxy: Proxy, way: str, after: int
) -> None:
    proxy.fault = Fault(after=after, way=way)
    ran = world.operate("deploy", NEW)
    as_said(world, ran, NEW)
    assert proxy.accepted > 1
    proxy.heal()
    settles(world, ran)


def test_a_slow_network_only_takes_longer(world: World, proxy: Proxy) -> None:
    proxy.fault = Fault(delay=0.05)
    done = world.operate("deploy", NEW)
    assert (done.code, world.lives()) == (0, [NEW, NEW]), done.err
    settles(world, done)


_FLOOD = """\
#!/bin/sh
head -c 1000000000 /dev/zero
exec /bin/sync "$@"
"""


def test_a_host_that_answers_a_gigabyte_is_hung_up_on(world: World) -> None:
    """Under bounded memory: see `Operator.wait`."""
    flood = world.folder / "flood"
    flood.mkdir()
    (flood / "sync").write_text(_FLOOD)
    (flood / "sync").chmod(0o755)
    world.restart("web1", PATH=f"{flood}:{os.environ['PATH']}")
    refused = world.operate("deploy", NEW)
    assert (refused.code, world.lives()) == (3, ["v5", "v5"]), refused.err
    assert "web1 (127.0.0.11 port" in refused.err
    assert "answered more than 65536 bytes" in refused.err
    world.restart("web1")
    settles(world, refused)
