"""Hosts for tests without hosts: a FakeHost keeps the state that agent.sh keeps and answers Requests as it does.

The contract suite (tests/hosts/contract.py) holds both to the same answers.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import unquote

from rollback.errors import NotAdmitted, Unreachable
from rollback.hosts.protocol import Answer, Field, Request
from rollback.hosts.remote import Reach
from rollback.model import Host
from tests.hosts.packages import rebuilt, streamed

CUT = Answer("failed", "the upload was cut off")
_CHANGES = {"stage", "prepare", "migrate", "activate", "undrain", "finish", "prune"}
Shell = Callable[[str, Mapping[str, str]], tuple[int, str]]


def _works(text: str, environment: Mapping[str, str]) -> tuple[int, str]:  # noqa: ARG001
    return 0, ""


def _on(point: str) -> None:
    """Nothing happens there."""


@dataclass
class FakeLease:
    operation: str
    token: int
    holder: str
    since: float
    until: float
    phase: str
    process: str


class Refusal(Exception):
    def __init__(self, status: str, detail: str = "") -> None:
        self.answer = Answer(status, detail)


@dataclass
class FakeHost:
    """away: it can't be reached. admits: it lets us in. full: its disk has no room for a
    journal. lost: how many answers get lost next, after their effect. shell: what the playbook's commands do.
    clock: its uptime in seconds. watched: the activation that was not confirmed yet; heard: when it last heard of its
    operation. passing: called at the agent's failpoints, by their names; what it raises ends the
    verb there, as a kill would."""

    shell: Shell = _works
    clock: Callable[[], float] = time.monotonic
    passing: Callable[[str], None] = _on
    away: bool = False
    admits: bool = True
    full: bool = False
    lost: int = 0
    live: str | None = None
    previous: str | None = None
    complete: dict[str, tuple[str, str, str]] = field(default_factory=dict)  # id -> tag, commit, tree
    staged: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    part: tuple[str, int] | None = None  # digest and length of what came of a package whose upload was cut off
    packages: dict[str, Request] = field(default_factory=dict)  # id -> what it was staged with
    damaged: set[str] = field(default_factory=set)  # ids of complete releases that are not as they were sealed
    shared: set[str] = field(default_factory=set)
    token: int = 0
    lease: FakeLease | None = None
    intent: tuple[str, int, str, str, str] | None = None
    journals: dict[str, bytes] = field(default_factory=dict)
    last: tuple[str, int, int] = ("", 0, 0)
    answered: Answer | None = None
    watched: Request | None = None
    heard: float = 0.0
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
        self.left_alone()
        try:
            if request.verb not in _CHANGES:
                return self._verb(request)
            again = self._again(request)
            return again or self._changed(request)
        except Refusal as refusal:
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
            raise Refusal("fenced", "a later command came first")
        if self.answered is None and request.verb == "migrate":
            self._prove(request)
            self.answered = Answer("unknown", "an earlier try was cut off")
        return self.answered

    def _changed(self, request: Request) -> Answer:
        lease = self._prove(request)
        lease.phase = {"stage": "upload"}.get(request.verb, request.verb)
        lease.until, self.heard = max(lease.until, self.clock() + int(_word(request, "cover"))), self.clock()
        self.last = (lease.operation, lease.token, int(_word(request, "number")))
        self.answered = None
        self.passing(f"enter:{lease.phase}")
        try:
            answer = self._verb(request)
        except Refusal as refusal:
            answer = refusal.answer
        if answer != CUT:
            self._keep(request, answer)
        return answer

    def _keep(self, request: Request, answer: Answer) -> None:
        """The answer, for a retry. The lease covered the whole verb; from here on its holder must renew it."""
        self.answered, self.heard = answer, self.clock()
        if self.lease and request.verb != "finish" and self._is_of(self.lease, request):
            self.lease.until = self.clock() + int(_word(request, "ttl"))

    @staticmethod
    def _is_of(lease: FakeLease, request: Request) -> bool:
        return (lease.operation, str(lease.token)) == (_word(request, "operation"), _word(request, "token"))

    def _prove(self, request: Request) -> FakeLease:
        lease = self.lease
        if lease is None or not self._is_of(lease, request):
            refusal = Refusal("fenced")
            refusal.answer = Answer("fenced", "", tuple(self._lease_field()))
            raise refusal
        if self.clock() >= lease.until:
            raise Refusal("expired")
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
        fields += [Field("journal", f"{one} {len(text)}") for one, text in sorted(self.journals.items())[-200:]]
        return fields + ([Field("part", " ".join(map(str, self.part)))] if self.part else [])

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
            self.passing("put:token")
            self.token = max(self.token, int(_word(request, "least"))) + 1
            self.passing("acquire")
            lease = self.lease = FakeLease(operation, self.token, "", now, now, "", "")
        lease.holder, lease.process, lease.phase = _word(request, "holder"), request.first("process") or "-", "start"
        lease.until = now + int(_word(request, "ttl"))
        number = self.last[2] if self.last[:2] == (operation, lease.token) else 0
        mine = [*taken, Field("number", str(number)), Field("token", str(lease.token))]
        return Answer("ok", "", tuple(mine + self._sighting()))

    def _renew(self, request: Request) -> Answer:
        lease = self.lease
        if lease is None or not self._is_of(lease, request):
            return Answer("fenced", "", tuple(self._lease_field()))
        lease.until, self.heard = max(lease.until, self.clock() + int(_word(request, "ttl"))), self.clock()
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
        if self.part and self.part[0] != request.first("digest"):
            self.part = None
        if base := request.first("base"):
            if base not in self.complete or base in self.damaged:
                return Answer("unlike", "app.py" if base in self.complete else "")
            self.passing("stage:copied")
        self._take_archive(request)
        self.passing("stage:archive")
        self.passing("stage:unpacked")
        self._prove(request)
        self.staged.pop(release, None)
        self.passing("stage:discarded")
        self.passing("stage:renamed")
        self.staged[release] = (made[0], made[1], made[2])
        self.packages[release] = request
        self.damaged.discard(release)
        return Answer("ok")

    def _take_archive(self, request: Request) -> None:
        length, digest = int(_word(request, "length")), _word(request, "digest")
        archive = _bytes(request.payload[-1])
        if request.skip > (self.part[1] if self.part else 0) or len(archive) < length:
            self.part = (digest, len(archive)) if request.skip <= len(archive) else self.part
            refusal = Refusal("failed")
            refusal.answer = CUT
            raise refusal
        self.part = None

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
            self.passing("prepare:ran")
        self.passing("seal")
        self._prove(request)
        self.complete[release] = self.staged[release]
        self.passing("sealed")
        self.staged.pop(release, None)
        return Answer("ok", "", tuple(fields))

    def _migrate(self, request: Request) -> Answer:
        if _word(request, "release") not in self.complete:
            return Answer("incomplete")
        if request.first("journal") and not self._journalled(request):
            return Answer("full", "the journal could not be written")
        fields: list[Field] = []
        text = _word(request, "text")
        status = self._run("migrate", text, request, fields)
        self.passing("migrate:ran")
        if status:
            return Answer("failed", f"exit status {status}: {text}", tuple(fields))
        return Answer("ok", "", tuple(fields))

    def _activate(self, request: Request) -> Answer:
        release = _word(request, "release")
        if release not in self.complete:
            return Answer("incomplete")
        self._expect(request)
        lease = self._prove(request)
        fields: list[Field] = []
        if request.first("journal") and not self._journalled(request):
            fields.append(Field("unjournalled", ""))
        origin = self._origin(lease, release)
        self._put_intent((lease.operation, lease.token, origin, release, "prepared"))
        self.passing("intent")
        self.watched = request if request.first("confirm") else self.watched
        drain, restart = request.first("drain"), request.first("restart")
        if drain and self.live:
            status = self._run("drain", drain, request, fields)
            fields.append(Field("did", "drain"))
            self.passing("drained")
            if status and request.first("must") == "drain":
                return Answer("failed", f"drain: exit status {status}: {drain}", tuple(fields))
            self._prove(request)
            self._expect(request)
        self._switch(release, (lease.operation, lease.token, origin, release, "switched"))
        fields.append(Field("did", "switch"))
        if restart:
            status = self._run("restart", restart, request, fields)
            self.passing("restarted")
            if status:
                return Answer("failed", f"restart: exit status {status}: {restart}", tuple(fields))
        return Answer("ok", "", tuple(fields))

    def left_alone(self) -> None:
        """What it does by itself once it was switched and hears nothing more."""
        one = self.watched
        if one is None or self.clock() - self.heard < int(_word(one, "confirm")):
            return
        self.watched, release = None, _word(one, "release")
        if self.lease is None or self.intent is None or not self._is_of(self.lease, one):
            return
        operation, token, before, target, state = self.intent
        proof = (_word(one, "operation"), int(_word(one, "token")), release)
        if (operation, token, target) != proof or state == "reverted" or self.live != release:
            return
        if before != release and before in self.complete:
            self._go_back(one, self.lease, before)

    def _go_back(self, one: Request, lease: FakeLease, before: str) -> None:
        release, operation = _word(one, "release"), _word(one, "operation")
        self.passing("revert:token")
        self.token = max(self.token, lease.token) + 1
        lease.token, lease.until, lease.phase = self.token, self.clock(), "reverted"
        self.last, self.answered = ("", 0, 0), None
        self.passing("revert:fenced")
        if drain := one.first("drain"):
            self._run("drain", drain, one, [])
        if self.lease is not lease or self.live != release:
            return
        self.live, self.previous = before, release
        self.passing("revert:moved")
        self.intent = (operation, int(_word(one, "token")), before, release, "reverted")
        self.passing("revert:noted")
        record = _word(one, "record").replace("@at@", "2026-01-01T00:00:00+00:00")
        self.journals[operation] = self.journals.get(operation, b"") + f"{record}\n".encode()
        self.passing("revert:journal")
        tag, commit, _ = self.complete[before]
        told = (("RELEASE", before), ("COMMIT", commit), ("TAG", unquote(tag)))
        back = replace(one, words=(*one.words, *(("env", f"ROLLBACK_{name}={value}") for name, value in told)))
        for phase in ("restart", "undrain"):
            if text := one.first(phase):
                self._run(phase, text, back, [])

    def _expect(self, request: Request) -> None:
        if (self.live or "-") not in {_word(request, "release"), *request.all("from")}:
            raise Refusal("drift", self.live or "-")

    def _put_intent(self, intent: tuple[str, int, str, str, str]) -> None:
        self.passing("put:intent")
        self.intent = intent

    def _switch(self, release: str, intent: tuple[str, int, str, str, str]) -> None:
        if self.live != release:
            self.passing("link")
            self.live = release
            self.passing("moved")
        if intent[2] not in {"-", release}:
            self.previous = intent[2]
        self._put_intent(intent)
        self.passing("switched")

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
        self.staged.clear()
        self.part = None
        self.watched = None
        written = self._journalled(request)
        if written and self.intent and self.intent[0] == operation and request.first("keep") is None:
            self.intent = None
        self.passing("finish")
        if request.first("keep") is not None and self.lease:
            self.lease.until, self.lease.phase = self.clock(), "stranded"
        else:
            self.lease = None
        return Answer("ok") if written else Answer("full", "the journal could not be written")

    def _journalled(self, request: Request) -> bool:
        journal = request.first("journal")
        if journal and not self.full:
            self.passing(f"{request.verb}:journal")
            self.journals[_word(request, "operation")] = f"{journal}\n".encode()
        return not (journal and self.full)

    def _note(self, request: Request) -> Answer:
        if journal := request.first("journal"):
            self.journals[_word(request, "operation")] = f"{journal}\n".encode()
        return Answer("ok")

    def _prune(self, request: Request) -> Answer:
        needed = {self.live, self.previous, *(self.intent[2:4] if self.intent else ())}
        fields = []
        for one in request.all("id"):
            if one not in needed:
                self.complete.pop(one, None)
                self.staged.pop(one, None)
                self.passing("prune")
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

    def _fetch(self, request: Request) -> Answer:
        release = _word(request, "release")
        if release not in self.complete:
            return Answer("incomplete")
        assert request.into is not None
        if release in self.packages:
            streamed(release, self.complete[release], self._package(release), request.into)
        return Answer("ok")

    def _package(self, release: str) -> tuple[bytes, bytes]:
        """Its manifest and archive, also where only what differs from another release came."""
        request = self.packages[release]
        manifest, archive = (part if isinstance(part, bytes) else part.read_bytes() for part in request.payload)
        base = request.first("base")
        return rebuilt(self._package(base), manifest, archive) if base else (manifest, archive)

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
        free = Field("free", "1000000 4096 1000000")
        missing = [Field("missing", one) for one in request.all("file") if one not in self.shared]
        states = {one: "intact" if one in self.complete else "absent" for one in request.all("release")}
        kept = [Field("kept", f"{one} {state}") for one, state in states.items()]
        return Answer("ok", "", (free, *missing, *kept))

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
    return b"".join(map(_bytes, request.payload))


def _bytes(part: bytes | Path) -> bytes:
    return part if isinstance(part, bytes) else part.read_bytes()
