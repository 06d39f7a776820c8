"""The playbook's checks, asked of hosts and of the environment's url: the operation's port to everything in this room.

It brings questions, kinds, gate and threads together, and lets nothing out that is not redacted, cleaned and bounded.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rollback.checks.ask import ask
from rollback.checks.before import Before, compares, marks
from rollback.checks.crowd import concurrently
from rollback.checks.exec import folder
from rollback.checks.gate import Pace, Reply, answer, stand
from rollback.checks.question import Ports, Question, Ran, Said
from rollback.checks.turns import by_place, parted
from rollback.checks.watch import Window, observe
from rollback.events import Event, Found, Moved, Noticed
from rollback.model import Finding, Phase, Release, Result, View
from rollback.playbook.settings import Watch
from rollback.text import clean_line

if TYPE_CHECKING:
    from rollback.playbook.check import Check
    from rollback.playbook.schema import Environment, Playbook
    from rollback.playbook.secrets import Secrets

_AT_ONCE = 4  # questions to one vantage; an sshd allows ten sessions on a connection


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
    ) -> None:
        self._checks, self._environment = playbook.checks, environment
        self._limits = {check.name: check.limits for check in playbook.checks}
        self._ports, self._secrets, self._tell = Ports(dial, command, running), secrets, tell
        self._clock, self._sleep = clock, sleep
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
        self, release: Release, previous: Mapping[str, Release | None], hosts: tuple[str, ...], view: View
    ) -> tuple[Finding, ...]:
        """What the gate found, host by host; via url it is asked once, and `host` is then None."""
        checks = self._of(view, "gate")

        def gated(place: str | None, stop: threading.Event) -> tuple[Finding, ...]:
            before = previous.get(place) if place else _only(previous.values())
            questions = self._questions(checks, place, release, before)
            found = stand(lambda: self._round(questions, stop), self._limits, self._pace(stop))
            return self._told(found, stop)

        return _joined(concurrently(gated, hosts if view is View.HOST else (None,))) if checks else ()

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
        return observe(self._sampler(dict.fromkeys(hosts, release), previous), self._limits, excused, window)

    def sample(self, live: Mapping[str, Release]) -> tuple[Finding, ...]:
        """One round of the watch, of what is live on these hosts and of the url."""
        return self._sampler(live, {})()

    def _sampler(
        self, live: Mapping[str, Release], previous: Mapping[str, Release | None]
    ) -> Callable[[], tuple[Finding, ...]]:
        """One round of the watch."""
        everywhere, before = _only(live.values()), _only(previous.values())
        questions = {
            host: self._questions(self._of(View.HOST, "watch"), host, release, previous.get(host))
            for host, release in live.items()
        }
        of_url = self._questions(self._of(View.URL, "watch"), None, everywhere, before)

        def at(asked: tuple[Question, ...], stop: threading.Event) -> tuple[Finding, ...]:
            quick, alone = parted(asked)
            put = concurrently(lambda question, _: self._put(question, stop), quick, width=_AT_ONCE)
            put += concurrently(lambda question, _: self._put(question, stop), alone, width=1)
            return tuple(reply.finding for reply in put)

        rounds = tuple(filter(None, (*questions.values(), of_url)))
        return lambda: _joined(concurrently(at, rounds))

    def once(self, live: Mapping[str, Release]) -> tuple[Finding, ...]:
        """Every check once: of each host with what is live there, and via url with what is live everywhere."""
        everywhere = _only(live.values())
        asked = [q for host, release in live.items() for q in self._questions(self._of(View.HOST), host, release, None)]
        if live:
            asked += self._questions(self._of(View.URL), None, everywhere, None)

        def one(question: Question, stop: threading.Event) -> tuple[Finding, ...]:
            return self._told((answer(lambda: self._put(question, stop), self._pace(stop)),), stop)

        def in_turn(questions: Sequence[Question], stop: threading.Event) -> tuple[Finding, ...]:
            return _joined([one(question, stop) for question in questions])

        quick, alone = parted(asked)
        return _joined(concurrently(one, quick) + concurrently(in_turn, by_place(alone)))

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
        quick, alone = parted(questions)
        replies = concurrently(lambda question, _: self._put(question, stop), quick, width=_AT_ONCE)
        if any(reply.finding.required and not reply.settled for reply in replies):
            replies += tuple(map(self._put_off, alone))
        else:
            replies += concurrently(lambda question, _: self._put(question, stop), alone, width=1)
        host = questions[0].host
        waiting = next((reply.finding.observed for reply in replies if not reply.settled), None)
        if waiting and host and not stop.is_set():
            self._tell(Moved(host.name, Phase.VERIFY, f"not ready: {clean_line(waiting, 60)}"))
        return replies

    def _put_off(self, question: Question) -> Reply:
        why = "not asked while other checks still wait for their answers"
        return self._reply(question, Said(Result.INCONCLUSIVE, why, settled=False), self._clock())

    def _put(self, question: Question, stop: threading.Event) -> Reply:
        begun = self._clock()
        return self._reply(question, ask(replace(question, stopped=stop.is_set)), begun)

    def _reply(self, question: Question, said: Said, begun: float) -> Reply:
        finding = Finding(
            check=question.check.name,
            result=said.result,
            at=datetime.now(UTC),
            host=question.host.name if question.host else None,
            case=clean_line(", ".join(question.case.values())) if question.case else None,
            observed=self._shown(said.observed),
            expected=self._shown(said.expected),
            evidence=said.evidence,
            took=self._clock() - begun,
            required=question.check.severity == "required",
        )
        return Reply(finding, said.settled)

    def _shown(self, text: str) -> str:
        return clean_line(self._secrets.redact(text))

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


def _joined(findings: Sequence[tuple[Finding, ...]]) -> tuple[Finding, ...]:
    return tuple(finding for some in findings for finding in some)


def _tell_insecure(check: Check, tell: Callable[[Event], None]) -> None:
    tls = check.tls or (check.http and check.http.tls) or (check.load and check.load.tls)
    if tls and tls.insecure:
        tell(Noticed(f"check {check.name}: certificates are NOT verified (tls.insecure)"))
