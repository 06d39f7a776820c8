"""The nouns. Every other room speaks in these frozen values; this one imports nothing of ours and does nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

_UNSAFE = re.compile(rb"[^A-Za-z0-9._+@=,-]")
NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Release:
    """A git tag pinned to its commit and tree (hex object ids). A moved tag is another release."""

    tag: str
    commit: str
    tree: str

    @property
    def id(self) -> str:
        """The folder's name on every host: the tag percent-encoded, a dash, 12 digits of the commit."""
        return f"{encode_tag(self.tag)}-{self.commit[:12]}"


@lru_cache
def encode_tag(tag: str) -> str:
    """A tag as a file name that is safe in any shell; bytes that are not UTF-8 survive (surrogateescape)."""
    encoded = _UNSAFE.sub(lambda byte: b"%%%02X" % byte[0][0], os.fsencode(tag))
    return encoded.decode("ascii")


@dataclass(frozen=True, slots=True)
class Ssh:
    """How a host is reached. What is None comes from the user's ssh_config. Times are seconds."""

    user: str | None = None
    address: str | None = None
    port: int | None = None
    config: str | None = None
    known_hosts: str | None = None
    host_keys: str = "strict"  # strict | accept-new
    connect_timeout: float = 5.0
    command_timeout: float = 300.0
    bandwidth: float | None = None  # bytes a second for all uploads to hosts that have the same


@dataclass(frozen=True, slots=True)
class Host:
    """An SSH destination with what the playbook says of it: a value, never a connection."""

    name: str
    root: str
    ssh: Ssh = Ssh()
    roles: tuple[str, ...] = ()
    zone: str = ""
    vars: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    restart: str | None = None
    drain: str | None = None
    undrain: str | None = None


class Phase(StrEnum):
    UPLOAD = "upload"
    PREPARE = "prepare"
    MIGRATE = "migrate"
    ACTIVATE = "activate"
    VERIFY = "verify"
    PAUSE = "pause"
    WATCH = "watch"


LASTING = frozenset({Phase.PAUSE, Phase.WATCH})  # they ask again and again, for as long as the plan says
JUDGED = LASTING | {Phase.VERIFY}  # what they find is weighed; the others did or did not do something


@dataclass(frozen=True, slots=True)
class Step:
    """One phase, one release, some hosts (by name)."""

    phase: Phase
    release: Release
    hosts: tuple[str, ...]


class Kind(StrEnum):
    """What an operation was asked to do."""

    DEPLOY = "deploy"
    ROLLBACK = "rollback"
    RESUME = "resume"
    DRILL = "drill"


@dataclass(frozen=True, slots=True)
class Migration:
    """One file below the playbook's `migrations.path`. content: git's id of what is in it. irreversible: it says so."""

    name: str
    content: str
    irreversible: bool = False


@dataclass(frozen=True, slots=True)
class Between:
    """The migrations between two releases: those that only `new` has, and those that only `old` has.

    It is also a fact, recorded by each operation that goes to `new`, so that a rollback needs no git. known: False when
    nobody can tell. old: None when that release is not even known.
    """

    old: Release | None
    new: Release
    added: tuple[Migration, ...] = ()
    gone: tuple[Migration, ...] = ()
    known: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """Target, fallback and ordered steps. Equal plans mean equal work.

    live: (host name, id of the release that is live there before, or None), one per host of the plan.
    pending: hosts of the environment that could not be reached and are not part of the plan.
    resumes: operations that did not end, and whose work this plan finishes or undoes.
    between: the migrations from each other release that is live, and from the fallback, to the target; () when the
    playbook has none. reason: why a person rolls back, in their words.
    groups: as in core.rollout, where the way back from here must keep to them.
    """

    kind: Kind
    target: Release
    fallback: Release | None
    steps: tuple[Step, ...]
    live: tuple[tuple[str, str | None], ...]
    batch: int = 0  # hosts at once on the way back; 0: all
    pending: tuple[str, ...] = ()
    resumes: tuple[str, ...] = ()
    between: tuple[Between, ...] = ()
    reason: str = ""
    watch: float = 0.0  # seconds that the last step takes; 0: there is none
    pause: float = 0.0  # seconds between two waves
    groups: tuple[tuple[str, ...], ...] = ()

    def lasts(self, phase: Phase) -> float:
        """Seconds that a step of this phase is meant to take; 0: as long as it needs."""
        return {Phase.PAUSE: self.pause, Phase.WATCH: self.watch}.get(phase, 0.0)

    @property
    def goes_back(self) -> bool:
        """A way back goes on past a failed host, and is never undone itself."""
        return self.kind in {Kind.ROLLBACK, Kind.RESUME}

    @property
    def barrier(self) -> tuple[Migration, ...]:
        """Irreversible migrations that the target has and the fallback has not: nothing goes back there by itself."""
        of_fallback = (one for one in self.between if one.old is not None and one.old == self.fallback)
        return tuple(step for one in of_fallback for step in one.added if step.irreversible)


@dataclass(frozen=True, slots=True)
class LeaseSeen:
    """A lease as a host showed it. age and left are seconds by that host's own uptime. phase: what it last began.
    process: which process of the holder's machine it is, or ""."""

    operation: str
    token: int
    holder: str
    live: bool
    age: int
    left: int
    phase: str = ""
    process: str = ""


@dataclass(frozen=True, slots=True)
class Intent:
    """What an operation was about to do on a host: `prepared` before the switch, `switched` after it, `reverted` when
    the host heard nothing more of it and put `previous` back by itself."""

    operation: str
    token: int
    previous: str | None
    target: str
    state: str


@dataclass(frozen=True, slots=True)
class Confirm:
    """A switch that must be confirmed: a host that hears nothing for `within` seconds goes back by itself, and adds its
    own of these records (host -> JSON line whose time stands open) to the operation's journal."""

    within: float
    records: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one host showed at one moment; `problem` says why it could not be seen, and the rest is then empty.

    live: id of the release `current` points to. releases: complete ones. partial: ids of incomplete ones.
    free_bytes and free_inodes: on the root's file system. journals: operation id -> size in bytes.
    """

    host: str
    problem: str | None = None
    live: str | None = None
    previous: str | None = None
    releases: tuple[Release, ...] = ()
    partial: tuple[str, ...] = ()
    lease: LeaseSeen | None = None
    intent: Intent | None = None
    free_bytes: int = 0
    free_inodes: int = 0
    journals: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def reachable(self) -> bool:
        return self.problem is None


class View(StrEnum):
    """From where the app is asked: on each host through SSH, or as its users reach it."""

    HOST = "host"
    URL = "url"


class Result(StrEnum):
    """One answer to one question. `error`: it could not be asked, or the answer is unknown.

    Of a phase on a host: `skipped` means that it was certainly not done (refused before any effect), `fail` that it
    went wrong, `error` that nobody knows.
    """

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer to a check, or what a phase did on one host (then `check` is the phase's name).

    case: the for_each case ("no_profile"). at: UTC. took: seconds. evidence: bounded text, already cleaned.
    final: it was asked or waited for as long as can be, and no limit tolerates that.
    """

    check: str
    result: Result
    at: datetime
    host: str | None = None
    case: str | None = None
    observed: str = ""
    expected: str = ""
    evidence: str = ""
    took: float = 0.0
    required: bool = True
    attempts: int = 1
    final: bool = False


class Grade(StrEnum):
    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verdict:
    """On a release in an environment, with the findings it rests on. rule: the judge's rule that fired."""

    grade: Grade
    rule: str
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a check may fall short before it is violated: violated when the count is greater than the limit.

    failure and inconclusive count over the whole window, the consecutive ones the last unbroken run. None: no limit.
    Names and defaults follow Argo Rollouts' AnalysisTemplate.
    """

    failure: int | None = 0
    consecutive_failure: int | None = None
    inconclusive: int = 0
    consecutive_error: int = 4


class Outcome(StrEnum):
    """How an operation ended; `exit_code` is part of the contract."""

    DONE = "done"
    REFUSED = "refused"
    ABANDONED = "abandoned"
    ROLLED_BACK = "rolled back"
    LEFT = "bad, left live"
    STRANDED = "stranded"
    HELD = "held"
    PARTIAL = "partial"
    INTERRUPTED = "interrupted"
    FENCED = "taken over"

    @property
    def exit_code(self) -> int:
        return _EXIT[self]


_EXIT = {
    Outcome.DONE: 0,
    Outcome.REFUSED: 3,
    Outcome.ABANDONED: 5,
    Outcome.ROLLED_BACK: 10,
    Outcome.LEFT: 11,
    Outcome.STRANDED: 12,
    Outcome.HELD: 13,
    Outcome.PARTIAL: 14,
    Outcome.INTERRUPTED: 130,
    Outcome.FENCED: 4,
}


@dataclass(frozen=True, slots=True)
class Ending:
    """How an operation ended. verdict: on the plan's target. back: on the fallback, when the way back was taken.

    live: (host, release id or None) as it is now, but for hosts that can't be asked. away: hosts to be converged when
    they can be reached again.
    """

    outcome: Outcome
    verdict: Verdict
    live: tuple[tuple[str, str | None], ...]
    reason: str = ""
    back: Verdict | None = None
    away: tuple[str, ...] = ()


# The facts that records hold. Each says one thing that happened; none is ever changed.


@dataclass(frozen=True, slots=True)
class Started:
    """An operation began. origin: where from, e.g. {"login": "ada", "machine": "laptop", "ci": "github"}."""

    kind: Kind
    target: Release
    fallback: Release | None
    hosts: tuple[str, ...]
    origin: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Intended:
    """A step is about to be attempted: from here on its hosts count as touched."""

    step: Step


@dataclass(frozen=True, slots=True)
class Observed:
    """What a step, or the preflight (step None), found."""

    step: Step | None
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """The judge's verdict on a release."""

    release: Release
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Marked:
    """A person's verdict on a release."""

    release: Release
    grade: Grade
    reason: str


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A release was rolled back by hand: it is not bad, but until it is verified again, or marked good, it is neither
    chosen as fallback nor deployed. reason: that person's own words."""

    release: Release
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Reverted:
    """A host heard nothing more of the operation, took this release off by itself and put back what was live before."""

    release: Release
    host: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The operation's one outcome. live: (host, release id or None) as far as it is known.
    pending: hosts to be converged when they can be reached again."""

    outcome: Outcome
    live: tuple[tuple[str, str | None], ...] = ()
    pending: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Pruned:
    """Releases that nothing needed were deleted from these hosts."""

    releases: tuple[Release, ...]
    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drilled:
    """A rollback was rehearsed. took: seconds from its start to the fallback being verified everywhere. asked, failed:
    requests of a user meanwhile, on the way there and back again; 0: nobody asked."""

    took: float
    asked: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Unlocked:
    """A person took the leases of these operations away from these hosts."""

    operations: tuple[str, ...]
    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Frozen:
    """A person froze the environment: nothing is deployed to it until somebody unfreezes it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Watched:
    """What is live became good, bad or unknown to the long watch, and why. release: None when the hosts differ."""

    release: Release | None
    grade: Grade
    reason: str


@dataclass(frozen=True, slots=True)
class Unfrozen:
    """A person lets deploys to the environment go ahead again."""

    reason: str


@dataclass(frozen=True, slots=True)
class Noted:
    """What a person knows and no check can: it becomes part of the incident that was then. at: when it was, UTC."""

    text: str
    at: datetime


Fact = (
    Started
    | Between
    | Intended
    | Observed
    | Judged
    | Marked
    | Withdrawn
    | Reverted
    | Ended
    | Pruned
    | Unlocked
    | Drilled
    | Frozen
    | Unfrozen
    | Watched
    | Noted
)


@dataclass(frozen=True, slots=True)
class Record:
    """One dated, immutable fact of an operation. id and operation are ULIDs; at is UTC; a ledger is a set of these."""

    id: str
    at: datetime
    app: str
    environment: str
    operation: str
    author: str
    fact: Fact
