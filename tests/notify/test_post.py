"""The post holds nobody up, keeps the order, and says of everything that was not told that it was not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from rollback.notify.message import Message
from rollback.notify.post import NotTold, Post
from tests.build import at


def message(moment: str) -> Message:
    return Message(moment, "shop", "production", at(0), "headline")


@dataclass
class Friend:
    """Hears what it wants, once it is let; trouble: moment -> what is raised instead."""

    name: str = "a friend"
    timeout: float = 60.0
    deaf_to: str = ""
    let: threading.Event = field(default_factory=threading.Event)
    heard: list[str] = field(default_factory=list)
    trouble: dict[str, Exception] = field(default_factory=dict)

    def wants(self, message: Message) -> bool:
        return message.moment != self.deaf_to

    def tell(self, message: Message, due: float) -> None:  # noqa: ARG002
        self.let.wait()
        if message.moment in self.trouble:
            raise self.trouble[str(message.moment)]
        self.heard.append(str(message.moment))


@pytest.fixture
def friend() -> Iterator[Friend]:
    one = Friend()
    yield one
    one.let.set()


def test_whoever_sends_goes_on_and_the_order_stays(friend: Friend) -> None:
    other = Friend("another")
    other.let.set()
    friend.deaf_to = "held"
    post = Post([friend, other])
    for moment in ("started", "held", "good"):
        post.send(message(moment))
    assert friend.heard == [], "it was not let yet, and nobody waited"
    friend.let.set()
    assert (post.settle(), friend.heard, other.heard) == ((), ["started", "good"], ["started", "held", "good"])


def test_what_was_not_told_is_said_once_and_a_bug_stops_nothing(friend: Friend) -> None:
    friend.trouble = {"started": NotTold("nobody is there"), "held": ZeroDivisionError("by zero")}
    friend.let.set()
    post = Post([friend])
    for moment in ("started", "held", "good"):
        post.send(message(moment))
    assert post.settle() == (
        "a friend was not told (started): nobody is there",
        "a friend was not told (held): ZeroDivisionError: by zero",
    )
    assert (post.settle(), post.failures(), friend.heard) == ((), (), ["good"])


def test_who_hangs_is_left_behind_when_its_time_is_up(friend: Friend) -> None:
    friend.timeout = 0.05
    post = Post([friend])
    post.send(message("good"))
    assert post.settle() == ("a friend was not told in time (0.05 s)",)


def test_without_anybody_to_tell_there_is_no_thread() -> None:
    before = threading.active_count()
    post = Post([Friend(deaf_to="good")])
    post.send(message("good"))
    assert (post.settle(), threading.active_count()) == ((), before)
