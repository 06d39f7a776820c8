"""Moments in an operator's life: before and after each request to a host, before and after each record.

Read from the environment, so that nothing of the product knows of it. KILLED_AT names a moment, like `before activate
web1`: there the process kills itself with SIGKILL. LIFE names a file that every moment is written to.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rollback.hosts.pool import Pool
from rollback.hosts.protocol import Request
from rollback.ledger.store import Ledger
from rollback.model import Fact

_LOOKS = {"sight", "journals", "renew", "command"}  # before and after these nothing has changed


def made_mortal() -> None:
    """Wraps the two doors through which an operation leaves this process."""
    killed_at, life = os.environ.get("KILLED_AT"), os.environ.get("LIFE")
    if killed_at is None and life is None:
        return
    counting, seen = threading.Lock(), Counter[str]()

    def moment(name: str) -> None:
        with counting:
            seen[name] += 1
            named = name + " again" * (seen[name] - 1)
            if life is not None:
                with Path(life).open("a") as file:
                    file.write(f"{named}\n")
        if named == killed_at:
            os.kill(os.getpid(), signal.SIGKILL)

    ask, append = Pool.ask, Ledger.append

    def asking(pool: Pool, host: str, request: Request) -> Any:
        return _around(f"{request.verb} {host}", lambda: ask(pool, host, request), moment, request.verb in _LOOKS)

    def appending(ledger: Ledger, operation: str, author: str, *facts: Fact) -> Any:
        return _around(
            f"record {_said(facts[0])}", lambda: append(ledger, operation, author, *facts), moment, look=False
        )

    Pool.ask, Ledger.append = asking, appending  # type: ignore[method-assign]


def _around(name: str, do: Callable[[], Any], moment: Callable[[str], None], look: bool) -> Any:
    if look:
        return do()
    moment(f"before {name}")
    done = do()
    moment(f"after {name}")
    return done


def _said(fact: Fact) -> str:
    """The fact's kind, and of a step its phase and hosts."""
    step = getattr(fact, "step", None)
    where = f" {step.phase} {'+'.join(step.hosts)}" if step else ""
    return f"{type(fact).__name__.lower()}{where}"
