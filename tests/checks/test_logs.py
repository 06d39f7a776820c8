"""`logs`: real files of this machine, read by the real script in every shell that a host may have."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from rollback.model import Finding, Release, Result, View
from tests.build import V1, V2
from tests.checks.on_machine import Machine
from tests.checks.world import Ran, Told, told, world
from tests.hosts.local import SHELLS

PASS, FAIL, ERROR = Result.PASS, Result.FAIL, Result.ERROR
INCONCLUSIVE, SKIPPED = Result.INCONCLUSIVE, Result.SKIPPED
QUICK = "{min_healthy_time: 0s, healthy_deadline: 1s}"
PREVIOUS = {"web1": V1}

OLD = """\
INFO GET / 200
Traceback (most recent call last):
  File "/srv/shop/releases/v1-31/shop.py", line 12, in pay
    charge(card)
TimeoutError: took 31 s
"""
NEW = """\
INFO GET / 200
ERROR in app: Exception on /login [POST]
Traceback (most recent call last):
  File "/srv/shop/releases/v2-32/flask/app.py", line 1511, in wsgi_app
    response = self.full_dispatch_request()
  File "/srv/shop/releases/v2-32/shop.py", line 42, in login
    user["profile"]
KeyError: 'profile'
Traceback (most recent call last):
  File "/srv/shop/releases/v2-32/shop.py", line 99, in pay
    charge(card)
TimeoutError: took 77 s
"""


class Log:
    """A check of one log file, before and after a switch to v2."""

    def __init__(
        self,
        root: Path,
        asked: str,
        *,
        before: str | None = "",
        shell: str = "dash",
        place: str = "log",
        machine: Machine | None = None,
    ) -> None:
        self.file = root / "log"
        if before is not None:
            self.file.write_text(before)
        self.machine = machine or Machine(root, shell)
        check = f"  - {{name: errors, logs: {{file: '{place}', {asked}}}}}"
        self.world = world(check, fleet=self.machine, gate=QUICK)
        self.world.checks.before(V2, ("web1",), {})
        self.machine.switch(V2)

    def write(self, text: str) -> Log:
        with self.file.open("a") as opened:
            opened.write(text)
        return self

    def ask(self) -> Finding:
        (found,) = self.world.checks.gate(V2, PREVIOUS, ("web1",), View.HOST)
        return found


@pytest.mark.parametrize("shell", SHELLS)
def test_an_exception_that_was_never_seen_before_the_switch_is_found(tmp_path: Path, shell: str) -> None:
    """The other one was there already, though its line and its seconds are others now."""
    found = Log(tmp_path, "new_exceptions: on", before=OLD, shell=shell).write(NEW * 3).ask()
    expected = (FAIL, "KeyError in login (shop.py), 3 times, never before the switch", "no new exception")
    assert (told(found), found.evidence) == (expected, "KeyError: 'profile'")


@pytest.mark.parametrize("shell", SHELLS)
def test_an_exception_that_was_there_before_is_no_news(tmp_path: Path, shell: str) -> None:
    found = Log(tmp_path, "new_exceptions: on", before=OLD, shell=shell).write(OLD.replace("31 s", "77 s")).ask()
    assert told(found) == (PASS, "no new exception", "")


STACKS = [
    (
        "TypeError: Cannot read properties of undefined (reading 'profile')\n    at login (/srv/shop/app.js:10:5)\n",
        "TypeError in login, once",
    ),
    ("Error: boom\n    at /srv/shop/releases/v2/app.js:10:5\n", "Error in app.js:#:#, once"),
    (
        'Exception in thread "main" java.lang.NullPointerException: x\n\tat com.example.Foo.bar(Foo.java:42)\n',
        "java.lang.NullPointerException in com.example.Foo.bar, once",
    ),
    (
        "panic: runtime error: index out of range [3] with length 2\n\ngoroutine 1 [running]:\n"
        "panic({0x4a2b, 0xc1})\n\t/usr/go/panic.go:884\nmain.(*Shop).login(0xc0000)\n\t/srv/shop.go:12 +0x1d\n",
        "panic: runtime error: index out of range [#] with length # in main.(*Shop).login, once",
    ),
    ("12:00 web1 app[7]: sqlalchemy.exc.OperationalError: (psycopg) lost\n", "sqlalchemy.exc.OperationalError, once"),
    ("app.rb:10:in `login': undefined method (NoMethodError)\n", "NoMethodError, once"),
    ("Traceback (most recent call last):\nProfileMissing: 0x7f31 for deadbeef42\n", "ProfileMissing, once"),
]


@pytest.mark.parametrize(("text", "said"), STACKS, ids=[said.split()[0] for _, said in STACKS])
@pytest.mark.parametrize("awk", ["mawk", "busybox"])
def test_stacks_of_many_languages_are_told_by_class_and_place(tmp_path: Path, awk: str, text: str, said: str) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "awk").symlink_to(shutil.which(awk) or "/nowhere")
    log = Log(tmp_path, "new_exceptions: on", before=OLD)
    log.machine.path = programs
    found = log.write(text + "INFO GET /?q=FooError 200\nINFO GET /BarException.html 404\n").ask()
    assert told(found) == (FAIL, f"{said}, never before the switch", "no new exception")


def test_a_line_like_the_head_of_a_stack_hides_nothing_that_follows_it(tmp_path: Path) -> None:
    text = "panic: at the disco\nINFO GET / 200\nTraceback (most recent call last):\nINFO GET / 200\nValueError: x\n"
    found = Log(tmp_path, "new_exceptions: on").write(text).ask()
    assert found.observed == "panic: at the disco, once, never before the switch, and 1 more"
    assert found.evidence.splitlines() == ["panic: at the disco", "ValueError: x"]


COUNTED = [
    ("pattern: ERROR, max_count: 1", (PASS, "1 lines match", "")),
    ("pattern: ERROR, max_count: 0", (FAIL, "1 lines match since the switch", "at most 0")),
    ("pattern: '(?i)error', max_count: 0", (FAIL, "2 lines match since the switch", "at most 0")),
    (
        "pattern: ERROR, total: '(GET|POST) /\\w*', max_ratio: 50%",
        (PASS, "1 of 3 lines (33.3%)", ""),
    ),
    ("pattern: ERROR, total: ' (GET|POST) ', max_ratio: 1%", (FAIL, "1 of 3 lines (33.3%)", "at most 1%")),
    (
        "pattern: ERROR, total: ' PUT ', max_ratio: 1%",
        (INCONCLUSIVE, "not measured within 1 s: 0 lines of `total` since the switch", "1 or more"),
    ),
    (
        "pattern: ERROR, total: ' (GET|POST) ', max_ratio: 1%, min_requests: 4",
        (INCONCLUSIVE, "not measured within 1 s: 3 lines of `total` since the switch", "4 or more"),
    ),
    (
        "pattern: ERROR, max_count: 0, total: ' GET ', min_requests: 50",
        (FAIL, "1 lines match since the switch", "at most 0"),
    ),
]


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(("asked", "said"), COUNTED)
def test_lines_since_the_switch_are_counted(tmp_path: Path, shell: str, asked: str, said: Told) -> None:
    before = "ERROR of the old release\n" * 20
    since = "INFO GET / 200\nINFO GET /a 200\nERROR POST /login 500\nan error\n"
    log = Log(tmp_path, asked, before=before, shell=shell).write(since)
    assert told(log.ask()) == said


def test_evidence_is_the_last_lines_that_match_redacted_and_cleaned(tmp_path: Path) -> None:
    log = Log(tmp_path, "pattern: ERROR, max_count: 0")
    log.write("".join(f"ERROR {n}\x1b[31m Authorization: Bearer abcdefghijklmnopqrstuvwx \x00\n" for n in range(9)))
    found = log.ask()
    assert found.evidence.splitlines()[0] == "ERROR 4\\x1b[31m Authorization: Bearer [hidden]"
    assert len(found.evidence.splitlines()) == 5


def rotated(log: Path) -> None:
    log.rename(f"{log}.1")


def by_date(log: Path) -> None:
    log.rename(f"{log}-20261123")


@pytest.mark.parametrize("rotate", [rotated, by_date])
@pytest.mark.parametrize("shell", SHELLS)
def test_a_log_that_is_rotated_meanwhile_is_read_in_both_files(
    tmp_path: Path, shell: str, rotate: Callable[[Path], None]
) -> None:
    log = Log(tmp_path, "pattern: ERROR, max_count: 0, new_exceptions: on", before=OLD + "ERROR before\n", shell=shell)
    log.write(f"ERROR last of the old file\n{OLD}")
    rotate(log.file)
    found = log.write("ERROR first of the new\n").ask()
    assert told(found) == (FAIL, "2 lines match since the switch", "at most 0")
    assert found.evidence == "ERROR last of the old file\nERROR first of the new"


def test_what_was_rotated_before_the_switch_is_no_news_after_it(tmp_path: Path) -> None:
    (tmp_path / "log.1").write_text(OLD)
    (tmp_path / "log.2.gz").write_bytes(b"\x1f\x8b")
    assert told(Log(tmp_path, "new_exceptions: on").write(OLD).ask()) == (PASS, "no new exception", "")
    assert Log(tmp_path, "new_exceptions: on", before=None).write(NEW).ask().result is FAIL


def test_a_log_that_lost_lines_is_inconclusive_and_one_that_shows_too_much_all_the_same_fails(tmp_path: Path) -> None:
    log = Log(tmp_path, "pattern: ERROR, max_count: 0, new_exceptions: on", before="x" * 100)
    log.file.write_text("INFO copied away and truncated\nKeyError: 1\n")
    said = "a part of the log since the switch is gone: it was rotated or truncated"
    assert told(log.ask()) == (INCONCLUSIVE, said, "")
    assert told(log.write("ERROR\n").ask()) == (FAIL, "1 lines match since the switch", "at most 0")
    log.file.unlink()
    log.file.write_text("INFO a file of another inode, and the old one nowhere\n" * 9)
    assert told(log.ask()) == (INCONCLUSIVE, said, "")


def test_a_log_that_only_begins_after_the_switch_is_read_from_its_beginning(tmp_path: Path) -> None:
    log = Log(tmp_path, "pattern: ERROR, max_count: 1", before=None)
    missing = (INCONCLUSIVE, "not measured within 1 s: there is no log", "a log")
    assert told(log.ask()) == missing
    assert told(log.write("ERROR\n").ask()) == (PASS, "1 lines match", "")


def test_a_log_inside_the_release_is_the_new_releases_own(tmp_path: Path) -> None:
    old = tmp_path / "releases" / V1.id / "app.log"
    old.parent.mkdir(parents=True)
    old.write_text(OLD)
    log = Log(tmp_path, "pattern: ERROR, max_count: 0, new_exceptions: on", place="current/app.log")
    with old.open("a") as opened:
        opened.write("ERROR last words of the old process\n")
    (tmp_path / "current" / "app.log").write_text(OLD + "ERROR\n")
    assert told(log.ask()) == (FAIL, "2 lines match since the switch", "at most 0")


def test_only_the_end_of_a_very_long_log_is_read_and_that_is_said(tmp_path: Path) -> None:
    log = Log(tmp_path, "pattern: ERROR, max_count: 0, new_exceptions: on")
    log.write("ERROR at the beginning\n" + "INFO all is well\n" * 550_000)
    assert told(log.ask()) == (PASS, "no new exception, 0 lines match; only its last 8 MiB were looked at", "")


def test_a_log_that_may_not_be_read_is_an_error(tmp_path: Path) -> None:
    """Root reads everything, but for one that has given up what makes it so."""
    unprivileged = "setpriv --bounding-set=-dac_override,-dac_read_search " if os.geteuid() == 0 else ""
    log = Log(tmp_path, "pattern: ERROR, max_count: 0", shell=f"{unprivileged}dash")
    log.file.chmod(0)
    assert told(log.ask()) == (ERROR, "the log could not be read", "its lines")


def test_a_place_that_is_no_file_is_an_error(tmp_path: Path) -> None:
    log = Log(tmp_path, "pattern: ERROR, max_count: 0", before=None)
    log.file.mkdir()
    found = log.ask()
    assert told(found) == (ERROR, "the log could not be read", "its lines")


def test_names_and_patterns_reach_the_host_as_they_are(tmp_path: Path) -> None:
    """Whatever a shell would make of them."""
    strange = "a $(touch oops) `id`' \"b"
    log = Log(tmp_path, "pattern: \"'; touch oops; '\", max_count: 0", place=strange.replace("'", "''"))
    (tmp_path / strange).write_text("x '; touch oops; ' y\n")
    assert told(log.ask()) == (FAIL, "1 lines match since the switch", "at most 0")
    assert list(tmp_path.rglob("oops")) == []


def test_without_a_switch_nobody_knows_where_the_lines_begin_and_no_host_is_asked(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    check = (
        "  - {name: f, logs: {file: log, new_exceptions: on}}\n  - {name: j, logs: {journal: x, new_exceptions: on}}"
    )
    said = (SKIPPED, "nothing was switched just now: nobody can say where its lines begin", "")
    assert [told(found) for found in world(check, fleet=machine).ask()] == [said, said]
    assert machine.commands == []


def test_a_way_back_reads_from_its_own_switch_on(tmp_path: Path) -> None:
    log = Log(tmp_path, "pattern: ERROR, max_count: 0").write("ERROR of the bad release\n")
    assert log.ask().result is FAIL
    log.world.checks.before(V1, ("web1",), {})
    log.machine.switch(V1)
    (found,) = log.write("INFO fine\n").world.checks.gate(V1, PREVIOUS, ("web1",), View.HOST)
    assert told(found) == (PASS, "0 lines match", "")


def test_where_the_log_could_not_be_looked_at_before_the_switch_nothing_can_be_said(tmp_path: Path) -> None:
    check = "  - {name: errors, logs: {file: log, new_exceptions: on}}"
    machine = Machine(tmp_path)
    (tmp_path / "current").unlink()  # the first release: there is nothing yet in which a command could be run
    small = world(check, fleet=machine, gate=QUICK)
    small.checks.before(V2, ("web1",), {})
    machine.switch(V2)
    (found,) = small.checks.gate(V2, PREVIOUS, ("web1",), View.HOST)
    assert told(found) == (INCONCLUSIVE, "where the log stood before the switch was not seen: web1: nothing", "")
    (found,) = small.checks.gate(V2, {"web1": None}, ("web1",), View.HOST)
    assert told(found) == (SKIPPED, "no release was live here before: nobody can say where its lines begin", "")


JOURNALCTL = """#!/bin/sh
# Stands in for systemd's: lines of FILE with a time before each, and the options that are asked for.
lines=0 since=0 until=99999999999
for word; do
    case $word in
    --since=@*) since=${word#*@} ;; --until=@*) until=${word#*@} ;; --lines=*) lines=${word#*=} ;;
    --unit=shop.service | --quiet | --no-pager | --all | --output=cat) ;;
    *) exit 1 ;;
    esac
done
awk -v since="$since" -v until="$until" '$1 >= since && $1 <= until { sub(/^[^ ]* /, ""); print }' FILE
"""


@pytest.mark.parametrize("shell", SHELLS)
def test_the_journal_is_read_since_the_moment_of_the_switch(tmp_path: Path, shell: str) -> None:
    programs, journal = tmp_path / "bin", tmp_path / "journal"
    programs.mkdir()
    (programs / "journalctl").write_text(JOURNALCTL.replace("FILE", str(journal)))
    (programs / "journalctl").chmod(0o755)
    machine = Machine(tmp_path, shell, programs)
    check = "  - {name: e, logs: {journal: shop.service, pattern: ERROR, max_count: 1, new_exceptions: on}}"
    small = world(check, fleet=machine, gate=QUICK)
    journal.write_text("")
    small.checks.before(V2, ("web1",), {})
    machine.switch(V2)
    assert machine.commands == []  # the journal knows times: there is nothing to look at before

    (found,) = small.checks.gate(V2, PREVIOUS, ("web1",), View.HOST)
    assert found.result is INCONCLUSIVE
    assert "the journal shows nothing of shop.service" in found.observed

    switched = (tmp_path / "current").lstat().st_mtime
    journal.write_text(f"{switched - 0.3:.6f} ERROR KeyError: 1\n{switched + 0.3:.6f} ERROR KeyError: 2\n")
    (found,) = small.checks.gate(V2, PREVIOUS, ("web1",), View.HOST)
    assert told(found) == (PASS, "no new exception, 1 lines match", "")
    (programs / "journalctl").write_text("#!/bin/sh\necho no such option >&2; exit 1\n")
    (found,) = small.checks.gate(V2, PREVIOUS, ("web1",), View.HOST)
    assert (*told(found), found.evidence) == (
        ERROR,
        "the log could not be read",
        "its lines",
        "no such option\nit could not be read",
    )


@pytest.mark.parametrize(
    "answer", ["", "count 3", "count many\nend", "new 1\nend", "count 1\nend of nothing", "count -1\nend"]
)
def test_an_answer_that_does_not_add_up_is_never_a_good_count(answer: str, tmp_path: Path) -> None:
    class Strange(Machine):
        def command(self, host: str, text: str, release: Release, timeout: float) -> Ran:
            return Ran(0, answer) if "wc -l" in text else super().command(host, text, release, timeout)

    log = Log(tmp_path, "pattern: ERROR, max_count: 5, new_exceptions: on", machine=Strange(tmp_path))
    found = log.ask()
    assert (found.result, "the log could not be counted: " in found.observed) == (ERROR, True)
