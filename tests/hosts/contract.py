"""What every way to a host must answer: the fake one, a local shell, a real sshd. test_contract.py runs it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile

from rollback.hosts import requests
from rollback.hosts.protocol import Answer, Field, Request
from rollback.hosts.reading import sighting
from rollback.hosts.remote import Remote
from rollback.hosts.requests import Package, rest
from rollback.model import Confirm, Host, Intent, LeaseSeen, Release, Sighting
from rollback.source.carried import carried
from rollback.source.delta import delta
from rollback.source.manifest import read
from tests.build import release
from tests.hosts.packages import PLAIN, Shared, Turns, package

NEW, OLD = release("v2", "b" * 40), release("v1", "a" * 40)


@dataclass
class Stage:
    """A host of its own for one test, with nothing on it."""

    remote: Remote
    host: Host
    folder: Path
    turns: Turns = field(default_factory=Turns)

    def ask(self, request: Request) -> Answer:
        return self.remote.ask(request)

    def acquire(self, operation: str = "OP1", steal: str | None = None, ttl: int = 60, process: str = "-") -> Answer:
        answer = self.ask(requests.acquire(self.host, operation, "ada@laptop", ttl, steal=steal, process=process))
        if answer.status == "ok":
            self.turns = Turns(operation, int(answer.first("token") or 0), ttl, int(answer.first("number") or 0))
        return answer

    def stage(self, made: Package | Release) -> Answer:
        made = package(made, self.folder) if isinstance(made, Release) else made
        return self.ask(requests.stage(self.host, self.turns.next(), made))

    def build_on(self, base: Release, one: Release, files: Mapping[str, bytes]) -> Answer:
        """Stage the release by what of it differs from the base."""
        before, made = package(base, self.folder / "base"), package(one, self.folder / "new", files)
        less = delta(made, base, before.manifest.read_bytes(), ())
        assert less is not None, "it pays"
        return self.ask(requests.stage(self.host, self.turns.next(), made, less))

    def prepare(self, one: Release, *commands: str, shared: Shared = Shared()) -> Answer:  # noqa: B008 - frozen
        return self.ask(requests.prepare(self.host, self.turns.next(), one, shared, commands, {}))

    def bring(self, *releases: Release) -> None:
        for one in releases:
            assert self.stage(one).status == "ok"
            assert self.prepare(one).status == "ok"

    def activate(
        self,
        one: Release,
        *expected: Release | None,
        must: str = "switch",
        journal: bytes = b"",
        confirm: float | None = None,
    ) -> Answer:
        ids = tuple(was.id if was else None for was in expected)
        wanted = Confirm(confirm, {self.host.name: b'{"reverted": "@at@"}\n'}) if confirm else None
        return self.ask(requests.activate(self.host, self.turns.next(), one, ids, must, {}, journal, wanted))

    def migrate(self, one: Release, up: str = "true", journal: bytes = b"") -> Answer:
        return self.ask(requests.migrate(self.host, self.turns.next(), one, up, {}, journal))

    def fetch(self, one: Release) -> Package:
        with TemporaryFile() as came:
            assert self.ask(requests.fetch(self.host, one, came)).status == "ok"
            return carried(one, came)

    def finish(self, journal: bytes = b'{"a": 1}\n', keep: str | None = None) -> Answer:
        return self.ask(requests.finish(self.host, self.turns.next(), journal, keep))

    def wait_for(self, so: Callable[[Sighting], bool]) -> Sighting:
        for _ in range(600):
            if so(seen := self.seen()):
                return seen
            time.sleep(0.1)
        raise AssertionError(f"it never came true: {seen}")

    def seen(self) -> Sighting:
        """Without what two hosts may differ in."""
        found = sighting(self.host, self.ask(requests.sight(self.host)))
        assert found.problem is None
        assert found.free_bytes > 0
        lease = replace(found.lease, age=0, left=0) if found.lease else None
        return replace(found, free_bytes=0, free_inodes=0, lease=lease, journals=dict(found.journals))


def an_empty_host_shows_nothing(stage: Stage) -> None:
    assert stage.seen() == Sighting(stage.host.name, journals={})


def a_deploy_goes_from_lease_to_journal(stage: Stage) -> None:
    assert stage.acquire().status == "ok"
    stage.bring(OLD, NEW)
    assert stage.activate(OLD, None).status == "ok"
    assert stage.activate(NEW, OLD).status == "ok"
    assert stage.seen().intent == Intent("OP1", 1, OLD.id, NEW.id, "switched")
    assert stage.finish().status == "ok"
    assert stage.seen() == Sighting(
        stage.host.name, live=NEW.id, previous=OLD.id, releases=(OLD, NEW), journals={"OP1": 9}
    )
    assert stage.ask(requests.journals(stage.host, ("OP1", "OP2"))[0]).all("line") == ('OP1 {"a": 1}',)


def an_operation_that_recorded_nothing_leaves_no_journal(stage: Stage) -> None:
    stage.acquire()
    assert stage.finish(journal=b"").status == "ok"
    assert (dict(stage.seen().journals), stage.seen().lease) == ({}, None)


def a_second_operation_is_held_and_told_by_whom(stage: Stage) -> None:
    stage.acquire("OP1")
    answer = stage.acquire("OP2")
    assert (answer.status, (answer.first("lease") or "").split(" ")[:4]) == ("held", ["OP1", "1", "ada@laptop", "live"])


def a_lease_names_the_process_that_holds_it(stage: Stage) -> None:
    stage.acquire(process="boot,4026531836,77,1234")
    stage.bring(OLD)
    stage.ask(requests.renew(stage.host, "OP1", 1, 60))
    held = LeaseSeen(
        "OP1", 1, "ada@laptop", live=True, age=0, left=0, phase="prepare", process="boot,4026531836,77,1234"
    )
    assert stage.seen().lease == held
    refused = (stage.acquire("OP2").first("lease") or "").split(" ")
    assert refused[-1] == "boot,4026531836,77,1234"
    stage.finish(keep="stranded")
    assert stage.seen().lease == replace(held, live=False, phase="stranded")
    stage.acquire(process="boot,4026531836,78,9")
    assert stage.seen().lease == replace(held, phase="start", process="boot,4026531836,78,9")


def acquiring_again_gives_the_same_token(stage: Stage) -> None:
    assert [stage.acquire().first("token") for _ in range(3)] == ["1", "1", "1"]


def tokens_increase_from_operation_to_operation(stage: Stage) -> None:
    tokens = []
    for name in ("OP1", "OP2", "OP3"):
        tokens.append(stage.acquire(name).first("token"))
        stage.ask(requests.give_back(stage.host, name))
    assert tokens == ["1", "2", "3"]


def who_lost_the_lease_is_fenced(stage: Stage) -> None:
    stage.acquire("OP1")
    stage.bring(OLD)
    late = stage.turns
    assert stage.acquire("OP2", steal="OP1").first("taken") == "OP1 ada@laptop live"
    stage.turns = late
    assert stage.activate(OLD, None).status == "fenced"
    assert stage.ask(requests.renew(stage.host, "OP1", 1, 60)).status == "fenced"
    assert stage.seen().live is None


def stealing_names_the_operation_that_is_stolen_from(stage: Stage) -> None:
    stage.acquire("OP1")
    assert stage.acquire("OP3", steal="OP2").status == "held"


def a_straggler_is_fenced(stage: Stage) -> None:
    stage.acquire()
    stage.bring(OLD, NEW)
    early = stage.turns.next()
    stage.activate(OLD, None)
    assert stage.ask(requests.activate(stage.host, early, NEW, (OLD.id,), "switch", {})).status == "fenced"
    assert stage.seen().live == OLD.id


def a_retry_gets_the_same_answer_and_does_nothing_twice(stage: Stage) -> None:
    stage.acquire()
    stage.bring(OLD)
    request = requests.finish(stage.host, stage.turns.next(), b"{}\n")
    assert [stage.ask(request).status for _ in range(2)] == ["ok", "ok"]


def only_a_complete_release_is_activated(stage: Stage) -> None:
    stage.acquire()
    assert stage.activate(NEW, None).status == "incomplete"
    stage.stage(NEW)
    assert stage.activate(NEW, None).status == "incomplete"
    assert (stage.seen().live, stage.seen().partial) == (None, (NEW.id,))


def something_else_being_live_is_drift(stage: Stage) -> None:
    stage.acquire()
    stage.bring(OLD, NEW)
    stage.activate(OLD, None)
    answer = stage.activate(NEW, None)
    assert (answer.status, answer.detail, stage.seen().live) == ("drift", OLD.id, OLD.id)


def what_is_there_already_is_said_to_be(stage: Stage) -> None:
    stage.acquire()
    stage.bring(OLD)
    assert (stage.stage(OLD).status, stage.prepare(OLD).status) == ("already", "already")


def an_incomplete_release_is_brought_again(stage: Stage) -> None:
    stage.acquire()
    assert [stage.stage(NEW).status, stage.stage(NEW).status, stage.prepare(NEW).status] == ["ok", "ok", "ok"]


def a_missing_shared_file_is_named(stage: Stage) -> None:
    stage.acquire()
    stage.stage(NEW)
    answer = stage.prepare(NEW, shared=Shared(files=(".env",)))
    assert (answer.status, answer.detail) == ("missing", "shared/.env")


def a_release_that_is_gone_comes_back_from_what_was_fetched(stage: Stage) -> None:
    stage.acquire()
    stage.bring(OLD)
    made = stage.fetch(OLD)
    assert read(made.manifest.read_bytes()) == read(package(OLD, stage.folder).manifest.read_bytes())
    stage.ask(requests.prune(stage.host, stage.turns.next(), (OLD.id,)))
    with TemporaryFile() as came:
        assert stage.ask(requests.fetch(stage.host, OLD, came)).status == "incomplete"
    assert (stage.stage(made).status, stage.prepare(OLD).status) == ("ok", "ok")
    assert stage.ask(requests.inspect(stage.host, (OLD,), Shared())).first("kept") == f"{OLD.id} intact"
    assert stage.activate(OLD, None).status == "ok"


def a_release_is_built_on_an_earlier_one(stage: Stage) -> None:
    files = {**PLAIN, "app.py": b"new", "lib/new.py": b"x"}
    del files["lib/deep/er.txt"]
    stage.acquire()
    assert stage.build_on(OLD, NEW, files).status == "unlike"
    stage.bring(OLD)
    assert (stage.build_on(OLD, NEW, files).status, stage.prepare(NEW).status) == ("ok", "ok")
    assert stage.ask(requests.inspect(stage.host, (NEW,), Shared())).first("kept") == f"{NEW.id} intact"
    whole = package(NEW, stage.folder / "whole", files)
    assert read(stage.fetch(NEW).manifest.read_bytes()) == read(whole.manifest.read_bytes())
    assert stage.build_on(OLD, NEW, files).status == "already"


def cut(request: Request, kept: int) -> Request:
    """The same, but the connection is lost when so many bytes of the archive are through."""
    manifest, archive = (part if isinstance(part, bytes) else part.read_bytes() for part in request.payload)
    return replace(request, payload=(manifest, archive[:kept]))


def an_upload_that_was_cut_off_goes_on_where_it_stopped(stage: Stage) -> None:
    stage.acquire()
    made = package(NEW, stage.folder)
    request = requests.stage(stage.host, stage.turns.next(), made)
    assert rest(request, stage.ask) == request
    assert stage.ask(cut(request, 100)) == Answer("failed", "the upload was cut off")
    going_on = rest(request, stage.ask)
    assert going_on.skip == 100
    assert stage.ask(cut(going_on, 150)) == Answer("failed", "the upload was cut off")
    going_on = rest(request, stage.ask)
    assert going_on.skip == 150
    assert [stage.ask(going_on).status, stage.prepare(NEW).status] == ["ok", "ok"]
    assert rest(request, stage.ask).skip == 0
    assert stage.ask(requests.inspect(stage.host, (NEW,), Shared())).first("kept") == f"{NEW.id} intact"


def what_came_of_another_package_is_not_kept(stage: Stage) -> None:
    stage.acquire()
    new, old = package(NEW, stage.folder), package(OLD, stage.folder, {"app.py": b"old"})
    request = requests.stage(stage.host, stage.turns.next(), new)
    stage.ask(cut(request, 100))
    assert rest(requests.stage(stage.host, stage.turns.next(), old), stage.ask).skip == 0
    assert stage.stage(old).status == "ok"
    assert rest(request, stage.ask).skip == 0
    stage.ask(cut(requests.stage(stage.host, stage.turns.next(), new), 100))
    stage.finish()
    assert rest(request, stage.ask).skip == 0


def migrations_leave_the_journal_so_far_and_are_run_once(stage: Stage) -> None:
    stage.acquire()
    assert stage.migrate(NEW, journal=b"{}\n").status == "incomplete"
    assert stage.seen().journals == {}
    stage.bring(NEW)
    request = requests.migrate(stage.host, stage.turns.next(), NEW, "true", {}, b'{"a": 1}\n')
    assert [stage.ask(request) for _ in range(2)] == [Answer("ok", "", (Field("ran", "migrate 0"),))] * 2
    seen = stage.seen()
    assert (seen.live, seen.intent, seen.journals) == (None, None, {"OP1": 9})
    assert seen.lease is not None
    assert seen.lease.phase == "migrate"


def an_activation_leaves_the_journal_so_far(stage: Stage) -> None:
    stage.acquire()
    stage.bring(OLD)
    assert stage.activate(NEW, None, journal=b"{}\n").status == "incomplete"
    assert stage.seen().journals == {}
    request = requests.activate(stage.host, stage.turns.next(), OLD, (None,), "switch", {}, b'{"a": 1}\n{"b": 2}\n')
    assert [stage.ask(request).status for _ in range(2)] == ["ok", "ok"]
    assert (stage.seen().live, stage.seen().journals) == (OLD.id, {"OP1": 18})
    stage.finish(journal=b'{"a": 1}\n')
    assert stage.ask(requests.journals(stage.host, ("OP1",))[0]).all("line") == ('OP1 {"a": 1}',)


def a_host_that_hears_nothing_goes_back_by_itself(stage: Stage) -> None:
    stage.acquire()
    stage.bring(OLD, NEW)
    stage.activate(OLD, None)
    assert stage.activate(NEW, OLD, journal=b"{}\n", confirm=1).status == "ok"
    late = requests.activate(stage.host, stage.turns.again(), NEW, (OLD.id,), "switch", {}, b"{}\n")
    seen = stage.wait_for(lambda seen: seen.journals["OP1"] > 3)
    assert (seen.live, seen.previous) == (OLD.id, NEW.id)
    assert seen.intent == Intent("OP1", 1, OLD.id, NEW.id, "reverted")
    assert seen.lease == LeaseSeen("OP1", 2, "ada@laptop", live=False, age=0, left=0, phase="reverted", process="")
    lines = stage.ask(requests.journals(stage.host, ("OP1",))[0]).all("line")
    assert lines[0] == "OP1 {}"
    assert datetime.fromisoformat(json.loads(lines[1].removeprefix("OP1 "))["reverted"]).tzinfo is UTC
    assert [stage.ask(late).status, stage.activate(OLD, NEW).status, stage.finish().status] == ["fenced"] * 3
    assert stage.ask(requests.renew(stage.host, "OP1", 1, 60)).status == "fenced"
    assert stage.acquire("OP2").first("token") == "3"


def what_was_confirmed_stays(stage: Stage) -> None:
    stage.acquire()
    stage.bring(OLD, NEW)
    stage.activate(OLD, None)
    assert stage.activate(NEW, OLD, confirm=1).status == "ok"
    assert stage.finish().status == "ok"
    time.sleep(3)
    assert stage.seen() == Sighting(
        stage.host.name, live=NEW.id, previous=OLD.id, releases=(OLD, NEW), journals={"OP1": 9}
    )


def pruning_keeps_what_is_needed(stage: Stage) -> None:
    third = release("v3", "c" * 40)
    stage.acquire()
    stage.bring(OLD, NEW, third)
    stage.activate(OLD, None)
    stage.activate(NEW, OLD)
    answer = stage.ask(requests.prune(stage.host, stage.turns.next(), (OLD.id, NEW.id, third.id)))
    assert (answer.all("kept"), answer.all("pruned")) == ((OLD.id, NEW.id), (third.id,))
    assert stage.seen().releases == (OLD, NEW)


def stranded_hosts_keep_lease_and_intent(stage: Stage) -> None:
    stage.acquire()
    stage.bring(OLD)
    stage.activate(OLD, None)
    stage.finish(keep="stranded")
    seen = stage.seen()
    assert seen.lease is not None
    assert (seen.lease.operation, seen.intent) == ("OP1", Intent("OP1", 1, None, OLD.id, "switched"))


def a_note_needs_no_lease(stage: Stage) -> None:
    assert stage.ask(requests.note(stage.host, "OP9", b"{}\n")).status == "ok"
    assert stage.seen() == Sighting(stage.host.name, journals={"OP9": 3})


def a_command_needs_something_live(stage: Stage) -> None:
    assert stage.ask(requests.command(stage.host, "true", 5, {})).status == "nothing"


CONTRACT = (
    an_empty_host_shows_nothing,
    a_deploy_goes_from_lease_to_journal,
    an_operation_that_recorded_nothing_leaves_no_journal,
    a_second_operation_is_held_and_told_by_whom,
    a_lease_names_the_process_that_holds_it,
    acquiring_again_gives_the_same_token,
    tokens_increase_from_operation_to_operation,
    who_lost_the_lease_is_fenced,
    stealing_names_the_operation_that_is_stolen_from,
    a_straggler_is_fenced,
    a_retry_gets_the_same_answer_and_does_nothing_twice,
    only_a_complete_release_is_activated,
    something_else_being_live_is_drift,
    what_is_there_already_is_said_to_be,
    an_incomplete_release_is_brought_again,
    a_missing_shared_file_is_named,
    a_release_that_is_gone_comes_back_from_what_was_fetched,
    a_release_is_built_on_an_earlier_one,
    an_upload_that_was_cut_off_goes_on_where_it_stopped,
    what_came_of_another_package_is_not_kept,
    migrations_leave_the_journal_so_far_and_are_run_once,
    an_activation_leaves_the_journal_so_far,
    a_host_that_hears_nothing_goes_back_by_itself,
    what_was_confirmed_stays,
    pruning_keeps_what_is_needed,
    stranded_hosts_keep_lease_and_intent,
    a_note_needs_no_lease,
    a_command_needs_something_live,
)
