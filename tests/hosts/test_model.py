"""Model against reality: random sequences of verbs get the same answers from the fake host and from agent.sh.

The fake host is what other tests and the simulation believe a host to be. Here every answer of it, and the sighting
after every step, is compared with those of the real agent under three kinds of shell.

A switch that nobody confirms is watched over in the background, in naps. They last until the test ends them: its
`sleep` waits for a lock.
"""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import tempfile
from dataclasses import replace
from functools import cache
from io import BytesIO
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from rollback.hosts import requests
from rollback.hosts.protocol import Answer, Field, Request
from rollback.hosts.remote import Agent
from rollback.hosts.requests import Turn
from rollback.model import Confirm, Release
from rollback.source.delta import delta
from tests.build import release
from tests.fakes import FakeHost
from tests.hosts.contract import cut
from tests.hosts.local import MARK, SHELLS, LocalShell, wait_until_nothing_runs
from tests.hosts.packages import PLAIN, Made, Shared, Turns, host, package

V1, V2, V3 = release("v1", "a" * 40), release("v2", "b" * 40), release("v3", "c" * 40)
TWIN = release("v2", "b" * 12 + "d" * 28)  # the same id, made from another commit
OPERATIONS = ("OP1", "OP2", "OP3")
HOLDER = "whoever holds the lease"  # mostly: else nearly all that is asked would be fenced
COMMANDS = {"true": (0, ""), "echo two; echo words": (0, "two\nwords\n"), "echo no; exit 7": (7, "no\n")}
WITHIN = 1  # seconds until it goes back
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00")
JOURNALS = (b"", b'{"a": 1}\n', b'{"a": 1}\n{"b": 2}\n')

rivals = st.sampled_from(OPERATIONS)
operations = st.sampled_from((*[HOLDER] * 6, *OPERATIONS))
releases = st.sampled_from((V1, V2, V3))
commands = st.sampled_from(tuple(COMMANDS))
maybe = st.none() | commands
confirmed = st.sampled_from((None, WITHIN))


class Twice(RuleBasedStateMachine):
    """One host, twice: everything that is asked of it is asked of both."""

    shell: str
    packages: Path

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        root = Path(self._folder.name)
        self._state = root / ".rollback"
        self._host = host(root)
        self._fake = FakeHost(shell=lambda text, _: COMMANDS[text], clock=lambda: 0.0)  # here, too, time stands still
        self._naps = Naps(self.shell)
        self._agent = Agent("web1", LocalShell(self.shell, self._naps.environment))
        self._turns = {one: Turns(one, 1) for one in OPERATIONS}
        self._asked: list[Request] = []

    def teardown(self) -> None:
        (self._state / "heard").unlink(missing_ok=True)
        self._naps.close()
        self._folder.cleanup()

    def both(self, request: Request) -> Answer:
        real = self._agent.ask(request)
        assert told(self._fake.ask(request)) == told(real)
        return real

    def change(self, request: Request) -> None:
        self._asked.append(request)
        self.both(request)

    def turn(self, operation: str) -> Turn:
        if operation == HOLDER and self._fake.lease is None:
            self.acquire("OP1")
        return self._turns[self.name(operation)].next()

    def name(self, operation: str) -> str:
        holder = self._fake.lease.operation if self._fake.lease else "OP1"
        return holder if operation == HOLDER else operation

    @invariant()
    def they_show_the_same(self) -> None:
        self.both(requests.sight(self._host))

    @rule(
        operation=rivals,
        steal=st.none() | rivals,
        least=st.sampled_from((0, 0, 0, 7)),
        process=st.sampled_from(("-", "boot,1,23,45")),
    )
    def acquire(self, operation: str, steal: str | None = None, least: int = 0, process: str = "-") -> None:
        holder = "ada@laptop" if process == "-" else "ci"
        answer = self.both(requests.acquire(self._host, operation, holder, 60, least, steal, process))
        if answer.status == "ok":
            token, number = int(answer.first("token") or 0), int(answer.first("number") or 0)
            self._turns[operation] = Turns(operation, token, number=number)

    @rule(operation=operations)
    def renew(self, operation: str) -> None:
        name = self.name(operation)
        self.both(requests.renew(self._host, name, self._turns[name].token, 60))

    @rule(operation=rivals)
    def give_back(self, operation: str) -> None:
        self.both(requests.give_back(self._host, operation))

    @rule(operation=operations, one=releases | st.just(TWIN))
    def stage(self, operation: str, one: Release) -> None:
        self.change(requests.stage(self._host, self.turn(operation), made(one, self.packages)))

    @rule(operation=operations, one=releases, kept=st.sampled_from((0, 7, 100)))
    def stage_and_be_cut_off(self, operation: str, one: Release, kept: int) -> None:
        request = requests.stage(self._host, self.turn(operation), made(one, self.packages))
        self.change(cut(requests.rest(request, self.both), kept))

    @rule(operation=operations, one=releases)
    def stage_the_rest(self, operation: str, one: Release) -> None:
        request = requests.stage(self._host, self.turn(operation), made(one, self.packages))
        self.change(requests.rest(request, self.both))

    @rule(operation=operations, one=releases, base=releases)
    def build_on(self, operation: str, one: Release, base: Release) -> None:
        before, new = made(base, self.packages), made(one, self.packages, b"of its own")
        less = delta(new, base, before.manifest.read_bytes(), ("log",))
        self.change(requests.stage(self._host, self.turn(operation), new, less))

    @rule(
        operation=operations,
        one=releases,
        run=st.lists(commands, max_size=2),
        file=st.sampled_from(((), (), (".env",))),
    )
    def prepare(self, operation: str, one: Release, run: list[str], file: tuple[str, ...]) -> None:
        shared = Shared(("log",), file)
        self.change(requests.prepare(self._host, self.turn(operation), one, shared, tuple(run), {"A": "b c"}))

    @rule(operation=operations, one=releases, up=commands, journal=st.sampled_from(JOURNALS))
    def migrate(self, operation: str, one: Release, up: str, journal: bytes) -> None:
        self.change(requests.migrate(self._host, self.turn(operation), one, up, {"A": "b c"}, journal))

    @rule(one=releases, restart=maybe, within=confirmed, silent=st.booleans())
    def deploy(self, one: Release, restart: str | None, within: int | None, silent: bool) -> None:
        """The whole way, from whatever is live: else hardly any sequence would ever come to something live."""
        turn = self.turn(HOLDER)
        self.renew(HOLDER)
        self.change(requests.stage(self._host, turn, made(one, self.packages)))
        self.prepare(HOLDER, one, [], ())
        self.activate(HOLDER, one, [None, V1.id, V2.id, V3.id], "switch", None, restart, within=within)
        if silent and self._fake.watched:
            self.nothing_is_heard()

    @rule(
        operation=operations,
        one=releases,
        expected=st.lists(st.sampled_from((None, V1.id, V2.id, V3.id)), min_size=1, max_size=3, unique=True),
        must=st.sampled_from(("drain", "switch")),
        drain=maybe,
        restart=maybe,
        journal=st.sampled_from(JOURNALS),
        within=confirmed,
    )
    def activate(
        self,
        operation: str,
        one: Release,
        expected: list[str | None],
        must: str,
        drain: str | None,
        restart: str | None,
        journal: bytes = b"",
        within: int | None = None,
    ) -> None:
        there, confirm = replace(self._host, drain=drain, restart=restart), None
        if within and self._naps.held and not self._fake.watched:
            self._naps.end()  # of those who watched over earlier ones: the fake host knows the last one only
            confirm = Confirm(within, {there.name: b'{"reverted": "@at@"}\n'})
        self.change(requests.activate(there, self.turn(operation), one, expected, must, {}, journal, confirm))

    @precondition(lambda self: self._fake.watched)
    @rule()
    def nothing_is_heard(self) -> None:
        self._fake.heard -= WITHIN
        self._fake.left_alone()
        self._naps.end()

    @precondition(lambda self: self._fake.live)  # a command needs a folder to run in
    @rule(operation=operations, command=commands)
    def undrain(self, operation: str, command: str) -> None:
        self.change(requests.undrain(replace(self._host, undrain=command), self.turn(operation), {}))

    @rule(operation=operations, journal=st.sampled_from(JOURNALS), keep=st.sampled_from((None, None, "stranded")))
    def finish(self, operation: str, journal: bytes, keep: str | None) -> None:
        self.change(requests.finish(self._host, self.turn(operation), journal, keep))

    @rule(operation=operations, doomed=st.lists(releases, max_size=3, unique=True))
    def prune(self, operation: str, doomed: list[Release]) -> None:
        self.change(requests.prune(self._host, self.turn(operation), [one.id for one in doomed]))

    @rule(operation=rivals, journal=st.sampled_from(JOURNALS))
    def note(self, operation: str, journal: bytes) -> None:
        self.both(requests.note(self._host, operation, journal))

    @rule()
    def journals(self) -> None:
        self.both(requests.journals(self._host, ("OP1", "OP2", "OP3", "OP4"))[0])

    @rule(one=releases)
    def fetch(self, one: Release) -> None:
        """The streams are packed anew each time and not alike."""
        self.both(requests.fetch(self._host, one, BytesIO()))

    @rule(text=commands)
    def command(self, text: str) -> None:
        self.both(requests.command(self._host, text, 5, {}))

    @precondition(lambda self: self._asked)
    @rule(back=st.integers(1, 4))
    def ask_again(self, back: int) -> None:
        """A retry whose answer was lost, or a straggler that a later request overtook."""
        self.both(self._asked[-min(back, len(self._asked))])

    @rule()
    def the_lease_runs_out(self) -> None:
        """By the host's clock, or because it has another boot id now."""
        if self._fake.lease:
            self._fake.lease.until = self._fake.clock()
            words = (self._state / "lease").read_text().split()
            (self._state / "lease").write_text(" ".join([*words[:3], "1", *words[4:]]) + "\n")

    @rule()
    def a_shared_file_appears(self) -> None:
        self._fake.shared.add(".env")
        path = Path(self._host.root, "shared/.env")
        path.parent.mkdir(exist_ok=True)
        path.touch()


class Naps:
    """Of those who watch over what was not confirmed. held: they last until we end them; some shells have a `sleep` of
    their own."""

    def __init__(self, shell: str) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._mark = uuid4().hex
        nap = Path(self._folder.name, "sleep")
        nap.write_text('#!/bin/sh\nexec flock -s "$0" true\n')
        nap.chmod(0o755)
        self._lock = os.open(nap, os.O_RDONLY)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self.environment = {"PATH": f"{self._folder.name}:{os.environ['PATH']}", MARK: self._mark}
        self.held = "/" in subprocess.check_output([*shell.split(), "-c", "command -v sleep"], text=True)

    def close(self) -> None:
        self.end()
        os.close(self._lock)
        self._folder.cleanup()

    def end(self) -> None:
        """Until all of them are done."""
        fcntl.flock(self._lock, fcntl.LOCK_UN)
        wait_until_nothing_runs(self._mark)
        fcntl.flock(self._lock, fcntl.LOCK_EX)


@cache
def made(one: Release, folder: Path, more: bytes = b"") -> Made:
    return package(one, folder / f"{one.commit}{len(more)}", {**PLAIN, "more": more} if more else PLAIN)


def told(answer: Answer) -> tuple[str, str, list[Field]]:
    """Without what two hosts may differ in: seconds, free space, the order of what is listed."""
    fields = [_timeless(one) for one in answer.fields if one.key != "free"]
    return answer.status, answer.detail, sorted(fields)


def _timeless(one: Field) -> Field:
    if one.key != "lease":
        return Field(one.key, TIME.sub("then", one.value))
    words = one.value.split(" ")
    return Field("lease", " ".join([*words[:4], "age", "left", *words[6:]]))


@pytest.mark.parametrize("shell", SHELLS)
def test_the_fake_host_and_the_agent_answer_alike(shell: str, tmp_path: Path) -> None:
    class Here(Twice):
        pass

    Here.shell, Here.packages = shell, tmp_path
    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=10,
            stateful_step_count=20,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],  # what fails is short enough; to shorten it would take minutes
            suppress_health_check=list(HealthCheck),
        ),
    )
