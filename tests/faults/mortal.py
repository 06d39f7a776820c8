"""Moments in an operator's life: before and after each request to a host, before and after each record.

Named in the environment, so that nothing of the product knows of it. KILLED_AT is a moment, `before activate web1` for
one: there the process kills itself with SIGKILL. LIFE is a file that every moment and every lost try is written to.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rollback.errors import Unreachable
from rollback.hosts.pool import Pool
from rollback.hosts.protocol import Request
from rollback.hosts.remote import Agent
from rollback.ledger.store import Ledger
from rollback.model import Fact

_LOOKS = {"sight", "inspect", "journals", "renew", "command"}  # before and after these nothing has changed


@dataclass(frozen=True)
class Life:
    killed_at: str
    told: Path
    _seen: Counter[str] = field(default_factory=Counter)
    _counting: threading.Lock = field(default_factory=threading.Lock)

    def moment(self, name: str) -> None:
        with self._counting:
            self._seen[name] += 1
            named = name + " again" * (self._seen[name] - 1)
            with self.told.open("a") as file:
                file.write(f"{named}\n")
        if named == self.killed_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, name: str, do: Callable[[], Any]) -> Any:
        self.moment(f"before {name}")
        done = do()
        self.moment(f"after {name}")
        return done


def made_mortal(environ: Mapping[str, str]) -> None:
    """Wraps the doors through which an operation leaves this process."""
    if "KILLED_AT" in environ or "LIFE" in environ:
        life = Life(environ.get("KILLED_AT", ""), Path(environ.get("LIFE", os.devnull)))
        _watch_requests(life)
        _watch_tries(life)
        _watch_records(life)


def _watch_requests(life: Life) -> None:
    ask = Pool.ask

    def asking(pool: Pool, host: str, request: Request) -> Any:
        if request.verb in _LOOKS:
            return ask(pool, host, request)
        return life.around(f"{request.verb} {host}", lambda: ask(pool, host, request))

    setattr(Pool, "ask", asking)  # noqa: B010 - mypy rightly objects to an assignment


def _watch_tries(life: Life) -> None:
    ask = Agent.ask

    def asking(agent: Agent, request: Request) -> Any:
        try:
            return ask(agent, request)
        except Unreachable:
            life.moment(f"lost {request.verb}")
            raise

    setattr(Agent, "ask", asking)  # noqa: B010


def _watch_records(life: Life) -> None:
    append = Ledger.append

    def appending(ledger: Ledger, operation: str, author: str, *facts: Fact) -> Any:
        return life.around(f"record {_said(facts[0])}", lambda: append(ledger, operation, author, *facts))

    setattr(Ledger, "append", appending)  # noqa: B010


def _said(fact: Fact) -> str:
    """The fact's kind, and of a step its phase and hosts."""
    step = getattr(fact, "step", None)
    where = f" {step.phase} {'+'.join(step.hosts)}" if step else ""
    return f"{type(fact).__name__.lower()}{where}"
