"""One change on one host: under its lease, in its turn, told while it runs, and answered with a finding."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from rollback.events import Event, Found, Moved, Noticed, Sent
from rollback.hosts.findings import Asked, asked, of_change
from rollback.hosts.lease import Leases
from rollback.hosts.pool import Lost, Pool
from rollback.hosts.protocol import Answer, Request
from rollback.hosts.requests import Turn
from rollback.hosts.sentences import sentence
from rollback.model import Finding, Host, Result

Build = Callable[[Host, Turn], Request]

_BEGUN = {
    "upload": "uploading",
    "prepare": "preparing",
    "migrate": "migrating",
    "activate": "switching",
    "undrain": "giving it users again",
    "finish": "closing",
    "prune": "pruning",
}


@dataclass(frozen=True, slots=True)
class Work:
    """Changes hosts in the name of the operation that holds the leases."""

    hosts: Mapping[str, Host]
    pool: Pool
    leases: Leases
    redact: Callable[[str], str]
    tell: Callable[[Event], None]

    def ask(self, check: str, host: str) -> Asked:
        return asked(check, self.hosts[host], self.redact, self.pool.pace)

    def change(self, phase: str, host: str, build: Build, done: str, instead: Build | None = None) -> Finding:
        """build: makes the request once it is this host's turn. done: what it is called when all went well.
        instead: the request for a host that answers that what it has is unlike what we build on."""
        turn = self.leases.turn(host)
        return self._made(phase, host, build, done, turn, instead) if turn else self.refused(phase, host)

    def close(self, host: str, build: Build, done: str) -> Finding:
        """The last change: also after another host's lease was taken away."""
        turn = self.leases.last_turn(host)
        return self._made("finish", host, build, done, turn) if turn else self.refused("finish", host)

    def found(self, phase: str, host: str, result: Result, observed: str) -> Finding:
        """A finding without having asked."""
        return self._told(self.ask(phase, host).found(result, observed))

    def refused(self, phase: str, host: str) -> Finding:
        return self.found(phase, host, Result.SKIPPED, self.leases.taken_away or "we hold no lease there")

    def _made(
        self, phase: str, host: str, build: Build, done: str, turn: Turn, instead: Build | None = None
    ) -> Finding:
        question = self.ask(phase, host)
        self.tell(Moved(host, phase, _BEGUN[phase]))
        answer = self._answer(host, build(self.hosts[host], turn))
        if instead and isinstance(answer, Answer) and answer.status == "unlike":
            self.tell(Noticed(f"{host}: {sentence(answer, self.hosts[host]).text}; it is sent everything"))
            return self.change(phase, host, instead, done)
        if isinstance(answer, Answer) and answer.all("unjournalled"):
            self.tell(Noticed(f"{host}: the journal could not be written there: what is done now is not in it"))
        return self._told(of_change(question, answer, done))

    def _answer(self, host: str, request: Request) -> Answer | Lost:
        answer = self.pool.ask(host, request)
        if isinstance(answer, Answer) and answer.status == "expired":
            # We slept, or the network did; when nobody took the lease meanwhile it is still ours.
            self.leases.renew_one(host)
            answer = self.pool.ask(host, request)
        if isinstance(answer, Answer) and answer.status == "fenced":
            self.leases.lose(host, answer)
        return answer

    def _told(self, finding: Finding) -> Finding:
        self.tell(
            Moved(finding.host or "", finding.check, "done" if finding.result is Result.PASS else finding.observed)
        )
        self.tell(Found(finding))
        return finding


def watched(request: Request, host: str, tell: Callable[[Event], None], let_through: Callable[[int], None]) -> Request:
    """The same request, which tells how much of its payload was sent, each percent once. let_through: waits until so
    many more bytes may be sent."""
    whole = sum(part.stat().st_size if isinstance(part, Path) else len(part) for part in request.payload)
    before, told = 0, -1

    def sent(count: int) -> None:
        nonlocal before, told
        let_through(max(0, count - before))  # a retry begins anew
        before, percent = count, 100 * count // whole if whole else 100
        if percent != told:
            told = percent
            tell(Sent(host, count, whole))

    return replace(request, sent=sent)
