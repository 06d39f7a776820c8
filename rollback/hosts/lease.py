"""The leases that one operation holds: taken all or none, renewed, given back; and the order of its requests.

It must not act on a host under a lease it lost: once any host says so, nothing more is done anywhere.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import count

from rollback.errors import LeaseHeld, OutsideProtocol
from rollback.events import Event, Noticed
from rollback.hosts import requests
from rollback.hosts.pool import Lost, Pool
from rollback.hosts.protocol import Answer
from rollback.hosts.reading import lease, number, sighting
from rollback.hosts.requests import Turn
from rollback.hosts.sentences import sentence
from rollback.model import Host, LeaseSeen, Sighting
from rollback.text import clean_line
from rollback.text import hosts as some

MayTake = Callable[[LeaseSeen], bool]


def nobody(lease: LeaseSeen) -> bool:  # noqa: ARG001
    """A lease that lives is taken from nobody."""
    return False


@dataclass(frozen=True, slots=True)
class _Taken:
    """One host's answer to `acquire`. token: None when we do not hold it, or (maybe) do not know.
    refusal: who does, as a sentence; holding: that operation's id."""

    sighting: Sighting
    maybe: bool = False
    token: int | None = None
    number: int = 0
    refusal: str = ""
    holding: str = ""
    notice: str = ""


class Leases:
    """ttl: seconds a lease lasts without being renewed."""

    def __init__(self, hosts: Mapping[str, Host], pool: Pool, ttl: float, tell: Callable[[Event], None]) -> None:
        self._hosts, self._pool, self._tell = hosts, pool, tell
        self._ttl = max(1, round(ttl))
        self._operation = ""
        self._tokens: dict[str, int] = {}
        self._numbers = count(1)
        self._counting = threading.Lock()
        self._taking = {host: pool.pace.lock() for host in hosts}
        self.taken_away = ""  # the sentence, once it happened

    @property
    def operation(self) -> str:
        return self._operation

    def held(self) -> tuple[str, ...]:
        return tuple(self._tokens)

    def acquire(self, operation: str, holder: str, process: str, may_take: MayTake) -> tuple[Sighting, ...]:
        """All or nothing among the hosts that answer. Raises LeaseHeld after giving back what was taken.

        may_take: whether a lease that lives may be taken from its holder.
        """
        self._operation, self.taken_away = operation, ""
        try:
            taken = self._pool.each(tuple(self._hosts), lambda host: self._take(host, holder, process, may_take))
        except BaseException:
            self.give_back(tuple(self._hosts))
            raise
        self._tokens = {one.sighting.host: one.token for one in taken if one.token is not None}
        held = [one for one in taken if one.refusal]
        if held:
            # Also where the answer was lost: it may be ours without our knowing.
            self.give_back(tuple(one.sighting.host for one in taken if one.maybe or one.token is not None))
            operations = tuple(dict.fromkeys(one.holding for one in held if one.holding))
            raise LeaseHeld(_refusal(held), operations=operations)
        self._numbers = count(max((one.number for one in taken), default=0) + 1)
        for notice, hosts in _grouped((one.notice, one.sighting.host) for one in taken if one.notice):
            self._tell(Noticed(f"{some(hosts)}: {notice}"))
        return tuple(one.sighting for one in taken)

    def turn(self, host: str) -> Turn | None:
        """The next request's proof; None where we hold no lease, or anywhere once one was taken away."""
        return None if self.taken_away else self.last_turn(host)

    def last_turn(self, host: str) -> Turn | None:
        """For closing: also after a lease was taken away from another host."""
        with self._counting:
            token = self._tokens.get(host)
            return None if token is None else Turn(self._operation, token, next(self._numbers), self._ttl)

    def renew(self) -> None:
        """All of them once. What could not be asked is not lost yet."""
        self._pool.each(self.held(), self.renew_one)

    def renew_one(self, host: str) -> None:
        token = self._tokens.get(host)
        if token is None:
            return
        answer = self._pool.ask(host, requests.renew(self._hosts[host], self._operation, token, self._ttl))
        ours = self._tokens.get(host) == token  # not given back meanwhile, nor taken anew by the next operation
        if isinstance(answer, Answer) and answer.status == "fenced" and ours:
            self.lose(host, answer)

    def lose(self, host: str, answer: Answer) -> None:
        if not self.taken_away:
            self.taken_away = f"the lease on {host} was taken away: {sentence(answer, self._hosts[host]).text}"
            self._tell(Noticed(self.taken_away))

    def drop(self, host: str) -> None:
        self._tokens.pop(host, None)

    def give_back(self, hosts: tuple[str, ...]) -> None:
        self._pool.each(hosts, self._give_back)

    def _give_back(self, host: str) -> None:
        self._tokens.pop(host, None)
        with self._taking[host]:  # an interrupted `acquire` may still be under way
            self._pool.ask(host, requests.give_back(self._hosts[host], self._operation))

    def _take(self, name: str, holder: str, process: str, may_take: MayTake) -> _Taken:
        host = self._hosts[name]
        request = partial(requests.acquire, host, self._operation, holder, self._ttl, process=process)
        with self._taking[name]:
            answer = self._pool.ask(name, request())
            held = lease(answer) if isinstance(answer, Answer) and answer.status == "held" else None
            if held is not None and may_take(held):
                answer = self._pool.ask(name, request(steal=held.operation))
        if isinstance(answer, Lost):
            return _Taken(Sighting(name, problem=answer.sentence), maybe=answer.sent)
        if answer.status == "held":
            refusal = sentence(answer, host).text
            return _Taken(Sighting(name, problem=refusal), refusal=refusal, holding=held.operation if held else "")
        try:
            seen = sighting(host, answer)
            if answer.status != "ok":
                return _Taken(seen)
            token, last = number(answer, "token"), number(answer, "number")
            return _Taken(seen, token=token, number=last, notice=_notice(answer))
        except (OutsideProtocol, ValueError) as error:
            return _Taken(Sighting(name, problem=clean_line(str(error))), maybe=True)


def _notice(answer: Answer) -> str:
    words = (answer.first("taken") or "").split(" ")
    if len(words) != 3:
        return ""
    operation, holder, standing = (clean_line(word, 80) for word in words)
    how = "took over the expired lease of" if standing == "stale" else "took the lease away from"
    return f"{how} {holder} (operation {operation})"


def _refusal(held: list[_Taken]) -> str:
    """By the operation that holds them: what it says of its age differs from host to host."""
    said = {one.holding or one.refusal: one.refusal for one in reversed(held)}
    grouped = _grouped((one.holding or one.refusal, one.sighting.host) for one in held)
    return "; ".join(f"{some(hosts)}: {said[holding]}" for holding, hosts in grouped)


def _grouped(pairs: Iterable[tuple[str, str]]) -> Iterable[tuple[str, list[str]]]:
    """(what is said, host): a fleet's lease is nearly always one person's."""
    by_text: dict[str, list[str]] = {}
    for said, host in pairs:
        by_text.setdefault(said, []).append(host)
    return by_text.items()
