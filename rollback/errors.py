"""Everything that can be refused or go wrong, as one tree. A class has its exit code; an error one sentence and a hint.

RollbackError                 1
├── UsageError                2   wrong usage
│   └── PlaybookInvalid       2   every fault of the playbook at once
├── Refused                   3   nothing was changed, and why
│   ├── UnknownTag            3
│   ├── TagMoved              3
│   ├── SourceError           3   the repository cannot serve this
│   ├── PlanChanged           3   the second look at the hosts gave another plan
│   ├── RedBeforeDeploy       3   the preflight failed on the live release
│   └── NotReady              3   a host is not fit for a deploy, or there would be no way back
├── LeaseHeld                 4   somebody else holds the lease
│   └── Fenced                4   it was taken away from us
├── Abandoned                 5   failed before anything live changed
└── HostError                 5   a host could not be reached or understood
    ├── Unreachable           5   (retried) refused, reset, timed out, no such name for now
    ├── NotAdmitted           5   (never retried) authentication, host key, bad configuration
    └── OutsideProtocol       5   the host's answer was not one: what it did is unknown
"""

from __future__ import annotations


class RollbackError(Exception):
    """`str()` is one sentence for a person: what, where. `hint` is what to do next."""

    exit_code = 1

    def __init__(self, sentence: str, *, hint: str = "") -> None:
        super().__init__(sentence)
        self.hint = hint


class UsageError(RollbackError):
    exit_code = 2


class PlaybookInvalid(UsageError):
    """faults: one line each, `file:line: path.of.key: what is wrong`."""

    def __init__(self, faults: tuple[str, ...], *, hint: str = "") -> None:
        super().__init__("\n".join(faults), hint=hint)
        self.faults = faults


class Refused(RollbackError):
    exit_code = 3


class UnknownTag(Refused):
    pass


class TagMoved(Refused):
    pass


class SourceError(Refused):
    pass


class PlanChanged(Refused):
    pass


class RedBeforeDeploy(Refused):
    pass


class NotReady(Refused):
    pass


class LeaseHeld(RollbackError):
    """operations: those that hold the lease, by their ids."""

    exit_code = 4

    def __init__(self, sentence: str, *, operations: tuple[str, ...] = ()) -> None:
        away = f"; or take it away: rollback unlock {operations[0][:12]}" if operations else ""
        super().__init__(sentence, hint=f"rollback status{away}")
        self.operations = operations


class Fenced(LeaseHeld):
    pass


class Abandoned(RollbackError):
    exit_code = 5


class HostError(RollbackError):
    exit_code = 5


class Unreachable(HostError):
    pass


class NotAdmitted(HostError):
    pass


class OutsideProtocol(HostError):
    pass
