"""The playbook's checks, asked of hosts and of the environment's url: the operation's port to everything in this room.

It brings questions, kinds, gate and threads together, and lets nothing out that is not redacted, cleaned and bounded.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from rollback.checks.apart import told_apart
from rollback.checks.ask import ask
from rollback.checks.asking import Ask, Asking
from rollback.checks.before import Before, compares, marks
from rollback.checks.crowd import Crowd, concurrently
from rollback.checks.exec import folder
from rollback.checks.gate import Pace, Reply, answer, stand
from rollback.checks.question import Ports, Question, Ran
from rollback.checks.turns import by_place, parted
from rollback.checks.watch import Window, observe
from rollback.events import Event, Found, Moved, Noticed
from rollback.model import Finding, Phase, Release, View
from rollback.playbook.settings import Watch
from rollback.text import clean_line

if TYPE_CHECKING:
    from rollback.playbook.check import Check
    from rollback.playbook.schema import Environment, Playbook
    from rollback.playbook.secrets import Secrets

Part = TypeVar("Part")
_CONNECTING = {"http", "flow", "tcp"}


class Checks:
    """Every check of one environment."""

    def __init__(
        self,
        playbook: Playbook,
        environment: Environment,
        *,
        dial: Callable[[str, str, int], socket.socket],
        command: Callable[[str, str, Release, float], Ran],
        running: Callable[[str, Release], Finding],
        secrets: Secrets,
        tell: Callable[[Event], None],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        ask: Ask = ask,
        crowd: Crowd = concurrently,
    ) -> None:
        self._checks, self._environment = playbook.checks, environment
        self._limits = {check.name: check.limits for check in playbook.checks}
        self._ports, self._secrets, self._tell = Ports(dial, command, running), secrets, tell
        self._clock, self._sleep = clock, sleep
        self._asking, self._crowd = Asking(ask, crowd, clock, secrets), crowd
        self._before, self._folder = Before(), folder(playbook)
        for check in self._checks:
            _tell_insecure(check, tell)

    def has(self, view: View) -> bool:
        """Whether the gate asks anything from there."""
        return bool(self._of(view, "gate"))

    def before(self, release: Release, hosts: tuple[str, ...], compared: Mapping[str, Release]) -> None:
        """This release is about to be switched on there: look at what its checks will need to know of the time before.

        compared: what is live, where the release is to be held against it. Never raises, but for an interruption.
        """
        ends = [q for host in hosts for q in self._questions(self._those(marks), host, release, None)]
        there = [check for check in self._those(compares) if View.HOST in check.views]
        bursts = [q for host, live in compared.items() for q in self._questions(there, host, live, None)]
        if compared:
            users = [check for check in self._those(compares) if View.URL in check.views]
            bursts += self._questions(users, None, _only(compared.values()), None)
        self._before.look(release, bursts, ends)

    def gate(
        self,
        release: Release,
        previous: Mapping[str, Release | None],
        hosts: tuple[str, ...],
        view: View,
        excused: frozenset[str] = frozenset(),
    ) -> tuple[Finding, ...]:
        """What the gate found, host by host; via url it is asked once, and `host` is then None."""
        checks = self._of(view, "gate")

        def asked(place: str | None) -> tuple[Question, ...]:
            before = previous.get(place) if place else _only(previous.values())
            return self._questions(self._of(View.HOST, "gate") if place else checks, place, release, before)

        def gated(place: str | None, stop: threading.Event) -> tuple[Finding, ...]:
            questions = asked(place)

            def ask_all() -> tuple[Reply, ...]:
                replies = self._round(questions, stop)
                return replies if place else self._apart(replies, [asked(host) for host in hosts], excused)

            return self._told(stand(ask_all, self._limits, self._pace(stop), excused), stop)

        return _joined(self._crowd(gated, hosts if view is View.HOST else (None,))) if checks else ()

    def watch(
        self,
        release: Release,
        previous: Mapping[str, Release | None],
        hosts: tuple[str, ...],
        excused: frozenset[str],
        seconds: float,
        over: Callable[[], bool] = lambda: False,
    ) -> tuple[Finding, ...]:
        """What the watch after the last wave, or the pause after another, found of these hosts and of the url.

        over: nobody waits for it any more."""
        interval = min(seconds, (self._environment.verify.watch or Watch()).interval)
        window = Window(seconds, interval, self._clock, self._sleep, self._tell, over)
        return observe(self._sampler(dict.fromkeys(hosts, release), previous, excused), self._limits, excused, window)

    def sample(self, live: Mapping[str, Release]) -> tuple[Finding, ...]:
        """One round of the watch, of what is live on these hosts and of the url."""
        return self._sampler(live, {}, frozenset())()

    def _sampler(
        self, live: Mapping[str, Release], previous: Mapping[str, Release | None], excused: frozenset[str]
    ) -> Callable[[], tuple[Finding, ...]]:
        """One round of the watch."""
        everywhere, before = _only(live.values()), _only(previous.values())
        of_hosts = (
            self._questions(self._of(View.HOST, "watch"), host, release, previous.get(host))
            for host, release in live.items()
        )
        of_url = self._questions(self._of(View.URL, "watch"), None, everywhere, before)

        rounds = tuple(filter(None, (*of_hosts, of_url)))

        def at(asked: tuple[Question, ...], stop: threading.Event) -> tuple[Reply, ...]:
            return self._asking.quick(asked, stop) + self._asking.alone(asked, stop)

        def sample() -> tuple[Finding, ...]:
            replies = _joined(self._crowd(at, rounds))
            hosts = tuple(reply for reply in replies if reply.finding.host)
            users = told_apart(replies[len(hosts) :], hosts, self._telling(excused))
            return tuple(reply.finding for reply in hosts + users)

        return sample

    def once(self, live: Mapping[str, Release], *, apart: bool = False) -> tuple[Finding, ...]:
        """Every check once: of each host with what is live there, and via url with what is live everywhere.

        apart: tell a url that nobody reaches from a release that fails.
        """
        everywhere = _only(live.values())
        of_hosts = [self._questions(self._of(View.HOST), host, release, None) for host, release in live.items()]
        asked = [*_joined(of_hosts)]
        if live:
            asked += self._questions(self._of(View.URL), None, everywhere, None)

        def one(question: Question, stop: threading.Event) -> tuple[Finding, ...]:
            def put() -> Reply:
                reply = self._asking.put(question, stop)
                return self._apart((reply,), of_hosts, frozenset())[0] if apart and not question.host else reply

            return self._told((answer(put, self._pace(stop), self._limits[question.check.name]),), stop)

        def in_turn(questions: Sequence[Question], stop: threading.Event) -> tuple[Finding, ...]:
            return _joined([one(question, stop) for question in questions])

        quick, alone = parted(asked)
        return _joined(self._crowd(one, quick) + self._crowd(in_turn, by_place(alone)))

    def _those(self, which: Callable[[Check], bool]) -> tuple[Check, ...]:
        return tuple(filter(which, self._checks))

    def _of(self, view: View, *phases: str) -> tuple[Check, ...]:
        return tuple(check for check in self._checks if view in check.views and set(phases) <= set(check.phase))

    def _questions(
        self, checks: Sequence[Check], place: str | None, release: Release | None, previous: Release | None
    ) -> tuple[Question, ...]:
        host = next(host for host in self._environment.hosts if host.name == place) if place else None
        values = {**self._environment.values(host), **_named("release", release), **_named("previous", previous)}
        url, here = self._environment.url, self._folder
        made = (
            Question(check, self._secrets, self._ports, url, host, release, case, values, folder=here)
            for check in checks
            for case in check.cases
        )
        return tuple(replace(question, before=self._before.of(question, release)) for question in made)

    def _round(self, questions: Sequence[Question], stop: threading.Event) -> tuple[Reply, ...]:
        replies = self._asking.quick(questions, stop)
        if any(reply.finding.required and not reply.settled for reply in replies):
            replies += self._asking.put_off(questions)
        else:
            replies += self._asking.alone(questions, stop)
        host = questions[0].host
        waiting = next((reply.finding.observed for reply in replies if not reply.settled), None)
        if waiting and host and not stop.is_set():
            self._tell(Moved(host.name, Phase.VERIFY, f"not ready: {clean_line(waiting, 60)}"))
        return replies

    def _apart(
        self, replies: tuple[Reply, ...], of_hosts: Sequence[tuple[Question, ...]], excused: frozenset[str]
    ) -> tuple[Reply, ...]:
        """Replies of the url; the hosts are asked only when nobody took a connection to it."""
        if not any(reply.silent for reply in replies):
            return replies
        now = _joined(self._crowd(self._asking.quick, of_hosts))
        return told_apart(replies, now, self._telling(excused))

    def _telling(self, excused: frozenset[str]) -> frozenset[str]:
        """The checks that tell whether a host answers: those that take a connection to the app."""
        return frozenset(check.name for check in self._checks if check.kind in _CONNECTING) - excused

    def _pace(self, stop: threading.Event) -> Pace:
        return Pace(self._environment.verify.gate, self._clock, self._sleep, stop.is_set)

    def _told(self, findings: tuple[Finding, ...], stop: threading.Event) -> tuple[Finding, ...]:
        """Findings that nobody waits for any more are not spoken of."""
        for finding in () if stop.is_set() else findings:
            self._tell(Found(finding))
        return findings


def _named(noun: str, release: Release | None) -> dict[str, str]:
    if release is None:
        return {}
    return {f"{noun}.tag": release.tag, f"{noun}.commit": release.commit, f"{noun}.id": release.id}


def _only(releases: Iterable[Release | None]) -> Release | None:
    """The one that they all are; None when they differ, and nothing can be said of all of them."""
    different = set(releases)
    return different.pop() if len(different) == 1 else None


def _joined(parts: Sequence[tuple[Part, ...]]) -> tuple[Part, ...]:
    return tuple(one for part in parts for one in part)


def _tell_insecure(check: Check, tell: Callable[[Event], None]) -> None:
    tls = check.tls or (check.http and check.http.tls) or (check.load and check.load.tls)
    if tls and tls.insecure:
        tell(Noticed(f"check {check.name}: certificates are NOT verified (tls.insecure)"))
