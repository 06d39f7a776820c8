from __future__ import annotations

from collections.abc import Iterable

from rollback.cli.afterwards import afterwards, settled


def impatient() -> Iterable[str]:
    yield "the hub was not told"
    raise KeyboardInterrupt


def test_what_went_wrong_is_said_once_and_a_person_may_stop_waiting() -> None:
    said: list[str] = []
    afterwards(impatient)
    afterwards(lambda: ["nobody asks any more"])
    settled(said.append)
    assert said == ["the hub was not told", "interrupted: it was not waited until everybody was told"]
    settled(said.append)
    assert len(said) == 2
