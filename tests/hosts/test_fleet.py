"""The fleet over fake hosts: what it asks, what it makes of the answers, and what it does when there are none."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from rollback.core.condition import Keeping, Kept, Room
from rollback.errors import HostError, LeaseHeld, SourceError, Unreachable, UsageError
from rollback.events import Event, Noticed, Sent
from rollback.hosts.fleet import Fleet
from rollback.hosts.lease import Leases, nobody
from rollback.hosts.pool import Pool
from rollback.hosts.protocol import Answer, Request
from rollback.hosts.reading import Ran
from rollback.model import Confirm, Finding, Host, Release, Result
from rollback.playbook.secrets import Secrets
from rollback.source.carried import carried
from tests.fakes import FakeHost, fake_reach
from tests.hosts.contract import NEW, OLD
from tests.hosts.packages import Made, Shared, host, package

NAMES = ("web1", "web2", "web3")


@dataclass
class Rig:
    """Three fake hosts with OLD live, and how a fleet over them is made."""

    folder: Path
    fakes: dict[str, FakeHost]
    hosts: tuple[Host, ...]
    environ: dict[str, str] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    packed: list[Release] = field(default_factory=list)
    made: list[Fleet] = field(default_factory=list)
    refusal: SourceError | None = None

    def fleet(self, prepare: tuple[str, ...] = (), ttl: float = 60.0, up: str = "") -> Fleet:
        fleet = Fleet(
            self.hosts,
            fake_reach(self.fakes),
            app="shop",
            environment="production",
            shared=Shared(),
            prepare=prepare,
            up=up,
            package=self._package,
            pack=carried,
            secrets=Secrets(self.environ),
            tell=self.events.append,
            ttl=ttl,
        )
        self.made.append(fleet)
        return fleet

    def taken(self, prepare: tuple[str, ...] = (), up: str = "") -> Fleet:
        fleet = self.fleet(prepare, up=up)
        fleet.acquire("OP1", "ada@laptop")
        return fleet

    def all(self, **settings: str) -> None:
        self.hosts = tuple(replace(one, **settings) for one in self.hosts)  # type: ignore[arg-type]

    def notices(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Noticed)]

    def _package(self, release: Release) -> Made:
        self.packed.append(release)
        if self.refusal:
            raise self.refusal
        return package(release, self.folder)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = (OLD.tag, OLD.commit, OLD.tree)
    fakes = {name: FakeHost(live=OLD.id, complete={OLD.id: made}) for name in NAMES}
    rig = Rig(tmp_path, fakes, tuple(host(tmp_path / "root", name) for name in NAMES))
    yield rig
    for fleet in rig.made:
        fleet.close()


def told(findings: tuple[Finding, ...]) -> list[tuple[str | None, str, str, str]]:
    return [(one.host, one.check, str(one.result), one.observed) for one in findings]


def everywhere(check: str, result: str, observed: str) -> list[tuple[str | None, str, str, str]]:
    return [(name, check, result, observed) for name in NAMES]


# Looking


def test_hosts_that_can_not_be_seen_say_why(rig: Rig) -> None:
    rig.fakes["web1"].away = True
    rig.fakes["web3"].admits = False
    assert [(one.host, one.problem, one.live) for one in rig.fleet().sight()] == [
        ("web1", "web1 does not answer.", None),
        ("web2", None, OLD.id),
        ("web3", "web3 does not let us in. (ssh-add)", None),
    ]


def test_a_lost_connection_is_made_again(rig: Rig) -> None:
    rig.fakes["web1"].lost = 2
    assert [one.problem for one in rig.fleet().sight()] == [None, None, None]
    assert rig.fakes["web1"].closed == 2


def test_journals_of_many_hosts_come_as_lines(rig: Rig) -> None:
    rig.fakes["web1"].journals = {"A": b'{"a": "\xe2\x80\xa8"}\n{"b": 2}\n', "B": b"{}\n"}
    rig.fakes["web2"].journals = {"C": b"[]\n"}
    wanted = {"web1": ("A",), "web2": ("C", "D")}
    assert rig.fleet().journals(wanted) == b'{"a": "\xe2\x80\xa8"}\n{"b": 2}\n[]\n'


def test_a_release_comes_from_a_host_as_a_package(rig: Rig) -> None:
    fleet = rig.taken()
    fleet.upload(NEW, ("web1",))
    fleet.prepare(NEW, ("web1",))
    made, fetched = package(NEW, rig.folder), fleet.fetch("web1", NEW)
    assert (fetched.release, fetched.count, fetched.size) == (NEW, made.count, made.size)
    assert fetched.manifest.read_bytes() == made.manifest.read_bytes()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"complete": {}}, "web1: the release is not complete there"),
        ({"away": True}, "web1 does not answer."),
        ({"packages": {}}, "web1: what it sent of v1 could not be unpacked: "),
    ],
)
def test_a_release_that_a_host_can_not_give_is_an_error_of_that_host(
    rig: Rig, change: dict[str, object], sentence: str
) -> None:
    rig.fakes["web1"] = replace(rig.fakes["web1"], **change)  # type: ignore[arg-type]
    with pytest.raises(HostError) as error:
        rig.fleet().fetch("web1", OLD)
    assert str(error.value).startswith(sentence)


def test_a_checks_command_finds_its_values_and_secrets(rig: Rig) -> None:
    rig.environ["PASSWORD"] = "hunter22"
    rig.fakes["web1"].shell = lambda text, env: (
        3,
        f"{text} {env['PASSWORD']} {env['ROLLBACK_TAG']} {env['ROLLBACK_VAR_PORT']}",
    )
    ran = rig.fleet().command("web1", "try ${PASSWORD}", OLD, 5)
    assert ran == Ran(3, "try ${PASSWORD} hunter22 v1 8001", "")


def test_a_checks_command_is_never_asked_twice(rig: Rig) -> None:
    rig.fakes["web1"].lost = 1
    with pytest.raises(Exception, match="the connection was lost"):
        rig.fleet().command("web1", "true", OLD, 5)
    assert [one.verb for one in rig.fakes["web1"].asked] == ["command"]


def test_a_process_in_another_release_is_a_failure(rig: Rig) -> None:
    found = (rig.fleet().running("web1", OLD), rig.fleet().running("web1", NEW))
    assert told(found) == [
        ("web1", "running", "pass", "1 processes, all of v1"),
        ("web1", "running", "fail", "1 processes live in another release's folder"),
    ]
    assert found[1].evidence == f"7 releases/{OLD.id} app"


def test_every_host_is_looked_over(rig: Rig) -> None:
    rig.fakes["web2"].complete.clear()
    rig.fakes["web3"].away = True
    found = rig.fleet().inspect(OLD)()
    assert [(one.host, one.problem, one.free, one.kept) for one in found] == [
        ("web1", "", Room(4_096_000_000, 1_000_000), ((OLD.id, Kept(Keeping.INTACT)),)),
        ("web2", "", Room(4_096_000_000, 1_000_000), ((OLD.id, Kept(Keeping.ABSENT)),)),
        ("web3", "web3 does not answer.", None, ()),
    ]


def test_a_package_that_can_not_be_made_is_not_made_twice(rig: Rig) -> None:
    fleet = rig.taken()
    rig.refusal = SourceError("the build failed")
    with pytest.raises(SourceError):
        fleet.need(NEW)
    assert {one.observed for one in fleet.upload(NEW, ("web1", "web2"))} == {"the build failed"}
    assert rig.packed == [NEW]


# Leases


def test_all_leases_are_taken_or_none(rig: Rig) -> None:
    rig.fleet().acquire("OP1", "ada@laptop")
    rig.fakes["web1"].lease = rig.fakes["web3"].lease = None
    with pytest.raises(LeaseHeld, match=r"^web2: held by ada@laptop \(operation OP1\) for 0 s, in phase start$"):
        rig.fleet().acquire("OP2", "bob@ci")
    assert [fake.lease.operation if fake.lease else None for fake in rig.fakes.values()] == [None, "OP1", None]


def test_a_lease_whose_answer_was_lost_is_given_back_too(rig: Rig) -> None:
    rig.fleet().acquire("OP1", "ada@laptop")
    rig.fakes["web1"].lease = None
    rig.fakes["web1"].lost = 3
    with pytest.raises(LeaseHeld):
        rig.fleet().acquire("OP2", "bob@ci")
    assert rig.fakes["web1"].lease is None


def test_a_host_that_is_away_does_not_stop_the_others(rig: Rig) -> None:
    rig.fakes["web2"].away = True
    fleet = rig.fleet()
    assert [one.reachable for one in fleet.acquire("OP1", "ada")] == [True, False, True]
    assert [str(one.result) for one in fleet.activate(OLD, NAMES, (OLD.id,))] == ["pass", "skipped", "pass"]


def test_taking_over_an_expired_lease_is_noticed(rig: Rig) -> None:
    rig.fleet().acquire("OP1", "ada@laptop")
    rig.fakes["web2"].clock = lambda: 1e12
    for name in ("web1", "web3"):
        rig.fakes[name].lease = None
    rig.fleet().acquire("OP2", "bob")
    assert rig.notices() == ["web2: took over the expired lease of ada@laptop (operation OP1)"]


@dataclass
class Slow(FakeHost):
    """It answers a renewal when something else has happened."""

    meanwhile: Callable[[], object] = str

    def _renew(self, request: Request) -> Answer:
        self.meanwhile()
        return super()._renew(request)


def test_a_late_beat_of_the_operation_before_does_not_take_the_next_ones_lease_away(rig: Rig) -> None:
    slow, events = Slow(), list[Event]()
    leases = Leases({"web1": rig.hosts[0]}, Pool(rig.hosts[:1], fake_reach({"web1": slow})), 60, events.append)
    leases.acquire("OP1", "ada", "-", nobody)

    def go_on() -> None:
        leases.give_back(("web1",))
        leases.acquire("OP2", "ada", "-", nobody)

    slow.meanwhile = go_on
    leases.renew_one("web1")
    assert (leases.held(), leases.taken_away, events) == (("web1",), "", [])


def test_who_is_fenced_on_one_host_stops_everywhere(rig: Rig) -> None:
    fleet = rig.taken()
    steal(rig.fakes["web2"])
    assert told(fleet.activate(OLD, ("web2",), (OLD.id,)))[0][1:3] == ("activate", "skipped")
    assert [str(one.result) for one in fleet.activate(OLD, ("web1", "web3"), (OLD.id,))] == ["skipped", "skipped"]
    assert [verb(fake) for fake in rig.fakes.values()] == [["acquire"], ["acquire", "acquire", "activate"], ["acquire"]]
    assert [str(one.result) for one in fleet.finish(NAMES, b"{}\n")] == ["pass", "skipped", "pass"]


def steal(fake: FakeHost) -> None:
    words = (("operation", "OP9"), ("ttl", "60"), ("holder", "bob"), ("least", "0"), ("steal", "OP1"))
    assert fake.ask(Request("acquire", words)).status == "ok"


def verb(fake: FakeHost) -> list[str]:
    return [request.verb for request in fake.asked]


def test_a_heartbeat_renews_every_lease_and_notices_a_theft(rig: Rig) -> None:
    fleet = rig.fleet(ttl=0.04)
    fleet.acquire("OP1", "ada")
    steal(rig.fakes["web2"])
    with fleet.heartbeat():
        wait_for(lambda: all("renew" in verb(fake) for fake in rig.fakes.values()) and bool(rig.notices()))
    assert rig.notices() == ["the lease on web2 was taken away: held by bob (operation OP9) for 0 s, in phase start"]
    assert told(fleet.activate(OLD, ("web1",), (OLD.id,)))[0][2] == "skipped"


def wait_for(so: Callable[[], bool]) -> None:
    for _ in range(2000):
        if so():
            return
        threading.Event().wait(0.005)
    raise AssertionError("it never came true")


def test_a_lease_that_ran_out_while_we_slept_is_renewed(rig: Rig) -> None:
    fleet = rig.taken()
    for fake in rig.fakes.values():
        fake.clock = lambda: 1e12
    assert told(fleet.activate(OLD, NAMES, (OLD.id,))) == everywhere("activate", "pass", "live")


def test_a_second_process_of_an_operation_counts_on(rig: Rig) -> None:
    rig.taken().activate(OLD, NAMES, (OLD.id,))
    assert told(rig.taken().activate(OLD, NAMES, (OLD.id,))) == everywhere("activate", "pass", "live")


def test_a_host_that_went_back_by_itself_stops_the_late_operator_everywhere(rig: Rig) -> None:
    fleet = rig.taken()
    fleet.upload(NEW, NAMES)
    fleet.prepare(NEW, NAMES)
    confirm = Confirm(90, {name: f'{{"host":"{name}","at":"@at@"}}\n'.encode() for name in NAMES})
    assert told(fleet.activate(NEW, NAMES, (OLD.id,), b"{}\n", confirm)) == everywhere("activate", "pass", "live")
    heard = rig.fakes["web2"].heard
    rig.fakes["web2"].clock = lambda: heard + 90
    said = "it heard nothing of operation OP1 for too long and put back by itself what was live before"
    assert told(fleet.activate(NEW, ("web2",), (OLD.id,))) == [
        ("web2", "activate", "skipped", f"{said} (rollback status)")
    ]
    assert fleet.taken_away == f"the lease on web2 was taken away: {said}"
    assert [(fake.live, fake.journals["OP1"].count(b"\n")) for fake in rig.fakes.values()] == [
        (NEW.id, 1),
        (OLD.id, 2),
        (NEW.id, 1),
    ]


def test_a_disk_without_room_for_a_journal_is_noticed(rig: Rig) -> None:
    fleet = rig.taken()
    rig.fakes["web2"].full = True
    assert told(fleet.activate(OLD, NAMES, (OLD.id,), b"{}\n")) == everywhere("activate", "pass", "live")
    assert rig.notices() == ["web2: the journal could not be written there: what is done now is not in it"]
    assert [fake.journals for fake in rig.fakes.values()] == [{"OP1": b"{}\n"}, {}, {"OP1": b"{}\n"}]


def test_a_secret_that_is_not_set_stops_before_anything_is_asked(rig: Rig) -> None:
    rig.all(restart="restart ${PASSWORD}")
    with pytest.raises(UsageError):
        rig.fleet().acquire("OP1", "ada")
    assert [fake.asked for fake in rig.fakes.values()] == [[], [], []]


# Changes


def test_a_deploy_packs_once_and_leaves_the_journal(rig: Rig) -> None:
    fleet = rig.taken(prepare=("make",))
    assert told(fleet.upload(NEW, NAMES)) == everywhere("upload", "pass", "uploaded")
    assert told(fleet.prepare(NEW, NAMES)) == everywhere("prepare", "pass", "prepared")
    assert told(fleet.activate(NEW, NAMES, (OLD.id,))) == everywhere("activate", "pass", "live")
    assert told(fleet.prune(NAMES, (OLD.id,))) == everywhere("prune", "pass", "pruned")
    assert told(fleet.finish(NAMES, b"{}\n")) == everywhere("finish", "pass", "closed")
    assert rig.packed == [NEW]
    assert [(f.live, f.previous, f.intent, f.lease, f.journals) for f in rig.fakes.values()] == [
        (NEW.id, OLD.id, None, None, {"OP1": b"{}\n"})
    ] * 3
    sent = [one for one in rig.events if isinstance(one, Sent) and one.host == "web1"]
    assert [(one.count, one.whole) for one in sent] == [(sent[0].whole,) * 2]


def test_what_is_complete_everywhere_needs_no_package_and_no_round_trip(rig: Rig) -> None:
    fleet = rig.taken()
    assert told(fleet.upload(OLD, NAMES) + fleet.prepare(OLD, NAMES)) == [
        *everywhere("upload", "pass", "already there"),
        *everywhere("prepare", "pass", "already there"),
    ]
    assert (rig.packed, [verb(fake) for fake in rig.fakes.values()]) == ([], [["acquire"]] * 3)


def test_a_package_that_can_not_be_made_is_a_finding(rig: Rig) -> None:
    rig.refusal = SourceError("no such tag", hint="git fetch --tags")
    assert told(rig.taken().upload(NEW, NAMES)) == everywhere("upload", "fail", "no such tag (git fetch --tags)")


def test_what_git_can_not_give_comes_from_the_first_host_that_can(rig: Rig) -> None:
    fleet = rig.taken()
    fleet.upload(NEW, ("web1", "web2"))
    fleet.prepare(NEW, ("web1", "web2"))
    rig.fakes["web1"].packages.clear()
    rig.refusal = SourceError("no such tag")
    later = rig.fleet()
    later.acquire("OP1", "ada@laptop")
    assert told(later.upload(NEW, NAMES)) == [
        ("web1", "upload", "pass", "already there"),
        ("web2", "upload", "pass", "already there"),
        ("web3", "upload", "pass", "uploaded"),
    ]
    said = [text.partition("could not")[0] for text in rig.notices()]
    assert said == [
        "no such tag: fetching v2 from web1",
        "web1 can't give it: web1: what it sent of v2 ",
        "no such tag: fetching v2 from web2",
    ]


def test_what_neither_git_nor_a_host_can_give_is_a_finding(rig: Rig) -> None:
    rig.fakes["web1"].packages.clear()
    del rig.fakes["web3"].complete[OLD.id]
    rig.fakes["web2"].packages.clear()
    rig.refusal = SourceError("no such tag")
    assert told(rig.taken().upload(OLD, ("web3",))) == [("web3", "upload", "fail", "no such tag")]


def test_migrations_know_the_release_and_the_secrets_that_they_name(rig: Rig) -> None:
    rig.environ["DATABASE"] = "postgres://admin:hunter22@db/shop"
    seen: list[Mapping[str, str]] = []

    def shell(text: str, environment: Mapping[str, str]) -> tuple[int, str]:
        seen.append(environment)
        return 3, f"{text} {environment['DATABASE']}"

    rig.fakes["web1"].shell = shell
    fleet = rig.taken(up="migrate ${DATABASE}")
    (found,) = fleet.migrate(OLD, ("web1",), b"{}\n")
    assert (found.check, found.result, found.host) == ("migrate", Result.FAIL, "web1")
    assert "hunter22" not in found.evidence + found.observed
    assert (seen[0]["ROLLBACK_TAG"], seen[0]["ROLLBACK_PREVIOUS"]) == (OLD.tag, OLD.id)
    assert rig.fakes["web1"].journals == {"OP1": b"{}\n"}


@pytest.mark.parametrize(("lost", "result"), [(1, "pass"), (100, "error")])
def test_a_migration_whose_answer_never_comes_is_unknown(rig: Rig, lost: int, result: str) -> None:
    fleet, fake = rig.taken(up="migrate"), rig.fakes["web1"]
    ran: list[str] = []

    def shell(text: str, environment: Mapping[str, str]) -> tuple[int, str]:  # noqa: ARG001
        ran.append(text)
        return 0, ""

    fake.shell, fake.lost = shell, lost
    assert (fleet.migrate(OLD, ("web1",), b"")[0].result, ran) == (result, ["migrate"])


def test_an_answer_that_was_lost_is_asked_for_again(rig: Rig) -> None:
    fleet = rig.taken()
    rig.fakes["web2"].lost = 1
    assert told(fleet.activate(OLD, NAMES, (OLD.id,))) == everywhere("activate", "pass", "live")
    numbers = [one.first("number") for one in rig.fakes["web2"].asked if one.verb == "activate"]
    assert len(numbers) == 2
    assert len(set(numbers)) == 1


def test_an_answer_that_never_comes_is_unknown(rig: Rig) -> None:
    fleet = rig.taken()
    rig.fakes["web2"].lost = 100
    assert told(fleet.activate(OLD, ("web2",), (OLD.id,))) == [
        ("web2", "activate", "error", "the connection was lost.")
    ]


def test_a_host_that_can_not_be_reached_was_certainly_not_changed(rig: Rig) -> None:
    """The connection is dropped and not made again: nothing was sent."""
    fleet = rig.taken()
    rig.fakes["web2"].away = True
    fleet.sight()
    assert told(fleet.activate(OLD, ("web2",), (OLD.id,))) == [("web2", "activate", "skipped", "web2 does not answer.")]


def test_a_refusal_after_a_lost_answer_does_not_say_that_nothing_was_done(rig: Rig) -> None:
    rig.all(restart="restart")
    fleet, fake = rig.taken(), rig.fakes["web2"]

    def restarted(text: str, environment: object) -> tuple[int, str]:  # noqa: ARG001
        fake.lease, fake.last = None, ("", 0, 0)
        return 0, ""

    fake.shell, fake.lost = restarted, 1
    assert told(fleet.activate(OLD, ("web2",), (OLD.id,)))[0][2] == "error"


def test_drift_is_refused_before_anything_was_done(rig: Rig) -> None:
    rig.fakes["web2"].complete[NEW.id] = (NEW.tag, NEW.commit, NEW.tree)
    rig.fakes["web2"].live = NEW.id
    sentence = f"something else is live there than was planned for: {NEW.id}"
    assert told(rig.taken().activate(OLD, ("web2",), (OLD.id,))) == [("web2", "activate", "skipped", sentence)]


def test_a_failing_restart_is_a_failure_with_its_last_words_and_no_secret(rig: Rig) -> None:
    rig.environ["PASSWORD"] = "hunter22"
    rig.all(restart="restart ${PASSWORD}")
    for fake in rig.fakes.values():
        fake.shell = lambda text, env: (1, f"bad password {env['PASSWORD']}\n\x1b[31mno")  # noqa: ARG005
    found = rig.taken().activate(OLD, NAMES, (OLD.id,))
    assert told(found) == everywhere("activate", "fail", "failed: restart: exit status 1: restart ${PASSWORD}")
    assert {one.evidence for one in found} == {"bad password [PASSWORD]\n\\x1b[31mno"}


@pytest.mark.parametrize(("release", "result"), [(NEW, Result.ERROR), (OLD, Result.PASS)])
def test_a_failing_drain_stops_only_the_way_to_a_release_just_brought(
    rig: Rig, release: Release, result: Result
) -> None:
    rig.all(drain="drain")
    for fake in rig.fakes.values():
        fake.shell = lambda text, env: (int(text == "drain"), "")  # noqa: ARG005
    fleet = rig.taken()
    fleet.upload(NEW, NAMES)
    fleet.prepare(NEW, NAMES)
    assert {one.result for one in fleet.activate(release, NAMES, (OLD.id, NEW.id))} == {result}


def test_only_hosts_with_an_undrain_are_asked_to(rig: Rig) -> None:
    rig.hosts = (rig.hosts[0], replace(rig.hosts[1], undrain="undrain"), rig.hosts[2])
    assert told(rig.taken().undrain(OLD, NAMES)) == [("web2", "undrain", "pass", "takes users again")]


def test_stranded_hosts_keep_their_lease(rig: Rig) -> None:
    fleet = rig.taken()
    fleet.finish(NAMES, b"{}\n", frozenset({"web2"}))
    assert [fake.lease is not None for fake in rig.fakes.values()] == [False, True, False]


def test_without_a_lease_nothing_is_changed(rig: Rig) -> None:
    assert told(rig.fleet().activate(OLD, ("web1",), ())) == [("web1", "activate", "skipped", "we hold no lease there")]


def test_a_mark_needs_no_lease(rig: Rig) -> None:
    assert told(rig.fleet().note(NAMES, "OP7", b"{}\n")) == everywhere("note", "pass", "noted")


def test_garbage_is_unknown_and_shown_clean(rig: Rig) -> None:
    class Garbage(FakeHost):
        def ask(self, request: Request) -> Answer:
            return Answer("\x1b[2J" if request.verb == "activate" else "ok", "x" * 5000, super().ask(request).fields)

    rig.fakes["web1"] = Garbage(live=OLD.id, complete=rig.fakes["web1"].complete)
    found = rig.taken().activate(OLD, ("web1",), (OLD.id,))[0]
    assert (found.result, len(found.observed)) == (Result.ERROR, 300)
    assert found.observed.startswith("it answered \\x1b[2J: xxx")


def test_a_lease_that_nothing_was_done_with_is_given_back_when_the_fleet_is_closed(rig: Rig) -> None:
    rig.taken().close()
    assert [fake.lease for fake in rig.fakes.values()] == [None, None, None]


def test_an_interruption_while_the_lease_is_taken_gives_it_back(rig: Rig) -> None:
    class Interrupting(FakeHost):
        def ask(self, request: Request) -> Answer:
            if request.verb == "acquire":
                raise KeyboardInterrupt
            return super().ask(request)

    rig.fakes["web2"] = Interrupting()
    with pytest.raises(KeyboardInterrupt):
        rig.fleet().acquire("OP1", "ada@laptop")
    assert [fake.lease for fake in rig.fakes.values()] == [None, None, None]


def test_an_interrupted_preparation_is_not_waited_for(rig: Rig) -> None:
    entered, over = threading.Event(), threading.Event()

    class Slow(FakeHost):
        def ask(self, request: Request) -> Answer:
            if request.verb == "prepare":
                entered.set()
                over.wait()
                raise Unreachable("the connection was closed.")
            return super().ask(request)

        def close(self) -> None:
            over.set()

    class Interrupting(FakeHost):
        def ask(self, request: Request) -> Answer:
            if request.verb == "prepare":
                entered.wait()
                raise KeyboardInterrupt
            return super().ask(request)

    rig.fakes |= {"web1": Interrupting(), "web2": Slow()}
    fleet = rig.taken()
    fleet.upload(NEW, NAMES)
    with pytest.raises(KeyboardInterrupt):
        fleet.prepare(NEW, NAMES)
    assert told(fleet.finish(NAMES, b"{}\n")) == everywhere("finish", "pass", "closed")
    assert [request.verb for request in rig.fakes["web2"].asked] == ["acquire", "stage", "finish"]
