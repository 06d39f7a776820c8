"""The kinds of release and of trouble, with what should be decided of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from rollback.model import Outcome
from tests.rates.app import Fault, Trouble

_STAYS, _BACK = frozenset({Outcome.DONE}), frozenset({Outcome.ROLLED_BACK})
_HELD = frozenset({Outcome.HELD})
_FINE, _QUIET = Fault(), Trouble()


@dataclass(frozen=True, slots=True)
class Kind:
    """guilty: the release itself is bad. right: how its deploy should end. draw: one such release."""

    name: str
    guilty: bool
    right: frozenset[Outcome]
    draw: Callable[[Random], tuple[Fault, Trouble]]


def _bad(name: str, fault: Callable[[Random], Fault]) -> Kind:
    return Kind(name, True, _BACK, lambda rng: (fault(rng), _QUIET))


def _good(name: str, trouble: Callable[[Random], Trouble], right: frozenset[Outcome] = _STAYS) -> Kind:
    return Kind(name, False, right, lambda rng: (_FINE, trouble(rng)))


KINDS = (
    _good("good", lambda _: _QUIET),
    _good("good, a flaky check (1 in 20)", lambda _: Trouble(search=0.05)),
    _good("good, a lossy network", lambda rng: Trouble(network=rng.uniform(0.01, 0.2))),
    _good("good, a check was red before", lambda _: Trouble(red=True)),
    _good("good, our own network is cut", lambda _: Trouble(cut=True), _HELD),
    _good("good, the balancer goes down", lambda _: Trouble(balancer=True), _HELD),
    _good("good, Prometheus is away", lambda _: Trouble(prometheus=True), _HELD),
    _good("good, a dependency goes down", lambda _: Trouble(dependency=True), frozenset({Outcome.STRANDED})),
    _bad("fails for 5-90 % of users", lambda rng: Fault(users=rng.uniform(0.05, 0.9))),
    _bad("fails 5-50 % of requests", lambda rng: Fault(requests=rng.uniform(0.05, 0.5))),
    _bad("is 4-8 times as slow", lambda rng: Fault(slow=rng.uniform(4, 8))),
    _bad("fails on one host", lambda rng: Fault(requests=1.0, host=rng.choice(("web1", "web2", "web3")))),
    _bad("fails after 5-200 s", lambda rng: Fault(requests=0.7, after=rng.uniform(5, 200))),
    _bad("dies under load", lambda _: Fault(fragile=True)),
    _bad("never answers", lambda _: Fault(dead=True)),
    Kind("is bad, Prometheus is away", True, _BACK, lambda _: (Fault(users=0.7), Trouble(prometheus=True))),
)
