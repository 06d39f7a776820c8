"""The ledger as an operation and the CLI use it: a set of records that no broken surroundings can stop."""

from __future__ import annotations

import json
import multiprocessing
import os
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ulid import ULID

from rollback.events import Event, Noticed
from rollback.ledger import codec
from rollback.ledger.ids import ulid
from rollback.ledger.journal import ROOM
from rollback.ledger.store import Ledger
from rollback.model import (
    Between,
    Ended,
    Fact,
    Finding,
    Grade,
    Intended,
    Judged,
    Kind,
    Marked,
    Migration,
    Observed,
    Outcome,
    Phase,
    Record,
    Release,
    Result,
    Reverted,
    Started,
    Step,
    Verdict,
    Withdrawn,
)
from tests.ledger.ordinary import as_an_ordinary_person

RELEASE = Release("v1.0.0", "c" * 40, "d" * 40)
RAW = Release("v1-\udcff", "a" * 40, "b" * 40)
HOSTS = ("web1", "web2")
STEP = Step(Phase.VERIFY, RELEASE, HOSTS)
NOW = datetime(2026, 11, 23, 14, 3, 10, tzinfo=UTC)


def finding(result: Result = Result.FAIL, **more: str) -> Finding:
    return Finding("login", result, NOW, "web1", **more)  # type: ignore[arg-type]


FACTS: tuple[Fact, ...] = (
    Started(Kind.DEPLOY, RELEASE, RAW, HOSTS, (("login", "ada"),)),
    Intended(STEP),
    Observed(STEP, (finding(observed="500", expected="302", evidence="KeyError: 'profile'"),)),
    Judged(RELEASE, Verdict(Grade.BAD, "failed", (finding(),))),
    Marked(RAW, Grade.GOOD, "seen with my own eyes"),
    Withdrawn(RELEASE),
    Ended(Outcome.ROLLED_BACK, (("web1", RAW.id),), (), "login failed"),
)


@dataclass
class World:
    """A machine with a place for the database and one for what waits; what was told is kept."""

    top: Path
    told: list[str] = field(default_factory=list)

    @property
    def file(self) -> Path:
        return self.top / "data" / "ledger.sqlite3"

    @property
    def waiting(self) -> Path:
        return self.top / "waiting"

    def tell(self, event: Event) -> None:
        assert isinstance(event, Noticed)
        self.told.append(event.text)

    def ledger(
        self,
        environment: str = "production",
        redact: Callable[[str], str] = str,
        file: Path | None = None,
        waiting: Path | None = None,
    ) -> Ledger:
        return Ledger.open(
            f"sqlite:///{file or self.file}",
            app="shop",
            environment=environment,
            waiting=waiting or self.waiting,
            redact=redact,
            tell=self.tell,
            patience=0.05,
        )


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def facts(ledger: Ledger) -> list[Fact]:
    return [record.fact for record in ledger.records()]


def test_a_record_ahead_of_its_time_is_none_until_somebody_fills_it_in(world: World) -> None:
    ledger, operation = world.ledger(), ulid()
    line = ledger.ahead(operation, "ada", Reverted(RELEASE, "web1"))
    assert (ledger.merge(line), ledger.records()) == (0, ())
    assert ledger.merge(line.replace(b"@at@", b"2026-11-23T14:03:10+00:00")) == 1
    (record,) = ledger.records()
    at = datetime(2026, 11, 23, 14, 3, 10, tzinfo=UTC)
    assert record == Record(record.id, at, "shop", "production", operation, "ada", Reverted(RELEASE, "web1"))


def test_what_is_appended_is_there_in_order_and_after_reopening(world: World) -> None:
    appended = world.ledger().append(ulid(), "ada", *FACTS)
    assert tuple(record.fact for record in appended) == FACTS
    assert world.ledger().records() == appended
    assert world.told == []


def test_a_record_says_when_where_and_by_whom(world: World) -> None:
    operation, before = ulid(), datetime.now(UTC)
    (record,) = world.ledger().append(operation, "ada\x1b[1m", Withdrawn(RELEASE))
    assert before <= record.at <= before + timedelta(minutes=1)
    assert record == Record(record.id, record.at, "shop", "production", operation, "ada\\x1b[1m", Withdrawn(RELEASE))


def test_a_new_ledger_is_empty_and_makes_no_file_for_reading(world: World) -> None:
    assert (world.ledger().records(), world.file.exists(), world.told) == ((), False, [])


def test_environments_do_not_see_each_other(world: World) -> None:
    world.ledger().append(ulid(), "ada", *FACTS)
    assert world.ledger("staging").records() == ()


def test_secrets_and_control_bytes_are_gone_before_anything_is_written(world: World) -> None:
    ledger = world.ledger(redact=lambda text: text.replace("hunter2", "[PASSWORD]"))
    said = finding(evidence='form: hunter2\n\x1b[2J\u202e"')
    (record,) = ledger.append(ulid(), "ada", Observed(None, (said,)), *())
    assert record.fact == Observed(None, (replace(said, evidence='form: [PASSWORD]\n\\x1b[2J\\u202e"'),))
    assert facts(world.ledger()) == [record.fact]
    assert all(b"hunter2" not in path.read_bytes() for path in world.file.parent.iterdir())


def test_redaction_leaves_fixed_words_and_releases_alone(world: World) -> None:
    ledger = world.ledger(redact=lambda _: "[X]")
    (record,) = ledger.append(ulid(), "ada", Marked(RAW, Grade.BAD, "bad"))
    assert record.fact == Marked(RAW, Grade.BAD, "[X]")


def test_files_and_folders_are_ours_alone(world: World) -> None:
    old = os.umask(0)
    try:
        world.ledger().append(ulid(), "ada", *FACTS)
        with closing(sqlite3.connect(world.file)) as holder:  # so that -wal and -shm are there to see
            holder.execute("SELECT * FROM records").fetchone()
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in world.file.parent.iterdir()}
    finally:
        os.umask(old)
    assert modes == {f"{world.file.name}{suffix}": 0o600 for suffix in ("", "-wal", "-shm")}
    assert stat.S_IMODE(world.file.parent.stat().st_mode) == 0o700


def test_merging_is_a_union_and_happens_once(world: World) -> None:
    operation = ulid()
    appended = world.ledger().append(operation, "ada", *FACTS)
    lines = world.ledger().journal(operation)
    learner = world.ledger(file=world.top / "other.sqlite3")
    assert (learner.merge(lines), learner.merge(lines + lines), learner.merge(lines[: len(lines) // 2] + b"\n")) == (
        len(FACTS),
        0,
        0,
    )
    assert learner.records() == appended
    assert world.ledger().merge(lines) == 0


def test_merging_leaves_out_what_is_not_ours_and_counts_what_is_nothing(world: World) -> None:
    operation = ulid()
    staging = world.ledger("staging")
    staging.append(operation, "ada", *FACTS)
    assert world.ledger().merge(b"garbage\n\n\xff\xfe\n" + staging.journal(operation)) == 0
    assert world.told == ["2 line(s) of the hosts' journals are no records and were left out"]


def test_a_hosts_words_are_cleaned_when_merged(world: World) -> None:
    hostile = Record(ulid(), NOW, "shop", "production", ulid(), "ada", Marked(RELEASE, Grade.BAD, "\x1b]0;owned\x07"))
    ledger = world.ledger()
    assert ledger.merge(codec.to_line(codec.entry(hostile))) == 1
    assert facts(ledger) == [Marked(RELEASE, Grade.BAD, "\\x1b]0;owned\\x07")]


def test_a_hosts_author_is_cleaned_when_merged(world: World) -> None:
    hostile = Record(ulid(), NOW, "shop", "production", ulid(), "a\x1bda", Withdrawn(RELEASE))
    ledger = world.ledger()
    ledger.merge(codec.to_line(codec.entry(hostile)))
    assert [record.author for record in ledger.records()] == ["a\\x1bda"]


def test_kinds_of_a_later_version_are_kept_and_left_out(world: World) -> None:
    known = codec.entry(Record(ulid(), NOW, "shop", "production", ulid(), "ada", Withdrawn(RELEASE)))
    later = codec.to_line(replace(known, id=ulid(), kind="blessed", body='{"by":"a saint"}'))
    ledger = world.ledger()
    assert (ledger.merge(later + codec.to_line(known)), ledger.merge(later)) == (2, 0)
    assert facts(ledger) == [Withdrawn(RELEASE)]
    assert len(world.told) == 1
    assert "later version" in world.told[0]


def test_what_answers_a_record_sorts_after_it_though_our_clock_lags(world: World) -> None:
    ahead = datetime.now(UTC) + timedelta(minutes=10)
    from_afar = ULID.from_datetime(ahead)
    theirs = Record(str(from_afar), ahead, "shop", "production", ulid(), "grace", Marked(RELEASE, Grade.GOOD, ""))
    ledger = world.ledger()
    ledger.merge(codec.to_line(codec.entry(theirs)))
    ledger.records()
    ledger.append(ulid(), "ada", Marked(RELEASE, Grade.BAD, "after all"))
    assert [fact.grade for fact in facts(ledger) if isinstance(fact, Marked)] == [Grade.GOOD, Grade.BAD]


# The database is away.


def lock(path: Path) -> sqlite3.Connection:
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    return holder


def test_a_locked_database_is_told_once_and_its_records_wait(world: World) -> None:
    (first,) = world.ledger().append(ulid(), "ada", Withdrawn(RELEASE))
    with closing(lock(world.file)):
        ledger, operation = world.ledger(), ulid()
        appended = [*ledger.append(operation, "ada", *FACTS[:3]), *ledger.append(operation, "ada", *FACTS[3:])]
        assert ledger.records() == (first, *appended)
        assert world.told == [
            f"the ledger {world.file} can't be written (database is locked): records wait in {world.waiting}"
        ]
        assert [path.name for path in world.waiting.iterdir()] == [f"{operation}.jsonl"]
        assert stat.S_IMODE((world.waiting / f"{operation}.jsonl").stat().st_mode) == 0o600
        assert stat.S_IMODE(world.waiting.stat().st_mode) == 0o700
    ledger.close()
    assert list(world.waiting.iterdir()) == []
    assert world.ledger().records() == (first, *appended)


def test_the_next_opening_adds_what_waits(world: World) -> None:
    world.ledger().append(ulid(), "ada", *FACTS[:1])
    with closing(lock(world.file)):
        appended = world.ledger().append(ulid(), "ada", *FACTS[1:])
    later = world.ledger()
    assert later.records()[1:] == appended
    assert list(world.waiting.iterdir()) == []


def test_what_waits_of_another_environment_is_left_waiting(world: World) -> None:
    world.ledger().append(ulid(), "ada", *FACTS[:1])
    with closing(lock(world.file)):
        world.ledger("staging").append(ulid(), "ada", *FACTS)
    world.ledger()
    assert len(list(world.waiting.iterdir())) == 1
    assert len(world.ledger("staging").records()) == len(FACTS)
    assert list(world.waiting.iterdir()) == []


def test_a_corrupt_database_is_told_and_left_as_it_is(world: World) -> None:
    world.file.parent.mkdir()
    world.file.write_bytes(b"this is no database" * 1000)
    ledger = world.ledger()
    appended = ledger.append(ulid(), "ada", *FACTS)
    assert ledger.records() == appended
    assert world.file.read_bytes() == b"this is no database" * 1000
    assert world.told == [
        f"the ledger {world.file} can't be read (file is not a database): going by the hosts' journals",
        f"the ledger {world.file} can't be written (file is not a database): records wait in {world.waiting}",
    ]


def test_a_database_without_its_table_is_an_empty_ledger(world: World) -> None:
    world.file.parent.mkdir()
    world.file.write_bytes(b"")
    ledger = world.ledger()
    assert (ledger.records(), len(ledger.append(ulid(), "ada", *FACTS)), len(ledger.records())) == (
        (),
        len(FACTS),
        len(FACTS),
    )
    assert world.told == []


def test_a_row_that_was_tampered_with_is_told_and_left_out(world: World) -> None:
    world.ledger().append(ulid(), "ada", *FACTS[:2])
    with closing(sqlite3.connect(world.file)) as connection:
        connection.execute("UPDATE records SET body = '{' WHERE kind = 'started'")
        connection.commit()
    assert facts(world.ledger()) == [FACTS[1]]
    assert len(world.told) == 1


@pytest.mark.parametrize("at", ["\x1b", "", "yesterday"])
def test_a_row_whose_time_was_tampered_with_stops_nothing(world: World, at: str) -> None:
    world.ledger().append(ulid(), "ada", *FACTS[:2])
    with closing(sqlite3.connect(world.file)) as connection:
        connection.execute("UPDATE records SET at = ? WHERE kind = 'started'", (at,))
        connection.commit()
    ledger = world.ledger()
    ledger.records()
    assert len(world.told) == 1
    assert "\x1b" not in world.told[0]


def test_without_any_place_to_write_records_are_in_memory(world: World) -> None:
    (world.top / "a file").write_text("")
    ledger = world.ledger(file=world.top / "a file" / "l.db", waiting=world.top / "a file" / "waiting")
    operation = ulid()
    appended = ledger.append(operation, "ada", *FACTS)
    assert ledger.records() == appended
    assert ledger.journal(operation).count(b"\n") == len(FACTS)
    assert world.told == [
        f"the ledger {world.top}/a file/l.db can't be written (File exists), nor {world.top}/a file/waiting"
        " (File exists): this machine keeps no record, the hosts' journals do"
    ]
    (world.top / "a file").unlink()
    ledger.close()
    assert world.ledger(file=world.top / "a file" / "l.db").records() == appended


def test_hosts_records_that_cannot_be_written_are_in_memory_only(world: World) -> None:
    operation = ulid()
    world.ledger().append(operation, "ada", *FACTS)
    lines = world.ledger().journal(operation)
    (world.top / "a file").write_text("")
    learner = world.ledger(file=world.top / "a file" / "l.db")
    assert (learner.merge(lines), learner.merge(lines), len(learner.records())) == (len(FACTS), 0, len(FACTS))
    assert not world.waiting.exists()


def test_a_read_only_home_stops_nothing(world: World) -> None:
    home = world.top / "home"
    home.mkdir(mode=0o500)

    def deed() -> None:
        ledger = world.ledger(file=home / "data" / "l.db", waiting=home / "waiting")
        appended = ledger.append(ulid(), "ada", *FACTS)
        assert ledger.records() == appended
        assert [text.partition(" (")[2].partition(")")[0] for text in world.told] == ["Permission denied"]

    as_an_ordinary_person(deed)


def test_a_read_only_database_is_still_read(world: World) -> None:
    appended = world.ledger().append(ulid(), "ada", *FACTS)
    world.file.chmod(0o400)
    world.file.parent.chmod(0o500)

    def deed() -> None:
        ledger = world.ledger()
        assert ledger.records() == appended
        later = ledger.append(ulid(), "ada", Withdrawn(RELEASE))
        assert ledger.records() == appended + later

    try:
        as_an_ordinary_person(deed)
    finally:
        world.file.parent.chmod(0o700)


def test_a_torn_line_that_waits_costs_only_itself(world: World) -> None:
    (world.top / "data").write_text("")
    ledger, operation = world.ledger(), ulid()
    ledger.append(operation, "ada", *FACTS[:2])
    path = world.waiting / f"{operation}.jsonl"
    path.write_bytes(path.read_bytes()[:-30])  # killed while writing
    ledger.append(operation, "ada", FACTS[2])
    (world.top / "data").unlink()
    assert facts(world.ledger()) == [FACTS[0], FACTS[2]]
    assert world.told[-1] == f"1 line(s) of {path} are no records and were left out"


def test_what_another_process_flushed_meanwhile_is_no_fault(world: World) -> None:
    world.ledger().append(ulid(), "ada", *FACTS[:1])
    with closing(lock(world.file)):
        early = world.ledger()
        early.append(ulid(), "ada", *FACTS[1:])
    world.ledger()
    early.append(ulid(), "ada", Withdrawn(RAW))
    early.close()
    assert facts(world.ledger()) == [*FACTS, Withdrawn(RAW)]
    assert len(world.told) == 1


# Several processes.


def _append_many(top: Path, name: str, count: int) -> None:
    world = World(top)
    ledger = Ledger.open(
        f"sqlite:///{world.file}",
        app="shop",
        environment="production",
        waiting=world.waiting,
        redact=str,
        tell=world.tell,
        patience=60,
    )
    operation = ulid()
    for number in range(count):
        ledger.append(operation, name, Marked(RELEASE, Grade.GOOD, str(number)))
    ledger.close()
    assert world.told == []


def test_processes_that_append_at_once_lose_nothing(world: World) -> None:
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_append_many, args=(world.top, f"ada{one}", 40)) for one in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    records = world.ledger().records()
    assert {
        name: [record.fact.reason for record in records if record.author == name and isinstance(record.fact, Marked)]
        for name in ("ada0", "ada1", "ada2")
    } == {name: [str(number) for number in range(40)] for name in ("ada0", "ada1", "ada2")}


# The journal for the hosts.


def test_a_journal_is_the_operations_records_and_no_others(world: World) -> None:
    ledger, operation = world.ledger(), ulid()
    ledger.append(ulid(), "grace", *FACTS)
    appended = ledger.append(operation, "ada", *FACTS)
    lines = ledger.journal(operation).splitlines()
    assert tuple(codec.record(codec.from_line(line)) for line in lines) == appended


def test_a_long_journal_loses_evidence_first(world: World) -> None:
    ledger, operation = world.ledger(), ulid()
    long = finding(observed="500", evidence="x" * 3000 + "KeyError: 'profile'")
    ledger.append(operation, "ada", FACTS[0], Observed(STEP, (long,) * 30), FACTS[-1])
    journal = ledger.journal(operation)
    assert len(journal) <= ROOM
    shown = replace(long, evidence="…" + long.evidence[-1000:])
    kept = [codec.record(codec.from_line(line)) for line in journal.splitlines()]
    assert [record.fact for record in kept if record] == [FACTS[0], Observed(STEP, (shown,) * 30), FACTS[-1]]


def test_a_journal_keeps_of_very_many_migrations_those_that_bar_the_way_back(world: World) -> None:
    ledger, operation = world.ledger(), ulid()
    barring = Migration("9999_drop.sql", "b" * 12, irreversible=True)
    many = tuple(Migration(f"{number:04}_something.sql", "a" * 12) for number in range(2_000))
    ledger.append(operation, "ada", Between(RAW, RELEASE, (*many, barring)))
    (line,) = ledger.journal(operation).splitlines()
    kept = codec.record(codec.from_line(line))
    assert kept is not None
    assert kept.fact == Between(RAW, RELEASE, (barring,))


def test_a_journal_of_very_many_hosts_fits(world: World) -> None:
    ledger, operation = world.ledger(), ulid()
    hosts = tuple(f"web{number}.shop.example.com" for number in range(5_000))
    ended = Ended(Outcome.DONE, tuple((host, RELEASE.id) for host in hosts))
    ledger.append(
        operation, "ada", Started(Kind.DEPLOY, RELEASE, RAW, hosts), Intended(replace(STEP, hosts=hosts)), ended
    )
    lines = ledger.journal(operation).splitlines()
    kept = [codec.record(codec.from_line(line)) for line in lines]
    assert [record.fact for record in kept if record] == [
        Started(Kind.DEPLOY, RELEASE, RAW, ()),
        Ended(Outcome.DONE),
    ]


@pytest.mark.parametrize("count", [200, 2_000, 5_000])
def test_a_journal_always_fits_and_keeps_what_matters(world: World, count: int) -> None:
    ledger, operation = world.ledger(), ulid()
    passed = tuple(replace(finding(Result.PASS), case=str(number)) for number in range(count))
    verdict = Judged(RELEASE, Verdict(Grade.BAD, "failed", passed))
    ledger.append(operation, "ada", FACTS[0], Observed(STEP, passed), verdict, FACTS[-1])
    journal = ledger.journal(operation)
    kinds = [json.loads(line)["kind"] for line in journal.splitlines()]
    assert len(journal) <= ROOM
    assert [kind for kind in kinds if kind != "observed"] == ["started", "judged", "ended"]
