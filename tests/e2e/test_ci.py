"""The ready CI jobs of playbooks/ci, carried out as each CI would: their own shell lines, with its own variables."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from junitparser import JUnitXml
from ruamel.yaml import YAML

from tests.cli.command import Ran
from tests.e2e.small import PLAYBOOK, Small
from tests.e2e.test_trouble import let_go, slow, until

FOLDER = Path(__file__).parents[2] / "playbooks/ci"
BLIND = PLAYBOOK.partition("  - name: login")[0]


@dataclass(frozen=True)
class Job:
    """steps: name and shell text, each begun by `shell`. variables: the CI's and the job's."""

    shell: tuple[str, ...]
    steps: Mapping[str, str]
    variables: Callable[[str], dict[str, str]]


def _yaml(name: str) -> Any:
    return YAML(typ="safe").load(FOLDER / name)


def read_job(name: str, job: str) -> Any:
    """A job of GitHub Actions, as it is written."""
    return _yaml(name)["jobs"][job]


def _plain(variables: Mapping[str, str]) -> dict[str, str]:
    """What a CI would fill in is a secret."""
    return {name: "hidden" if "${{" in value else str(value) for name, value in variables.items()}


def github() -> Job:
    job = read_job("github-actions.yml", "production")
    steps = {one["name"]: one["run"] for one in job["steps"] if "run" in one}
    own = _plain(job["env"]) | {"SSH_KEY": "key", "SSH_KNOWN_HOSTS": "web9 ssh-ed25519 AAAA"}
    signs = {"CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_ACTOR": "ada"}
    return Job(("bash", "-e"), steps, lambda tag: {**own, **signs, "GITHUB_REF_NAME": tag})


def gitlab() -> Job:
    job = _yaml("gitlab-ci.yml")["deploy production"]
    install, *ssh = job["before_script"]
    steps = {"install": install, "ssh": "\n".join(ssh), "script": "\n".join(job["script"])}
    signs = {"CI": "true", "GITLAB_CI": "true", "GITLAB_USER_LOGIN": "ada"}
    return Job(("bash", "-e", "-o", "pipefail"), steps, lambda tag: {**job["variables"], **signs, "CI_COMMIT_TAG": tag})


def jenkins() -> Job:
    text = (FOLDER / "Jenkinsfile").read_text()
    shells = re.findall(r"stage\('(\w+)'\).*?sh '''(.+?)'''", text, re.DOTALL)
    variables = dict(re.findall(r"(\w+) = '(.*?)'", text))
    signs = {"JENKINS_URL": "http://ci", "BUILD_USER_ID": "ada"}
    return Job(("sh", "-xe"), dict(shells), lambda tag: {**variables, **signs, "TAG": tag})


JOBS = {"github": github, "gitlab": gitlab, "jenkins": jenkins}


@pytest.fixture(params=JOBS)
def job(request: pytest.FixtureRequest) -> Job:
    return JOBS[request.param]()


def environ(small: Small, job: Job, tag: str) -> dict[str, str]:
    """`rollback` is on the PATH; a runner is new and knows nothing: its home is empty."""
    bin_, home = small.folder / "bin", small.folder / f"runner-{tag}"
    bin_.mkdir(exist_ok=True)
    home.mkdir(exist_ok=True)
    (bin_ / "rollback").write_text(f'#!/bin/sh\nexec {sys.executable} -m rollback "$@"\n')
    (bin_ / "rollback").chmod(0o755)
    files = {"SSH_KEY": "key", "SSH_KNOWN_HOSTS": "hosts"}
    for name in files.values():
        (home / name).write_text("public\n")
    places = {name: str(home / file) for name, file in files.items()}
    github = {name: str(small.folder / name) for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")}
    own = {**places, **github, **job.variables(tag), "PATH": f"{bin_}:{os.environ['PATH']}", "HOME": str(home)}
    return {**small.environ(), **own}


def carry_out(small: Small, job: Job, tag: str) -> list[tuple[str, Ran]]:
    """The steps but the installation, up to the first that fails."""
    done: list[tuple[str, Ran]] = []
    for name, text in job.steps.items():
        if name == "install":
            assert "$ROLLBACK_TOOL" in text
            continue
        script = small.folder / f"{name}.sh"
        script.write_text(text)
        ended = subprocess.run(
            [*job.shell, str(script)],
            cwd=small.project,
            env=environ(small, job, tag),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        done.append((name, Ran(ended.returncode, ended.stdout, ended.stderr)))
        if ended.returncode:
            break
    return done


def cases(small: Small, name: str) -> dict[str, list[str]]:
    """By suite, the cases that did not pass."""
    suites = JUnitXml.fromfile(str(small.project / "reports" / name))
    return {suite.name: [case.name for case in suite if not case.is_passed] for suite in suites}


def test_a_good_release_goes_through(small: Small, job: Job) -> None:
    small.deployed("v1")
    done = carry_out(small, job, "v2")
    assert ({ran.code for _, ran in done}, small.lives()) == ({0}, ["v2", "v2"]), done
    assert cases(small, "gate.xml") == {"verify v2": [], "verdict": []}
    history = small.run("history", "--json").json["data"]
    assert [(row["what"], row["outcome"]) for row in history[:2]] == [("gate v2", "done"), ("deploy v2", "done")]
    assert history[0]["author"].startswith("ada (")


def test_a_bad_release_is_back_and_the_job_fails(small: Small, job: Job) -> None:
    small.deployed("v1")
    name, ended = carry_out(small, job, "v3")[-1]
    assert (ended.code, small.lives()) == (10, ["v1", "v1"]), ended
    assert name in {"deploy", "script"}
    failing = {suite: names for suite, names in cases(small, "deploy.xml").items() if names}
    assert (set(failing), failing["verdict"]) == ({"verify v3", "verdict"}, ["v3 on production"])
    assert "login on web1" in failing["verify v3"]  # where the app starts slowly, the other check is not ready yet


def test_what_only_the_gate_notices_is_back_all_the_same(small: Small, job: Job) -> None:
    small.deployed("v1")
    small.write(BLIND)
    assert small.run("deploy", "v3", "-y").code == 0
    small.write(PLAYBOOK)
    gate = {name: text for name, text in job.steps.items() if name in {"gate", "script"}}
    if "script" in gate:
        gate = {"gate": next(line for line in gate["script"].splitlines() if "gate" in line)}
    ((_, ended),) = carry_out(small, Job(job.shell, gate, job.variables), "v3")
    assert (ended.code, small.lives()) == (10, ["v1", "v1"]), ended
    failing = {suite: names for suite, names in cases(small, "gate.xml").items() if names}
    assert failing["verdict"] == ["v3 on production"]
    assert sorted(failing["verify v3"]) == ["login on web1", "login on web2"]


def test_github_is_told_in_its_own_words(small: Small) -> None:
    small.deployed("v1")
    job = github()
    ended = carry_out(small, job, "v3")[-1][1]
    operation = small.run("history", "--json").json["data"][0]["operation"]
    outputs = (small.folder / "GITHUB_OUTPUT").read_text()
    head = small.run("ledger", "verify", "--json").json["data"]["heads"][-1]
    assert outputs == f"outcome=rolled back\ntag=v3\nrolled_back_to=v1\noperation={operation}\nledger_head={head}\n"
    assert f"  ledger    {head}\n" in ended.err
    assert [line for line in ended.err.splitlines() if line.startswith("::")][:2] == [
        "::error title=rollback deploy::v3 is bad; v1 is back and verified",
        "::error title=login on web1::login on web1: GET /login answered 500, expected 200",
    ]
    summary = (small.folder / "GITHUB_STEP_SUMMARY").read_text()
    assert summary.startswith("### ↩ v3 is bad; v1 is back and verified\n")
    assert summary.endswith(f"\nLedger: <code>{head}</code>\n")
    assert "| ✗ | login | web1 |  | GET /login answered 500 | 200 | GET /login answered 200 | 1 of 1 | " in summary
    (small.folder / "GITHUB_OUTPUT").unlink()
    (small.folder / "GITHUB_STEP_SUMMARY").unlink()
    assert {ran.code for _, ran in carry_out(small, job, "v2")} == {0}
    assert (small.folder / "GITHUB_OUTPUT").read_text().count("outcome=done\ntag=v2\nrolled_back_to=\n") == 2
    assert (small.folder / "GITHUB_STEP_SUMMARY").read_text().count("### ✓ v2 is live and verified") == 2


def test_a_run_that_github_cancels_goes_back_first(small: Small) -> None:
    """SIGINT to the step's own process alone, then SIGTERM."""
    small.deployed("v1")
    slow(small, "restart.sh", "v4")
    job, script = github(), small.folder / "step.sh"
    script.write_text(job.steps["deploy"])
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [*job.shell, str(script)], cwd=small.project, env=environ(small, job, "v4"), stdout=pipe, stderr=pipe
    ) as step:
        until((small.root("web1") / "shared/slow").exists)
        step.send_signal(signal.SIGINT)
        step.send_signal(signal.SIGTERM)
        let_go(small)
        _, err = step.communicate(timeout=60)
    assert (step.returncode, small.lives()) == (10, ["v1", "v1"]), err


def test_the_jobs_are_no_playbooks(small: Small) -> None:
    (small.project / "playbooks/ci").symlink_to(FOLDER)
    assert small.run("deploy", "v1", "-n").code == 0
