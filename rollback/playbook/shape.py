"""What every model of the playbook is: frozen, of known keys only. And the faults that its validators raise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

Path = tuple[str | int, ...]


class Fault(NamedTuple):
    """What is wrong at a key: `path` from the place that was being read."""

    path: Path
    sentence: str


class Faults(ValueError):
    """Several faults at once, below the model whose validator raises it."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(fault.sentence for fault in faults))
        self.faults = tuple(faults)


class Frozen(BaseModel):
    """One mapping of the playbook: an unknown key is an error, and nothing changes once it is read."""

    # Its reader is built when it is first used by itself, which most are not: the playbook's own holds them all.
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, defer_build=True)


def refuse(*faults: Fault | None) -> None:
    """Raise Faults when there are any."""
    real = [fault for fault in faults if fault]
    if real:
        raise Faults(real)
