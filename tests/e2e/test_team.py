"""A team: two laptops and a CI job, each with a home, a checkout and a ledger of its own, or with one PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.cli.command import Ran
from tests.e2e.small import Small
from tests.postgres import PASSWORD, Postgres, postgres
from tests.warm import begun


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Small]:
    with Small(tmp_path) as world:
        yield world


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as running:
        yield running


@dataclass
class Member:
    """Somebody with a home folder and a checkout of the same repository, somewhere else. shared: the team's ledger."""

    small: Small
    name: str
    shared: str = ""
    shallow: bool = False
    environ: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.top = self.small.folder / f"{self.name}{'-pg' if self.shared else ''}"
        depth = ("--depth", "1") if self.shallow else ()
        self.small.git("clone", "-q", *depth, f"file://{self.small.project}", str(self.checkout))
        shutil.copytree(self.small.project / "playbooks", self.checkout / "playbooks", dirs_exist_ok=True)
        if self.shared:
            self.environ |= {"ROLLBACK_LEDGER": self.shared, "LEDGER_PASSWORD": PASSWORD}

    @property
    def checkout(self) -> Path:
        return self.top / "tiny"

    def run(self, *words: str) -> Ran:
        home = self.top / "home"
        home.mkdir(exist_ok=True)
        environ = self.small.environ(**{**self.environ, "HOME": str(home), "LOGNAME": self.name})
        return begun(self.top, *words, cwd=self.checkout, environ=environ).wait()

    def sees(self) -> tuple[list[tuple[str, str, str]], str]:
        """The history, and the fallback."""
        rows = self.run("history", "--json").json["data"]
        status = self.run("status", "--json").json["data"]
        fallback = status["fallback"]["release"]["tag"] if status["fallback"] else ""
        return [(row["author"], row["what"], row["outcome"]) for row in rows], fallback


def team(small: Small, shared: str = "") -> tuple[Member, Member, Member]:
    ada, grace = Member(small, "ada", shared), Member(small, "grace", shared)
    return ada, grace, Member(small, "ci", shared, shallow=True, environ={"CI": "true"})


def acted(ada: Member, grace: Member, job: Member) -> None:
    """Each does something, and sees what the others did."""
    for who, words, code in (
        (ada, ("deploy", "v1", "-y"), 0),
        (grace, ("deploy", "v2", "-y"), 0),
        (job, ("deploy", "v3", "-y"), 10),
        (ada, ("mark", "bad", "v3", "--reason", "nobody can log in"), 0),
        (job, ("-y",), 0),
    ):
        ended = who.run(*words)
        assert ended.code == code, ended
    seen = [one.sees() for one in (ada, grace, job)]
    assert seen[0] == seen[1] == seen[2]
    assert seen[0][0][:5] == [
        ("ci", "rollback v1", "done"),
        ("ada", "mark bad v3", "done"),
        ("ci", "deploy v3", "rolled back"),
        ("grace", "deploy v2", "done"),
        ("ada", "deploy v1", "done"),
    ]
    for one in (ada, grace, job):
        proof = one.run("ledger", "verify")
        assert proof.code == 0, proof


def test_each_with_a_ledger_of_its_own_sees_the_same_through_the_hosts(small: Small) -> None:
    ada, grace, job = team(small)
    acted(ada, grace, job)
    exported = ada.run("ledger", "export")
    assert (exported.code, exported.out.count("\n") > 20) == (0, True)
    copy = grace.top / "copy.jsonl"
    copy.write_text(exported.out)
    assert [grace.run("ledger", "import", str(copy)).out.split()[1] for _ in range(2)] == ["0", "0"]
    _synced(small, grace)


def _synced(small: Small, grace: Member) -> None:
    """A host that lacks an operation is given it; a ledger that lacks everything learns it; then there is no more."""
    marked = grace.run("history", "--json").json["data"][1]["operation"]
    there, lacking = (small.root(host) / f".rollback/journal/{marked}.jsonl" for host in ("web1", "web2"))
    lacking.unlink()
    given = "0 records learned from the hosts, 1 journal given to them"
    assert grace.run("ledger", "sync").out == f"✓ {given}\n"
    assert lacking.read_bytes() == there.read_bytes()
    assert grace.run("ledger", "sync").out == "✓ 0 records learned from the hosts, 0 journals given to them\n"
    new = Member(small, "new")
    learned = new.run("ledger", "sync", "--json").json["data"]
    assert (learned["learned"] > 20, learned["told"], new.sees()) == (True, 0, grace.sees())


def test_with_one_database_they_see_the_same(small: Small, server: Postgres) -> None:
    ada, grace, job = team(small, server.url)
    lost = ada.run("ledger", "verify")
    assert (lost.code, "rollback ledger upgrade" in lost.err) == (3, True)
    made = ada.run("ledger", "upgrade")
    shown = f"postgresql://{server.folder}/team"
    assert (made.code, made.out) == (0, f"✓ the ledger {shown} was made, at version 2\n")
    assert PASSWORD not in made.out + made.err + lost.err
    acted(ada, grace, job)
    operation = server.run("SELECT operation FROM records WHERE kind = 'marked' ORDER BY id DESC LIMIT 1")
    server.run(f"UPDATE records SET body = replace(body, 'nobody', 'anybody') WHERE operation = '{operation}'")
    broken = grace.run("ledger", "verify")
    assert (broken.code, broken.out.split(",")[0].split(": ")[1]) == (3, "1 record changed")
