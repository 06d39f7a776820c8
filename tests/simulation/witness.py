"""What must be so, whatever happens: the design's invariants over the hosts, the records and what operators say.

Those that can be told from one host alone are in host.py. Here every failing assertion says what it saw.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field

from greenlet import getcurrent

from rollback.core.history import standings
from rollback.core.left import left
from rollback.hosts.protocol import Request
from rollback.model import Ended, Fact, Grade, Judged, Kind, Outcome, Started
from tests.simulation.command import Operator, Wanted
from tests.simulation.host import SimHost
from tests.simulation.laptop import Book
from tests.simulation.truth import RELEASES, Nature, Truth

_CHANGES = {"stage", "prepare", "activate", "undrain", "prune"}
_TRIES, _SLOWEST, _ROUNDS = 3, 680, 8  # of a request, in seconds with the pause after it; of requests, at most
_UNTOUCHED = {Outcome.REFUSED, Outcome.ABANDONED, Outcome.INTERRUPTED}
_UNIFORM = {Outcome.DONE, Outcome.ROLLED_BACK}


@dataclass(slots=True)
class Witness:
    """unknown: see Network. started: operations by id, as they were recorded. told: the newest token by (operation,
    host) that it knows of. accepted: releases that a policy took for good unasked."""

    hosts: Mapping[str, SimHost]
    truth: Truth
    unknown: Set[tuple[str | None, str, str]]
    started: dict[str, Started] = field(default_factory=dict)
    told: dict[tuple[str | None, str], str] = field(default_factory=dict)
    accepted: set[str | None] = field(default_factory=set)

    def heard(self, operation: str, fact: Fact) -> None:
        """As it is recorded."""
        if isinstance(fact, Judged) and fact.verdict.rule.startswith("accepted by on_inconclusive"):
            self.accepted.add(fact.release.id)
        if isinstance(fact, Started):
            self.started[operation] = fact
        if isinstance(fact, Ended):
            self._true(operation, fact)

    def needed(self, operation: str) -> frozenset[str]:
        """The releases that this operation must not delete."""
        start = self.started.get(operation)
        return frozenset(one.id for one in (start.target, start.fallback) if one) if start else frozenset()

    def sending(self, operator: Operator, host: str, request: Request) -> None:
        """Who was told that its lease is gone begins nothing any more; what it had begun it may ask for again."""
        if token := request.first("token"):
            self.told[request.first("operation"), host] = token
        if request.verb in _CHANGES and operator.fenced:
            begun = getcurrent() in operator.unknowing
            assert begun, f"{operator.process.name} was fenced and sends {request.verb} to {host}"

    def ended(self, operator: Operator, wanted: Wanted, took: float) -> None:
        """A rollback waits for nothing but its hosts. took: seconds."""
        if wanted.kind is Kind.ROLLBACK and not operator.process.asleep:
            rounds = _ROUNDS + 4 * len(self.hosts)
            assert took <= 2 * wanted.wait + _TRIES * _SLOWEST * rounds, f"{operator.process.name} took {took:.0f} s"

    def _true(self, operation: str, end: Ended) -> None:
        """An unknown outcome is read again, never assumed: what an operation says is live where it holds the lease.

        It holds none that a late request of its own took once more, after others had been there. Nobody can tell of a
        host that heard nothing for too long and went back by itself, or whose switch was made between the last look
        and the end: such a host shows it by its intent."""
        for name, live in end.live:
            host = self.hosts[name]
            if host.live is None and (end.outcome in _UNTOUCHED or not host.complete):
                continue  # replaced by an empty machine since it was seen, or since something was done to it
            lease = host.lease
            if not lease or lease.phase == "reverted":
                continue
            if (lease.operation, str(lease.token)) != (operation, self.told.get((operation, name))):
                continue
            unheard = (operation, "activate", name) in self.unknown
            excused = unheard and host.intent is not None and host.intent[3] == host.live
            assert excused or host.live == live, f"{operation} ended with {end}, but on {name} {host.live} is live"
        if end.outcome in _UNIFORM:
            different = {live for _, live in end.live} - {None}  # new hosts, where a deploy did not come as far
            assert len(different) == 1, f"{operation} ended with {end}: not one release"

    def in_order(self, last: Operator, book: Book) -> None:
        """At the end, after all was healed and one rollback was made."""
        if last.ended.startswith("stranded") and self._taken_for_good():
            return
        nowhere = "Refused: nothing to go back to"  # fine where all is well already
        assert last.ended.startswith(("done", nowhere)), f"the last rollback: {last.ended}"
        live = {host.live for host in self.hosts.values()}
        if last.ended.startswith(nowhere) and (live == {None} or not self._good(book)):
            return  # every machine was replaced: there is nothing to go back to
        if last.ended.startswith(nowhere):
            live -= {None}  # a new machine waits for `resume`: a rollback that leads nowhere does not bring it along
        assert len(live) == 1, f"different releases are live: {live}"
        release = RELEASES[live.pop() or ""]
        assert self.truth.of(release.tag) is Nature.GOOD, f"{release.tag} is live, and is {self.truth.of(release.tag)}"
        for host in (one for one in self.hosts.values() if one.live):
            # Who was killed after all was done left it, and a rollback that leads nowhere has nothing to do with it.
            done = last.ended.startswith(nowhere) and host.intent is not None and host.intent[3] == host.live
            assert done or host.intent is None, f"{host.name}: an intent did not end: {host.intent}"
            assert release.id in host.complete, f"{host.name}: {release.id} is not complete"
        self._remembered(book, last)

    def _taken_for_good(self) -> bool:
        """Is one release live that is bad, and that was accepted when nobody could ask it? The policy wanted it so."""
        live = {host.live for host in self.hosts.values()}
        return len(live) == 1 and live <= self.accepted and self.truth.of(RELEASES[live.pop() or ""].tag) != Nature.GOOD

    def _good(self, book: Book) -> bool:
        """Is there anything that is known good and that some host has?"""
        there = {one for host in self.hosts.values() for one in host.complete}
        return any(one.grade is Grade.GOOD and one.release.id in there for one in standings(book.records()).values())

    def _remembered(self, book: Book, last: Operator) -> None:
        """What the hosts remember is understood, and learnt once."""
        lines = b"".join(journal for host in self.hosts.values() for journal in host.journals.values())
        book.merge(lines)
        assert book.merge(lines) == 0, "merging twice changed something"
        if last.ended.startswith("done"):
            assert left(book.records()) == (), "something is still unfinished"
