"""Real migrations of a real SQLite database: what lies on the way is told, run once, and bars the way back."""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from pathlib import Path

import pytest

from tests.cli.command import Ran
from tests.e2e.small import PLAYBOOK, Small
from tests.e2e.test_trouble import WAITS, cut, until

_MIGRATE = """
import os, pathlib, sqlite3, time
shared = pathlib.Path(os.environ["ROLLBACK_ROOT"], "shared")
if pathlib.Path("slow").exists():
    (shared / "slow").touch()
    while not (shared / "go").exists():
        time.sleep(0.02)
database = sqlite3.connect(os.environ["ROLLBACK_VAR_DATABASE"])
database.execute("CREATE TABLE IF NOT EXISTS applied (name TEXT PRIMARY KEY, tag TEXT, host TEXT)")
done = {name for name, in database.execute("SELECT name FROM applied")}
for path in sorted(pathlib.Path("migrations").glob("*.sql")):
    if path.name not in done:
        print("applying", path.name, flush=True)
        database.executescript(path.read_text())
        names = (path.name, os.environ["ROLLBACK_TAG"], os.environ["ROLLBACK_HOST"])
        database.execute("INSERT INTO applied VALUES (?, ?, ?)", names)
        database.commit()
"""
_BARRIER = "-- rollback: irreversible\n"


@pytest.fixture
def world(small: Small) -> Small:
    """v1 has one migration and v2 adds a harmless one."""
    own = (
        f"vars: {{{{database: {small.folder}/db.sqlite}}}}\n"
        f"migrations: {{{{path: migrations, up: {sys.executable} migrate.py, irreversible: '^{_BARRIER.strip()}'}}}}\n"
    )
    small.write(PLAYBOOK + own)
    (small.project / "migrate.py").write_text(_MIGRATE)
    small.git("add", "migrate.py")
    release(small, "w1", "0001_users.sql", "CREATE TABLE users (name TEXT, nick TEXT);")
    release(small, "w2", "0002_phone.sql", "ALTER TABLE users ADD COLUMN phone TEXT;")
    return small


def release(small: Small, tag: str, name: str, text: str, behaviour: str = "good") -> None:
    path = small.project / "migrations" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    small.git("add", "migrations")
    small.release(tag, behaviour)


def dropping(small: Small, tag: str, behaviour: str = "good") -> None:
    release(small, tag, "0003_nick.sql", f"{_BARRIER}ALTER TABLE users DROP COLUMN nick;", behaviour)


def columns(small: Small) -> list[str]:
    with sqlite3.connect(small.folder / "db.sqlite") as database:
        return [row[1] for row in database.execute("PRAGMA table_info(users)")]


def applied(small: Small) -> list[tuple[str, str, str]]:
    with sqlite3.connect(small.folder / "db.sqlite") as database:
        return list(database.execute("SELECT name, tag, host FROM applied ORDER BY name"))


def without_git(small: Small) -> None:
    (small.project / ".git").rename(small.folder / "away.git")


def elsewhere(small: Small, *words: str) -> Ran:
    """From another machine, whose ledger is empty."""
    return small.run(*words, XDG_DATA_HOME=str(small.folder / "other"))


def test_migrations_are_shown_run_once_on_one_host_before_the_switch_and_kept(world: Small) -> None:
    world.deployed("w1")
    shown = world.run("deploy", "w2", "-n")
    assert "  database  1 migration since w1: 0002_phone.sql\n" in shown.out
    assert "  2. migrate            web1\n  3. activate, verify   web1\n" in shown.out
    assert columns(world) == ["name", "nick"], "a dry run runs nothing"
    world.deployed("w2")
    assert columns(world) == ["name", "nick", "phone"]
    assert applied(world) == [("0001_users.sql", "w1", "web1"), ("0002_phone.sql", "w2", "web1")]
    told = world.run("show", "last").out
    assert "      | applying 0002_phone.sql\n" in told
    assert told.index("migrate w2 on web1") < told.index("activate w2 on web1")


def test_code_goes_back_alone_over_what_is_harmless_and_needs_no_git_to_say_so(world: Small) -> None:
    world.deployed("w1", "w2")
    without_git(world)
    back = elsewhere(world, "-y")
    assert (back.code, world.lives()) == (0, ["w1", "w1"]), back.err
    assert "  database  stays as it is, ahead of w1 by 1 migration: 0002_phone.sql\n" in back.err
    assert columns(world) == ["name", "nick", "phone"]


def test_what_can_not_be_taken_back_bars_the_way_until_a_person_says_to_cross_it(world: Small) -> None:
    world.deployed("w1", "w2")
    dropping(world, "w3", "bad")
    bad = world.run("deploy", "w3", "-y")
    assert (bad.code, world.lives(), columns(world)) == (11, ["w3", "w2"], ["name", "phone"])
    barrier = "the irreversible migration 0003_nick.sql"
    assert f"  barrier   {barrier}: from here there is no automatic way back\n" in bad.err
    assert f"w3 is bad and was left live: w2 does not know {barrier}: there is no automatic way back" in bad.out
    assert bad.err.endswith("or when w2 can work with the database as it is: rollback --cross-migrations\n")
    without_git(world)
    shown = elsewhere(world, "status")
    assert f"! barrier: it does not know {barrier}\n" in shown.out
    assert shown.err.endswith("when w2 can work with the database as it is: rollback --cross-migrations\n")
    for refused in (world.run("-y"), elsewhere(world, "-y"), elsewhere(world, "--to", "w1", "-y", "--force")):
        assert (refused.code, world.lives()) == (3, ["w3", "w2"])
        assert f"does not know {barrier}, and the database can't go back" in refused.err
    crossed = elsewhere(world, "-y", "--cross-migrations")
    assert (crossed.code, world.lives(), columns(world)) == (0, ["w2", "w2"], ["name", "phone"])
    assert f"  barrier   crossed: {barrier} can't be taken back\n" in crossed.err


def test_the_way_out_of_a_barrier_is_a_release_that_mends_it(world: Small) -> None:
    world.deployed("w1", "w2")
    dropping(world, "w3", "bad")
    assert world.run("deploy", "w3", "-y").code == 11
    world.release("w4", "good")
    shown = world.run("deploy", "w4", "-n").out
    assert "  database  no migrations since w3\n" in shown
    assert "from here there is no automatic way back" in shown, "the fallback is still w2"
    world.deployed("w4")
    assert (world.lives(), [name for name, _, _ in applied(world)][-1]) == (["w4", "w4"], "0003_nick.sql")


def test_a_migration_that_fails_changes_nothing_live_and_its_output_is_kept(world: Small) -> None:
    world.deployed("w1")
    release(world, "w3", "0003_wrong.sql", "ALTER TABLE nobody ADD COLUMN x TEXT;")
    ended = world.run("deploy", "w3", "-y", "--json")
    assert (ended.code, world.lives()) == (5, ["w1", "w1"])
    assert "migrate on web1: failed: exit status 1" in ended.json["message"]
    assert ended.json["message"].endswith("; what its migrations did before they failed stays")
    assert "no such table: nobody" in world.run("show", "last").out


def test_a_deploy_of_an_older_release_does_not_cross_a_barrier_either(world: Small) -> None:
    world.deployed("w1", "w2")
    dropping(world, "w3")
    world.deployed("w3")
    refused = world.run("deploy", "w2", "-y")
    assert (refused.code, world.lives()) == (3, ["w3", "w3"])
    assert refused.err.endswith("  next      deploy a release that knows it; or --force\n")


def slow(small: Small, tag: str) -> None:
    """A release with an irreversible migration that waits until it is let go."""
    (small.project / "slow").touch()
    small.git("add", "slow")
    dropping(small, tag)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_a_deploy_that_is_cut_off_while_it_migrates_leaves_word_of_it(world: Small, number: int, code: int) -> None:
    world.deployed("w1", "w2")
    slow(world, "w3")
    ended = cut(world, "deploy", "w3", "-y", "--json", by=(number,))
    assert (ended.code, world.lives()) == (code, ["w2", "w2"])
    until(lambda: columns(world) == ["name", "phone"])  # the host finishes what it has begun
    if number == signal.SIGINT:
        said = "interrupted before anything live changed; its migrations were sent, and what they did is not known"
        assert ended.json["message"] == said
    else:
        said = "which touched nothing, and may have run its migrations"
        assert said in elsewhere(world, "resume", "-y", "--steal", held_by(world)).err
    world.deployed("w3")
    assert [(name, tag) for name, tag, _ in applied(world)][-1] == ("0003_nick.sql", "w3")


def held_by(small: Small) -> str:
    return (small.root("web1") / ".rollback/lease").read_text().split(" ")[0]


def test_what_was_cut_off_behind_a_barrier_is_not_undone_by_itself(world: Small) -> None:
    world.deployed("w1", "w2")
    before = (world.project / "restart.sh").read_text()
    (world.project / "restart.sh").write_text(WAITS + before)
    dropping(world, "w3")
    assert cut(world, "deploy", "w3", "-y", by=(signal.SIGKILL,)).code == -9
    assert world.lives() == ["w3", "w2"]
    refused = world.run("resume", "-y")
    assert (refused.code, world.lives()) == (3, ["w3", "w2"])
    assert "w2 does not know the irreversible migration 0003_nick.sql" in refused.err
    world.deployed("w3")
    assert world.lives() == ["w3", "w3"]
    crossed = world.run("--to", "w2", "-y", "--cross-migrations")
    assert (crossed.code, world.lives()) == (0, ["w2", "w2"])


def test_a_drill_does_not_cross_a_barrier(world: Small) -> None:
    world.deployed("w1", "w2")
    assert world.run("drill", "-e", "production", "-y").code == 0
    dropping(world, "w3")
    world.deployed("w3")
    refused = world.run("drill", "-e", "production", "-y")
    assert (refused.code, world.lives()) == (3, ["w3", "w3"])
    assert "a drill would cross the irreversible migration 0003_nick.sql" in refused.err


def test_a_gate_holds_before_a_barrier_too(world: Small) -> None:
    world.deployed("w1", "w2")
    dropping(world, "w3")
    world.deployed("w3")
    for host in world.hosts:
        os.kill(int((world.root(host) / "shared/pid").read_text()), signal.SIGKILL)
    ended = world.run("gate", "-y", "--json")
    assert (ended.code, world.lives()) == (11, ["w3", "w3"])
    assert "w2 does not know the irreversible migration 0003_nick.sql" in ended.json["message"]


def test_a_playbook_whose_path_names_nothing_says_so(world: Small) -> None:
    text = Path(world.project / "playbooks/tiny.yml").read_text()
    (world.project / "playbooks/tiny.yml").write_text(text.replace("path: migrations", "path: migration"))
    assert "w1 has nothing at migration, the playbook's migrations.path" in world.run("deploy", "w1", "-n").err
