"""The agent itself, run by each kind of shell: what it does on disk, and what it refuses."""

from __future__ import annotations

import os
import re
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from rollback.errors import OutsideProtocol, Unreachable, UsageError
from rollback.hosts import requests
from rollback.hosts.protocol import Answer, Request, command, parse, script
from rollback.hosts.reading import ran, sighting
from rollback.hosts.remote import Agent
from rollback.hosts.script import functions
from rollback.model import LeaseSeen, Release
from tests.hosts.contract import NEW, OLD, Stage
from tests.hosts.local import LocalShell, fill
from tests.hosts.packages import PLAIN, Shared, package


def raw(stage: Stage, verb: str, **words: str) -> Answer:
    return stage.ask(Request(verb, (("root", stage.host.root), *words.items())))


def live(stage: Stage, one: Release = OLD) -> None:
    stage.acquire()
    stage.bring(one)
    assert stage.activate(one, None).status == "ok"


# What travels


def test_it_is_clean_to_shellcheck() -> None:
    folder = Path(__file__).parents[2] / "rollback/hosts/agent"
    every = b"".join(path.read_bytes() for path in sorted(folder.iterdir()))
    done = subprocess.run(["shellcheck", "-s", "sh", "-"], input=every, capture_output=True, check=False)
    assert (done.stdout, len(functions())) == (b"", len(re.findall(rb"^[a-z_]+\(\) ", every, re.MULTILINE)))


def test_a_text_that_was_cut_off_does_nothing(shell: str, root: Path) -> None:
    text = script(
        Request("acquire", (("root", str(root)), ("operation", "OP1"), ("ttl", "60"), ("holder", "a"), ("least", "0")))
    )
    call = text.index(b"\nrollback_agent acquire")
    for end in [*range(0, call, 250), *range(call, len(text) - 2)]:
        sent = text[:end]
        words = command(sent).replace("exec /bin/sh ", f"exec {shell} ")
        done = subprocess.run(["sh", "-c", words], input=sent, capture_output=True, check=False)
        assert done.stdout == b"\n"
    assert list(root.iterdir()) == []


def test_the_payload_is_left_for_the_verb(stage: Stage) -> None:
    stage.acquire()
    assert stage.stage(NEW).status == "ok"


def test_values_are_quoted_whatever_they_are(stage: Stage) -> None:
    live(stage)
    hostile = 'it\'s "$HOME" `id` \\ $(touch /tmp/never) ; \n & é \udcff'
    answer = stage.ask(requests.command(stage.host, 'printf %s "$X"', 5, {"X": hostile}))
    assert (
        "\n".join(answer.all("out")).encode()
        == hostile.encode(errors="surrogateescape").decode(errors="backslashreplace").encode()
    )


def test_a_nul_is_refused_before_anything_is_sent(stage: Stage) -> None:
    with pytest.raises(UsageError):
        script(requests.command(stage.host, "a\0b", 5, {}))


@pytest.mark.parametrize("said", [b"", b"Welcome\n", b"rollback/1 live x\n", b"rollback/1 end ok\nrollback/1 live x\n"])
def test_an_answer_without_an_end_is_outside_the_protocol(said: bytes) -> None:
    with pytest.raises(OutsideProtocol):
        parse(said, "web1")


def test_what_a_login_shell_says_is_skipped() -> None:
    assert parse(b"Welcome!\nrollback/1 end ok\n", "web1") == Answer("ok")


# What is refused


@pytest.mark.parametrize("name", ["", ".", "..", ".x", "a/b", "a b", "a;b", "$(id)", "a\nb", "x" * 241, "é"])
@pytest.mark.parametrize("key", ["operation", "release", "steal", "id"])
def test_hostile_names_are_refused(stage: Stage, key: str, name: str) -> None:
    assert raw(stage, "sight", **{key: name}) == Answer("misused", key)


@pytest.mark.parametrize("number", ["", "-1", "01", "1e3", "1" * 16, "$((1))", "x"])
def test_hostile_numbers_are_refused(stage: Stage, number: str) -> None:
    assert raw(stage, "sight", token=number) == Answer("misused", "token")


@pytest.mark.parametrize("path", ["", "/etc", "..", "a/../..", "a//b", "./a", "a/."])
def test_shared_paths_stay_inside(stage: Stage, path: str) -> None:
    assert raw(stage, "sight", dir=path) == Answer("misused", "dir")


def test_unknown_verbs_and_words_are_refused(stage: Stage) -> None:
    assert [raw(stage, "explode").status, raw(stage, "sight", what="x").status] == ["misused", "misused"]


def test_a_root_that_is_missing_is_said_to_be(stage: Stage, root: Path) -> None:
    root.rmdir()
    assert [raw(stage, "sight").status, stage.acquire().status] == ["noroot", "noroot"]


@pytest.mark.parametrize(
    ("make", "status"),
    [
        (lambda link: link.mkdir(), "notalink"),
        (lambda link: link.write_text("x"), "notalink"),
        (lambda link: link.symlink_to("/etc"), "badlink"),
        (lambda link: link.symlink_to("releases/../../etc"), "badlink"),
    ],
)
def test_a_current_that_is_no_link_to_a_release_is_refused(
    stage: Stage, root: Path, make: Callable[[Path], object], status: str
) -> None:
    make(root / "current")
    assert [raw(stage, "sight").status, stage.acquire().status] == [status, status]


def test_looking_creates_nothing(stage: Stage, root: Path) -> None:
    stage.seen()
    assert list(root.iterdir()) == []


# Releases


def test_a_release_is_what_its_manifest_says(stage: Stage, root: Path) -> None:
    files = {**PLAIN, "näme with space": b"1", "new\nline": b"2", "per%cent/-rf": b"3", "\udcff": b"4"}
    links = {"link": "app.py", "lib/up": "../app.py", "odd link": "näme with space"}
    stage.acquire()
    made = package(NEW, stage.folder, files, links, modes={"run.sh": 0o755})
    assert stage.stage(made) == Answer("ok")
    assert stage.prepare(NEW) == Answer("ok")
    folder = root / "releases" / NEW.id
    assert {path: (folder / path).read_bytes() for path in files} == files
    assert {path: str((folder / path).readlink()) for path in links} == links
    assert (folder / "run.sh").stat().st_mode & 0o777 == 0o555
    assert (folder / "app.py").stat().st_mode & 0o777 == 0o444
    assert inspected(stage) == f"{NEW.id} intact"


def inspected(stage: Stage) -> str | None:
    return stage.ask(requests.inspect(stage.host, (NEW,), Shared())).first("kept")


@pytest.mark.parametrize("path", ["app.py", "lib/deep/er.txt"])
def test_a_file_that_was_changed_since_is_found(stage: Stage, root: Path, path: str) -> None:
    stage.acquire()
    stage.bring(NEW)
    file = root / "releases" / NEW.id / path
    file.chmod(0o644)
    file.write_text("changed")
    assert inspected(stage) == f"{NEW.id} damaged 1 {path}"


@pytest.mark.parametrize(
    ("files", "modes", "sentence"),
    [
        ({"app.py": b"evil"}, {}, "what was unpacked is not what the manifest says"),
        (PLAIN, {"app.py": 0o755}, "what was unpacked is not what the manifest says"),
        ({**PLAIN, "more": b""}, {}, "6 entries were unpacked instead of 5"),
    ],
)
def test_an_upload_that_is_not_what_its_manifest_says_is_thrown_away(
    stage: Stage, files: dict[str, bytes], modes: dict[str, int], sentence: str
) -> None:
    stage.acquire()
    made, other = package(NEW, stage.folder), package(NEW, stage.folder / "other", files, modes=modes)
    answer = stage.stage(replace(made, archive=other.archive, digest=other.digest))
    assert (answer.status, answer.detail, stage.seen().partial) == ("failed", sentence, ())


def test_a_damaged_upload_is_thrown_away(stage: Stage) -> None:
    stage.acquire()
    answer = stage.stage(replace(package(NEW, stage.folder), digest="0" * 64))
    assert (answer.detail, stage.seen().partial) == ("the upload arrived damaged", ())


def test_what_is_shared_is_linked_and_outlives_releases(stage: Stage, root: Path) -> None:
    (root / "shared").mkdir()
    (root / "shared/.env").write_text("secret")
    shared = Shared(dirs=("log", "lib/deep"), files=(".env",))
    stage.acquire()
    stage.stage(NEW)
    assert stage.prepare(NEW, shared=shared).status == "ok"
    folder = root / "releases" / NEW.id
    links = {path: str((folder / path).readlink()) for path in ("log", "lib/deep", ".env")}
    assert links == {"log": "../../shared/log", "lib/deep": "../../../shared/lib/deep", ".env": "../../shared/.env"}
    assert (folder / ".env").read_text() == "secret"
    (root / "shared/lib/deep/er.txt").write_text("later")
    assert inspected(stage) == f"{NEW.id} intact"


def test_a_shared_path_below_a_link_of_the_release_is_refused(stage: Stage, root: Path) -> None:
    (root.parent / "outside").mkdir()
    stage.acquire()
    stage.stage(package(NEW, stage.folder, links={"out": "../../../outside"}))
    assert stage.prepare(NEW, shared=Shared(dirs=("out/log",))).status == "failed"
    assert list((root.parent / "outside").iterdir()) == []


def test_preparing_stops_at_the_first_command_that_fails(stage: Stage, root: Path) -> None:
    stage.acquire()
    stage.stage(NEW)
    answer = stage.prepare(NEW, "echo one", "echo two; exit 3", "touch three")
    assert (answer.status, answer.detail) == ("failed", "exit status 3: echo two; exit 3")
    assert (answer.all("ran"), answer.all("out")) == (("1 0", "2 3"), ("one", "two"))
    assert not (root / "releases" / NEW.id / "three").exists()
    assert stage.seen().partial == (NEW.id,)


def test_what_the_commands_changed_themselves_is_not_damage(stage: Stage) -> None:
    stage.acquire()
    stage.stage(NEW)
    assert stage.prepare(NEW, "echo built >>app.py; rm run.sh; mkdir .venv").status == "ok"
    assert inspected(stage) == f"{NEW.id} intact"


def test_a_command_that_takes_too_long_is_ended(stage: Stage) -> None:
    stage.host = replace(stage.host, ssh=replace(stage.host.ssh, command_timeout=1))
    stage.acquire()
    stage.stage(NEW)
    answer = stage.prepare(NEW, "sleep 60")
    assert (answer.status, answer.detail) == ("failed", "took longer than 1 s: sleep 60")


# Migrations


def test_migrations_are_run_in_the_new_releases_folder_with_what_is_told_of_it(stage: Stage, root: Path) -> None:
    stage.acquire()
    stage.bring(OLD, NEW)
    stage.activate(OLD, None)
    variables = {"ROLLBACK_TAG": "v2"}
    up = 'cat REVISION; echo "$ROLLBACK_TAG" >>../../ran'
    answer = stage.ask(requests.migrate(stage.host, stage.turns.next(), NEW, up, variables))
    assert (answer.status, answer.all("out")) == ("ok", (f"{NEW.tag} {NEW.commit}",))
    assert ((root / "ran").read_text(), stage.seen().live) == ("v2\n", OLD.id)


def test_a_failing_migration_is_told_with_its_output(stage: Stage) -> None:
    stage.acquire()
    stage.bring(NEW)
    answer = stage.migrate(NEW, "echo no such table >&2; exit 3")
    assert (answer.status, answer.detail) == ("failed", "exit status 3: echo no such table >&2; exit 3")
    assert answer.all("out") == ("no such table",)


def test_a_migration_that_takes_too_long_is_ended(stage: Stage) -> None:
    stage.host = replace(stage.host, ssh=replace(stage.host.ssh, command_timeout=1))
    stage.acquire()
    stage.bring(NEW)
    assert stage.migrate(NEW, "sleep 60").detail == "took longer than 1 s: sleep 60"


def test_a_lost_answer_is_given_again_without_a_second_migration(stage: Stage, shell: str, root: Path) -> None:
    stage.acquire()
    stage.bring(NEW)
    request = requests.migrate(stage.host, stage.turns.next(), NEW, "echo once; echo once >>../../ran", {})
    with pytest.raises(Unreachable):
        Agent("web1", LocalShell(shell, drop=1)).ask(request)
    answer = stage.ask(request)
    assert (answer.status, answer.all("out"), (root / "ran").read_text()) == ("ok", ("once",), "once\n")


@pytest.mark.parametrize("point", ["enter:migrate", "migrate:ran"])
def test_a_migration_that_was_cut_off_is_not_run_again_by_itself(
    stage: Stage, shell: str, root: Path, point: str
) -> None:
    stage.acquire()
    stage.bring(NEW)
    request = requests.migrate(stage.host, stage.turns.next(), NEW, "echo once >>../../ran", {})
    with pytest.raises(Unreachable):
        Agent("web1", LocalShell(shell, {"ROLLBACK_FAILPOINT": point})).ask(request)
    before = (root / "ran").exists()
    assert [stage.ask(request) for _ in range(2)] == [Answer("unknown", "an earlier try was cut off")] * 2
    assert ((root / "ran").exists(), before) == (before, point == "migrate:ran")


def test_nothing_is_migrated_before_its_journal_is_there(stage: Stage, root: Path) -> None:
    stage.acquire()
    stage.bring(NEW)
    (root / ".rollback/journal.new").mkdir()
    answer = stage.migrate(NEW, "touch ../../ran", journal=b"{}\n")
    assert answer == Answer("full", "the journal could not be written")
    assert (stage.seen().journals, (root / "ran").exists()) == ({}, False)


# The switch


def test_a_failing_drain_stops_a_deploy_and_not_a_way_back(stage: Stage) -> None:
    stage.acquire()
    stage.bring(OLD, NEW)
    stage.activate(OLD, None)
    stage.host = replace(stage.host, drain="echo full; exit 4")
    forward = stage.activate(NEW, OLD, must="drain")
    assert (forward.status, forward.detail, stage.seen().live) == (
        "failed",
        "drain: exit status 4: echo full; exit 4",
        OLD.id,
    )
    assert (stage.activate(NEW, OLD, must="switch").status, stage.seen().live) == ("ok", NEW.id)


def test_a_failing_restart_is_told_with_its_output(stage: Stage) -> None:
    stage.host = replace(stage.host, restart="echo no such unit >&2; exit 5")
    stage.acquire()
    stage.bring(NEW)
    answer = stage.activate(NEW, None)
    assert (answer.status, answer.all("did"), answer.all("out")) == ("failed", ("switch",), ("no such unit",))


def test_what_is_live_already_is_restarted_all_the_same(stage: Stage, root: Path) -> None:
    live(stage)
    stage.host = replace(stage.host, restart="echo again >>../../restarts")
    stage.activate(OLD, OLD)
    assert (root / "restarts").read_text() == "again\n"


def test_a_lost_answer_is_given_again_without_a_second_restart(stage: Stage, shell: str, root: Path) -> None:
    stage.host = replace(stage.host, restart="echo once; echo once >>../../restarts")
    stage.acquire()
    stage.bring(OLD)
    request = requests.activate(stage.host, stage.turns.next(), OLD, (None,), "switch", {})
    with pytest.raises(Unreachable):
        Agent("web1", LocalShell(shell, drop=1)).ask(request)
    answer = stage.ask(request)
    assert (answer.status, answer.all("out"), (root / "restarts").read_text()) == ("ok", ("once",), "once\n")


def test_a_retry_waits_for_the_try_that_still_runs(stage: Stage, root: Path) -> None:
    stage.host = replace(stage.host, restart="sleep 1; echo once >>../../restarts")
    stage.acquire()
    stage.bring(OLD)
    request = requests.activate(stage.host, stage.turns.next(), OLD, (None,), "switch", {})
    with pytest.raises(Unreachable):
        stage.ask(replace(request, deadline=0.3))
    assert (stage.ask(request).status, (root / "restarts").read_text()) == ("ok", "once\n")


def test_a_daemon_neither_keeps_the_answer_nor_the_locks(stage: Stage, root: Path) -> None:
    stage.host = replace(stage.host, restart="sleep 30 & echo $! >../../pid")
    stage.acquire()
    stage.bring(OLD, NEW)
    assert (
        stage.ask(
            replace(requests.activate(stage.host, stage.turns.next(), OLD, (None,), "switch", {}), deadline=15)
        ).status
        == "ok"
    )
    pid = int((root / "pid").read_text())
    try:
        opened = {str(path.readlink()) for path in Path(f"/proc/{pid}/fd").iterdir()}
        assert not {str(root / ".rollback" / lock) for lock in ("mutex", "busy")} & opened
        ignored = next(
            line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("SigIgn")
        )
        assert int(ignored.split()[1], 16) & 0b1_0000_0000_0001 == 0, "neither HUP nor PIPE is ignored"
        assert stage.activate(NEW, OLD).status == "ok"
        found = stage.ask(requests.running(stage.host, NEW))
        assert f"{pid} releases/{OLD.id} sleep" in found.all("stray")
    finally:
        os.kill(pid, 9)


def test_looking_and_renewing_never_wait_for_a_running_command(stage: Stage) -> None:
    stage.host = replace(stage.host, restart="sleep 2")
    stage.acquire()
    stage.bring(OLD)
    request = requests.activate(stage.host, stage.turns.next(), OLD, (None,), "switch", {})
    answers: list[Answer] = []
    thread = threading.Thread(target=lambda: answers.append(stage.ask(request)))
    thread.start()
    while (intent := stage.seen().intent) is None or intent.state != "switched":
        time.sleep(0.01)
    assert stage.ask(requests.renew(stage.host, "OP1", 1, 60)).status == "ok"
    assert answers == []
    thread.join()
    assert answers[0].status == "ok"


def test_a_lease_stolen_while_draining_stops_the_switch(stage: Stage) -> None:
    live(stage)
    stage.bring(NEW)
    stage.host = replace(stage.host, drain="rm -f ../../.rollback/lease")
    answer = stage.activate(NEW, OLD)
    assert (answer.status, answer.all("did"), stage.seen().live) == ("fenced", ("drain",), OLD.id)


def test_commands_know_who_they_are(stage: Stage, root: Path) -> None:
    live(stage)
    done = stage.ask(requests.command(stage.host, "pwd; echo $WHO; echo err >&2; exit 3", 5, {"WHO": "ada"}))
    assert (ran(done).exit_status, ran(done).stdout, ran(done).stderr) == (3, f"{root}/current\nada", "err")


def test_pruning_keeps_what_an_intent_names(stage: Stage) -> None:
    live(stage)
    stage.bring(NEW)
    stage.host = replace(stage.host, drain="false")
    assert stage.activate(NEW, OLD, must="drain").status == "failed"
    assert stage.ask(requests.prune(stage.host, stage.turns.next(), (NEW.id,))).all("kept") == (NEW.id,)


def test_endless_output_is_bounded(stage: Stage) -> None:
    live(stage)
    answer = stage.ask(requests.command(stage.host, "yes x | head -c 1000000; echo end", 20, {}))
    assert (len(answer.all("out")), answer.all("out")[-1]) == (200, "end")


# Leases


def test_of_many_contenders_one_wins(stage: Stage) -> None:
    answers: list[Answer] = []
    names = [f"OP{number}" for number in range(20)]

    def contend(name: str) -> None:
        answers.append(stage.ask(requests.acquire(stage.host, name, "ada", 60)))

    threads = [threading.Thread(target=contend, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status for answer in answers) == ["held"] * 19 + ["ok"]


def test_an_expired_lease_is_taken_over_with_a_notice(stage: Stage) -> None:
    stage.acquire("OP1", ttl=1)
    time.sleep(2)
    late = stage.turns
    assert stage.ask(requests.prune(stage.host, late.next(), ())).status == "expired"
    assert stage.acquire("OP2").first("taken") == "OP1 ada@laptop stale"


def test_an_expired_lease_that_nobody_took_is_renewed(stage: Stage) -> None:
    stage.acquire("OP1", ttl=1)
    time.sleep(2)
    assert stage.ask(requests.renew(stage.host, "OP1", 1, 60)).status == "ok"
    assert stage.ask(requests.prune(stage.host, stage.turns.next(), ())).status == "ok"


def test_a_lease_from_before_a_reboot_is_stale(stage: Stage, root: Path) -> None:
    stage.acquire("OP1")
    lease = root / ".rollback/lease"
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    lease.write_text(lease.read_text().replace(boot, "0" * 36))
    assert stage.acquire("OP2").first("taken") == "OP1 ada@laptop stale"


def test_a_lease_that_is_renewed_after_a_reboot_lasts_as_long_as_any_other(stage: Stage, root: Path) -> None:
    stage.acquire("OP1")
    lease = root / ".rollback/lease"
    operation, token, _, expiry, *rest = lease.read_text().split(" ")
    lease.write_text(" ".join((operation, token, "0" * 36, str(int(expiry) + 100_000), *rest)))
    assert stage.ask(requests.renew(stage.host, "OP1", 1, 60)).status == "ok"
    seen = sighting(stage.host, stage.ask(requests.sight(stage.host))).lease
    assert seen is not None
    assert (seen.live, seen.left <= 60) == (True, True)


def test_a_lease_of_an_earlier_version_is_still_read(stage: Stage, root: Path) -> None:
    stage.acquire()
    lease = root / ".rollback/lease"
    lease.write_text(lease.read_text().removesuffix(" -\n") + "\n")
    seen = stage.seen().lease
    assert (stage.acquire("OP2").status, seen) == ("held", LeaseSeen("OP1", 1, "ada@laptop", True, 0, 0, "start"))


@pytest.mark.parametrize("torn", [b"", b"\0\0\0", b"garbage\n", b"OP9 5 b 999999999999 1 p h\n"])
@pytest.mark.parametrize("name", ["lease", "token", "intent", "previous", "answer"])
def test_a_torn_state_file_does_not_block_a_rollback(stage: Stage, root: Path, name: str, torn: bytes) -> None:
    live(stage)
    stage.bring(NEW)
    stage.activate(NEW, OLD)
    token = stage.turns.token
    stage.finish(keep="stranded")
    (root / ".rollback" / name).write_bytes(torn)
    assert stage.acquire("OP2", steal="OP1").status == "ok"
    assert stage.turns.token > token
    assert stage.activate(OLD, NEW).status == "ok"
    assert stage.finish().status == "ok"
    assert stage.seen().live == OLD.id


# A full disk


@pytest.mark.usefixtures("small_disk")
def test_a_full_disk_still_rolls_back(stage: Stage, root: Path) -> None:
    live(stage)
    stage.bring(NEW)
    stage.activate(NEW, OLD)
    stage.finish()
    fill(root)
    stage.host = replace(stage.host, restart="echo restarted")
    assert stage.acquire("OP2").status == "ok"
    answer = stage.activate(OLD, NEW, journal=b"x" * 60_000)
    assert (answer.status, answer.all("out")) == ("ok", ("restarted",))
    assert stage.finish().status == "ok"
    assert (stage.seen().live, stage.seen().lease, stage.seen().journals) == (OLD.id, None, {"OP1": 9, "OP2": 9})


@pytest.mark.usefixtures("small_disk")
def test_a_disk_without_room_for_a_journal_still_rolls_back(stage: Stage, root: Path) -> None:
    live(stage)
    stage.bring(NEW)
    stage.activate(NEW, OLD)
    fill(root)
    answer = stage.activate(OLD, NEW, journal=b"x" * 600_000)
    assert (answer.status, answer.all("unjournalled"), stage.seen().live) == ("ok", ("",), OLD.id)
    assert stage.seen().journals == {}


@pytest.mark.usefixtures("small_disk")
def test_a_full_disk_refuses_an_upload_and_says_so(stage: Stage, root: Path) -> None:
    live(stage)
    fill(root)
    assert stage.stage(NEW).status == "full"
