"""playbooks/ci/github-actions-zones.yml, carried out as its matrix would be: jobs of two zones at once, one ledger."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import Ran
from tests.e2e.small import Small
from tests.e2e.test_ci import FOLDER, Job, environ, read_job
from tests.e2e.test_trouble import let_go, slow, until

MATRIX = "github-actions-zones.yml"


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Small]:
    """Four hosts, two in each zone."""
    with Small(tmp_path, count=4) as world:
        yield world


def zones() -> dict[str, str]:
    """By zone, its hosts."""
    strategy = read_job(MATRIX, "zones")["strategy"]
    return {one["zone"]: one["hosts"] for one in strategy["matrix"]["include"]}


def start(small: Small, zone: str, tag: str) -> subprocess.Popen[str]:
    """The deploying step of one zone's job, on a runner of its own; only the ledger is shared."""
    step = next(one["run"] for one in read_job(MATRIX, "zones")["steps"] if one.get("name") == "deploy")
    job = read_job(MATRIX, "zones")["env"]
    own = {name: value for name, value in job.items() if "${{" not in value}
    matrix = {"ROLLBACK_HOSTS": zones()[zone], "ROLLBACK_LEDGER": ledger(small), "GITHUB_REF_NAME": tag}
    runner = small.folder / f"runner-{zone}"
    runner.mkdir(exist_ok=True)
    places = {"HOME": str(runner), "GITHUB_OUTPUT": str(runner / "out"), "GITHUB_STEP_SUMMARY": str(runner / "summary")}
    variables = environ(small, Job((), {}, lambda _: {**own, **matrix}), tag) | places
    pipe = subprocess.PIPE
    shell = ["bash", "-e", "-c", step]
    return subprocess.Popen(shell, cwd=small.project, env=variables, stdout=pipe, stderr=pipe, text=True)


def ledger(small: Small) -> str:
    return f"sqlite:///{small.folder}/ledger.db"


def end(step: subprocess.Popen[str]) -> Ran:
    out, err = step.communicate(timeout=60)
    return Ran(step.returncode, out, err)


def test_the_matrix_is_of_hosts_that_are_there() -> None:
    assert (FOLDER / MATRIX).is_file()
    assert zones() == {"a": "web1,web2", "b": "web3,web4"}


def test_zones_are_deployed_at_once_one_zone_only_once_and_each_goes_back_by_itself(small: Small) -> None:
    assert small.run("deploy", "v1", "-y", ROLLBACK_LEDGER=ledger(small)).code == 0
    slow(small, "restart.sh", "v4")
    for host in ("web3", "web4"):
        (small.root(host) / "shared/go").touch()
    under_way = start(small, "a", "v4")
    try:
        until((small.root("web1") / "shared/slow").exists)
        other, again = end(start(small, "b", "v4")), end(start(small, "a", "v4"))
        assert (other.code, small.lives()[2:]) == (0, ["v4", "v4"]), other
        assert (again.code, "web1 web2: held by " in again.err) == (4, True), again
    finally:
        let_go(small)
        first = end(under_way)
    assert (first.code, small.lives()) == (0, ["v4"] * 4), first

    both = [end(step) for step in [start(small, zone, "v3") for zone in zones()]]
    assert ([ran.code for ran in both], small.lives()) == ([10, 10], ["v4"] * 4), both
    history = small.run("history", "--json", ROLLBACK_LEDGER=ledger(small)).json["data"]
    told = [("deploy v3", "rolled back")] * 2 + [("deploy v4", "done")] * 2 + [("deploy v1", "done")]
    assert [(row["what"], row["outcome"]) for row in history] == told
    back = small.run("-y", ROLLBACK_LEDGER=ledger(small))  # a person, of all zones
    assert (back.code, small.lives()) == (0, ["v1"] * 4), back
