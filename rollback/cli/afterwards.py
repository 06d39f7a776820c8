"""What is still waited for once a command has answered: nobody's answer comes later for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

_due: list[Callable[[], Iterable[str]]] = []


def afterwards(settle: Callable[[], Iterable[str]]) -> None:
    """settle: waits, with a deadline, and says what went wrong, a sentence each."""
    _due.append(settle)


def settled(complain: Callable[[str], None]) -> None:
    """Ctrl-C ends the wait."""
    while _due:
        settle = _due.pop(0)
        try:
            for said in settle():
                complain(said)
        except KeyboardInterrupt:
            _due.clear()
            complain("interrupted: it was not waited until everybody was told")
