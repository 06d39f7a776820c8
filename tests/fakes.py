"""Hosts for tests without hosts: a FakeHost keeps the state that agent.sh keeps and answers Requests as it does.

The contract suite (tests/hosts/contract.py) holds both to the same answers.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from rollback.errors import NotAdmitted, Unreachable
from rollback.hosts.protocol import Answer, Field, Request
from rollback.hosts.remote import Reach
from rollback.model import Host

_CHANGES = {"stage", "prepare", "activate", "undrain", "finish", "prune"}
Shell = Callable[[str, Mapping[str, str]], tuple[int, str]]


def _works(text: str, environment: Mapping[str, str]) -> tuple[int, str]:  # noqa: ARG001
    return 0, ""


@dataclass
class FakeLease:
    operation: str
    token: int
    holder: str
    since: float
    until: float
    phase: str
    process: str


class _Refusal(Exception):
    def __init__(self, status: str, detail: str = "") -> None:
        self.answer = Answer(status, detail)


@dataclass
class FakeHost:
    """away: it can't be reached. admits: it lets us in. full: its disk has no room for a
    journal. lost: how many answers get lost next, after their effect. shell: what the playbook's commands do.
    clock: its uptime in seconds."""

    shell: Shell = _works
    clock: Callable[[], float] = time.monotonic
    away: bool = False
    admits: bool = True
    full: bool = False
    lost: int = 0
    live: str | None = None
    previous: str | None = None
    complete: dict[str, tuple[str, str, str]] = field(default_factory=dict)  # id -> tag, commit, tree
    staged: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    shared: set[str] = field(default_factory=set)
    token: int = 0
    lease: FakeLease | None = None
    intent: tuple[str, int, str, str, str] | None = None
    journals: dict[str, bytes] = field(default_factory=dict)
    last: tuple[str, int, int] = ("", 0, 0)
    answered: Answer | None = None
    asked: list[Request] = field(default_factory=list)
    closed: int = 0

    # Remote

    def ask(self, request: Request) -> Answer:
        if self.away:
            raise Unreachable("the host does not answer.")
        self.asked.append(request)
        if request.sent:
            request.sent(len(_payload(request)))
        answer = self._answer(request)
        if self.lost:
            self.lost -= 1
            raise Unreachable("the connection was lost.")
        return answer

    def dial(self, address: str, port: int) -> socket.socket:
        if self.away:
            raise Unreachable("the host does not answer.")
        return socket.create_connection((address, port), timeout=5)

    def close(self) -> None:
        self.closed += 1

    # The agent

    def _answer(self, request: Request) -> Answer:
        try:
            if request.verb not in _CHANGES:
                return self._verb(request)
            again = self._again(request)
            return again or self._changed(request)
        except _Refusal as refusal:
            return refusal.answer

    def _verb(self, request: Request) -> Answer:
        verb: Callable[[Request], Answer] = getattr(self, f"_{request.verb}")
        return verb(request)

    def _again(self, request: Request) -> Answer | None:
        operation, token, number = (
            _word(request, "operation"),
            int(_word(request, "token")),
            int(_word(request, "number")),
        )
        if self.last[:2] != (operation, token) or number > self.last[2]:
            return None
        if number < self.last[2]:
            raise _Refusal("fenced", "a later command came first")
        return self.answered

    def _changed(self, request: Request) -> Answer:
        lease = self._prove(request)
        lease.phase = {"stage": "upload"}.get(request.verb, request.verb)
        lease.until = max(lease.until, self.clock() + int(_word(request, "cover")))
        self.last = (lease.operation, lease.token, int(_word(request, "number")))
        self.answered = None
        try:
            answer = self._verb(request)
        except _Refusal as refusal:
            answer = refusal.answer
        self.answered = answer
        if request.verb != "finish":
            lease.until = self.clock() + int(_word(request, "ttl"))
        return answer

    def _prove(self, request: Request) -> FakeLease:
        lease = self.lease
        if lease is None or (lease.operation, str(lease.token)) != (
            _word(request, "operation"),
            _word(request, "token"),
        ):
            refusal = _Refusal("fenced")
            refusal.answer = Answer("fenced", "", tuple(self._lease_field()))
            raise refusal
        if self.clock() >= lease.until:
            raise _Refusal("expired")
        return lease

    def _sight(self, request: Request) -> Answer:  # noqa: ARG002
        return Answer("ok", "", tuple(self._sighting()))

    def _sighting(self) -> list[Field]:
        fields = [Field("live", self.live or "-"), Field("previous", self.previous or "-"), *self._lease_field()]
        if self.intent:
            fields.append(Field("intent", " ".join(map(str, self.intent))))
        fields += [Field("release", f"{one} {' '.join(made)}") for one, made in sorted(self.complete.items())]
        fields += [Field("partial", one) for one in sorted(self.staged)]
        fields.append(Field("free", "1000000 4096 1000000"))
        return fields + [Field("journal", f"{one} {len(text)}") for one, text in sorted(self.journals.items())[-200:]]

    def _lease_field(self) -> list[Field]:
        lease, now = self.lease, self.clock()
        if lease is None:
            return []
        standing = "live" if now < lease.until else "stale"
        age, left = int(now - lease.since), max(0, int(lease.until - now))
        who = f"{lease.operation} {lease.token} {lease.holder} {standing} {age} {left} {lease.phase} {lease.process}"
        return [Field("lease", who)]

    def _acquire(self, request: Request) -> Answer:
        operation, lease, now = _word(request, "operation"), self.lease, self.clock()
        taken: list[Field] = []
        if lease is None or lease.operation != operation:
            if lease and now < lease.until and request.first("steal") != lease.operation:
                return Answer("held", "", tuple(self._lease_field()))
            if lease:
                standing = "live" if now < lease.until else "stale"
                taken = [Field("taken", f"{lease.operation} {lease.holder} {standing}")]
            self.token = max(self.token, int(_word(request, "least"))) + 1
            lease = self.lease = FakeLease(operation, self.token, "", now, now, "", "")
        lease.holder, lease.process, lease.phase = _word(request, "holder"), request.first("process") or "-", "start"
        lease.until = now + int(_word(request, "ttl"))
        number = self.last[2] if self.last[:2] == (operation, lease.token) else 0
        mine = [*taken, Field("number", str(number)), Field("token", str(lease.token))]
        return Answer("ok", "", tuple(mine + self._sighting()))

    def _renew(self, request: Request) -> Answer:
        lease = self.lease
        if lease is None or (lease.operation, str(lease.token)) != (
            _word(request, "operation"),
            _word(request, "token"),
        ):
            return Answer("fenced", "", tuple(self._lease_field()))
        lease.until = max(lease.until, self.clock() + int(_word(request, "ttl")))
        return Answer("ok")

    def _give_back(self, request: Request) -> Answer:
        if self.lease and self.lease.operation == _word(request, "operation"):
            self.lease = None
        return Answer("ok")

    def _stage(self, request: Request) -> Answer:
        release, made = _word(request, "release"), tuple(_word(request, key) for key in ("tag", "commit", "tree"))
        if release in self.complete:
            there = self.complete[release][1]
            return Answer("already") if there == made[1] else Answer("conflict", there)
        self.staged[release] = (made[0], made[1], made[2])
        return Answer("ok")

    def _prepare(self, request: Request) -> Answer:
        release = _word(request, "release")
        if release in self.complete:
            return Answer("already")
        if release not in self.staged:
            return Answer("incomplete", "it is not uploaded")
        for path in request.all("file"):
            if path not in self.shared:
                return Answer("missing", f"shared/{path}")
        fields: list[Field] = []
        for step, text in enumerate(request.all("run"), start=1):
            status = self._run(str(step), text, request, fields)
            if status:
                return Answer("failed", f"exit status {status}: {text}", tuple(fields))
        self.complete[release] = self.staged.pop(release)
        return Answer("ok", "", tuple(fields))

    def _activate(self, request: Request) -> Answer:
        release = _word(request, "release")
        if release not in self.complete:
            return Answer("incomplete")
        if (self.live or "-") not in {release, *request.all("from")}:
            return Answer("drift", self.live or "-")
        lease = self.lease
        assert lease is not None
        fields: list[Field] = []
        if request.first("journal") and not self._journalled(request):
            fields.append(Field("unjournalled", ""))
        origin = self._origin(lease, release)
        self.intent = (lease.operation, lease.token, origin, release, "prepared")
        drain, restart = request.first("drain"), request.first("restart")
        if drain and self.live:
            status = self._run("drain", drain, request, fields)
            fields.append(Field("did", "drain"))
            if status and request.first("must") == "drain":
                return Answer("failed", f"drain: exit status {status}: {drain}", tuple(fields))
        self.live = release
        fields.append(Field("did", "switch"))
        if origin not in {"-", release}:
            self.previous = origin
        self.intent = (lease.operation, lease.token, origin, release, "switched")
        if restart:
            status = self._run("restart", restart, request, fields)
            if status:
                return Answer("failed", f"restart: exit status {status}: {restart}", tuple(fields))
        return Answer("ok", "", tuple(fields))

    def _origin(self, lease: FakeLease, release: str) -> str:
        before = self.intent
        if (
            self.live == release
            and before
            and (before[0], before[1], before[3]) == (lease.operation, lease.token, release)
        ):
            return before[2]
        return self.live or "-"

    def _undrain(self, request: Request) -> Answer:
        fields: list[Field] = []
        status = self._run("undrain", _word(request, "undrain"), request, fields)
        if status:
            return Answer("failed", f"undrain: exit status {status}: {_word(request, 'undrain')}", tuple(fields))
        return Answer("ok", "", tuple(fields))

    def _finish(self, request: Request) -> Answer:
        operation = _word(request, "operation")
        written = self._journalled(request)
        self.staged.clear()
        if request.first("keep") is not None and self.lease:
            self.lease.until, self.lease.phase = self.clock(), "stranded"
        else:
            self.lease = None
            if written and self.intent and self.intent[0] == operation:
                self.intent = None
        return Answer("ok") if written else Answer("full", "the journal could not be written")

    def _journalled(self, request: Request) -> bool:
        journal = _payload(request)
        if journal and not self.full:
            self.journals[_word(request, "operation")] = journal
        return not (journal and self.full)

    def _note(self, request: Request) -> Answer:
        if journal := _payload(request):
            self.journals[_word(request, "operation")] = journal
        return Answer("ok")

    def _prune(self, request: Request) -> Answer:
        needed = {self.live, self.previous, *(self.intent[2:4] if self.intent else ())}
        fields = []
        for one in request.all("id"):
            if one not in needed:
                self.complete.pop(one, None)
                self.staged.pop(one, None)
            fields.append(Field("kept" if one in needed else "pruned", one))
        return Answer("ok", "", tuple(fields))

    def _journals(self, request: Request) -> Answer:
        found = [(one, self.journals[one]) for one in request.all("id") if one in self.journals]
        lines = [
            Field("line", f"{one} {line}")
            for one, text in found
            for line in text.decode().removesuffix("\n").split("\n")
        ]
        return Answer("ok", "", tuple(lines))

    def _command(self, request: Request) -> Answer:
        if self.live is None:
            return Answer("nothing")
        fields: list[Field] = []
        self._run("command", _word(request, "text"), request, fields)
        return Answer("ok", "", tuple(fields))

    def _running(self, request: Request) -> Answer:
        own = "1" if self.live == _word(request, "release") else "0"
        stray = [Field("stray", f"7 releases/{self.live} app")] if self.live and own == "0" else []
        return Answer("ok", "", (*stray, Field("own", own)))

    def _inspect(self, request: Request) -> Answer:
        fields = [
            Field("check", "tools pass flock, coreutils and tar are there"),
            Field("free", "1000000 4096 1000000"),
        ]
        for one in request.all("release"):
            told = "pass intact" if one in self.complete else f"fail {one} is not complete here"
            fields.append(Field("check", f"release {told}"))
        return Answer("ok", "", tuple(fields))

    def _run(self, phase: str, text: str, request: Request, fields: list[Field]) -> int:
        environment = dict(one.split("=", 1) for one in request.all("env"))
        status, said = self.shell(text, environment)
        fields.append(Field("ran", f"{phase} {status}"))
        fields += [Field("out", line) for line in said.splitlines()]
        return status


def fake_reach(hosts: Mapping[str, FakeHost]) -> Reach:
    """How a fleet reaches them, by name."""

    def reach(host: Host) -> FakeHost:
        fake = hosts[host.name]
        if not fake.admits:
            raise NotAdmitted(f"{host.name} does not let us in.", hint="ssh-add")
        if fake.away:
            raise Unreachable(f"{host.name} does not answer.")
        return fake

    return reach


def _word(request: Request, key: str) -> str:
    value = request.first(key)
    assert value is not None, f"{request.verb} lacks {key}"
    return value


def _payload(request: Request) -> bytes:
    return b"".join(part if isinstance(part, bytes) else part.read_bytes() for part in request.payload)
