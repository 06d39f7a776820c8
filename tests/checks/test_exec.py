"""`exec`: real processes of this machine, a real pytest suite among them."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from rollback.checks.process import run
from rollback.checks.suite import Checks
from rollback.model import Finding, Release, Result, View
from rollback.playbook.load import parse
from rollback.playbook.secrets import Secrets
from tests.build import V1, V2
from tests.checks.world import Hosts, told

PASS, FAIL, ERROR, INCONCLUSIVE = Result.PASS, Result.FAIL, Result.ERROR, Result.INCONCLUSIVE


def ask(
    folder: Path, suite: str, more: str = "", *, environ: Mapping[str, str] | None = None, previous: Release | None = V1
) -> tuple[Finding, ...]:
    text = f"""
app: shop
root: /srv/shop
environments:
  production:
    hosts: [web1]
    url: https://shop.example.com
    verify: {{gate: {{min_healthy_time: 0s, healthy_deadline: 1s}}}}
checks:
  - name: suite
    exec: {{{suite}}}
{more}
"""
    (folder / "playbooks").mkdir(exist_ok=True)
    book = parse(text.encode(), folder / "playbooks" / "shop.yml", "shop.yml")
    fleet = Hosts()
    made = Checks(
        book,
        book.environment(None),
        dial=fleet.dial,
        command=fleet.command,
        running=fleet.running,
        secrets=Secrets(environ or {}),
        tell=lambda _: None,
    )
    return made.gate(V2, {"web1": previous}, ("web1",), View.URL)


def one(folder: Path, suite: str, more: str = "", **known: Mapping[str, str]) -> Finding:
    (found,) = ask(folder, suite, more, environ=known.get("environ"))
    return found


SUITE = """
import os
import pytest

@pytest.mark.parametrize("user", ["complete", "no_profile"])
def test_login(user):
    assert user == "complete" or os.environ["ROLLBACK_TAG"] == "v1", f"POST /login answered 500 for {user}"

def test_front(): pass

@pytest.mark.skip
def test_later(): pass
"""
PYTEST = f"{sys.executable} -m pytest -q -p no:cacheprovider smoke --junitxml smoke.xml"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A checkout with a suite of its own."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "smoke").mkdir()
    (tmp_path / "smoke" / "test_smoke.py").write_text(SUITE)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    return tmp_path


def test_a_real_suite_says_which_of_its_cases_failed(repository: Path) -> None:
    found = one(repository, f"run: '{PYTEST}', preset: pytest, junit: smoke.xml", "    timeout: 60s")
    assert told(found) == (FAIL, "exit status 1, 1 of 4 cases failed", "exit status 0")
    assert found.evidence.startswith(
        "smoke.test_smoke.test_login[no_profile]: AssertionError: POST /login answered 500"
    )


def test_a_real_suite_that_passes_says_how_much_it_ran(repository: Path) -> None:
    run = f"{PYTEST} --deselect smoke/test_smoke.py::test_login[no_profile]"
    found = one(repository, f"run: '{run}', preset: pytest, junit: smoke.xml", "    timeout: 60s")
    assert told(found) == (PASS, "exit status 0, 0 of 3 cases failed", "")


def test_a_suite_that_ran_nothing_proves_nothing(repository: Path) -> None:
    preset = "preset: pytest, junit: smoke.xml"
    found = one(repository, f"run: '{PYTEST} -k later', {preset}", "    timeout: 60s")
    assert told(found) == (INCONCLUSIVE, "all of its 1 cases were skipped", "a case that ran")
    found = one(repository, f"run: '{PYTEST} -k nothing_like_it', {preset}", "    timeout: 60s")
    assert told(found) == (INCONCLUSIVE, "exit status 5, 0 of 0 cases failed", "exit status 0")
    (repository / "conftest.py").write_text("import no_such_module")
    found = one(repository, f"run: '{PYTEST}', {preset}", "    timeout: 60s")
    assert told(found) == (ERROR, "exit status 4", "exit status 0")  # the report of before is not this run's
    assert "No module named 'no_such_module'" in found.evidence


MEANT = [
    ("pytest", {0: PASS, 1: FAIL, 2: ERROR, 3: ERROR, 4: ERROR, 5: INCONCLUSIVE, 6: ERROR}),
    ("hurl", {0: PASS, 1: ERROR, 2: ERROR, 3: ERROR, 4: FAIL}),
    ("k6", {0: PASS, 1: ERROR, 97: ERROR, 99: FAIL, 107: ERROR}),
    ("goss", {0: PASS, 1: FAIL, 2: ERROR, 3: FAIL, 78: ERROR}),
]


@pytest.mark.parametrize(("preset", "meant"), MEANT)
def test_a_preset_knows_what_the_exit_codes_mean(tmp_path: Path, preset: str, meant: dict[int, Result]) -> None:
    found = {status: one(tmp_path, f"run: exit {status}, preset: {preset}").result for status in meant}
    assert found == meant


@pytest.mark.parametrize(
    ("run", "expect", "said"),
    [
        ("exit 0", "0", (PASS, "exit status 0", "")),
        ("exit 3", "[0, 3]", (PASS, "exit status 3", "")),
        ("exit 0", "3", (FAIL, "exit status 0", "exit status 3")),
        ("exit 1", "[0, 3]", (FAIL, "exit status 1", "exit status 0 or 3")),
        ("no_such_program", "0", (ERROR, "exit status 127", "exit status 0")),
        ("/etc/passwd", "0", (ERROR, "exit status 126", "exit status 0")),
        ("kill -9 $$", "0", (ERROR, "killed by signal 9", "exit status 0")),
    ],
)
def test_without_a_preset_the_expected_status_passes(
    tmp_path: Path, run: str, expect: str, said: tuple[Result, str, str]
) -> None:
    assert told(one(tmp_path, f"run: '{run}'", f"    expect: {{exit_status: {expect}}}")) == said


EXPECTED = "    expect: {exit_status: 0}"


def test_a_suite_knows_what_it_is_asked_about(repository: Path) -> None:
    names = "APP ENVIRONMENT URL TAG COMMIT RELEASE PREVIOUS VAR_USER"
    run = f'(pwd; for name in {names}; do eval "echo \\$ROLLBACK_$name"; done)'
    more = f"{EXPECTED}\n    for_each: {{user: [ada, eve]}}"
    for name in ("ada", "eve"):
        found = {f.case: f for f in ask(repository, f"run: '{run} | tee said.$ROLLBACK_VAR_USER'", more)}
        assert found[name].result is PASS
        said = (repository / f"said.{name}").read_text().split("\n")
        known = ["shop", "production", "https://shop.example.com", "v2", V2.commit, V2.id, V1.id, name]
        assert said == [str(repository), *known, ""]


def test_without_a_checkout_it_runs_beside_the_playbook(tmp_path: Path) -> None:
    one(tmp_path, "run: pwd >where", EXPECTED)
    assert (tmp_path / "playbooks" / "where").read_text() == f"{tmp_path}/playbooks\n"


def test_a_secret_reaches_it_as_a_variable_only_and_is_struck_from_what_it_says(tmp_path: Path) -> None:
    run = "run: 'cat /proc/$$/cmdline; echo; echo \"${SMOKE_KEY}\"; exit 1'"
    found = one(tmp_path, run, EXPECTED, environ={"SMOKE_KEY": "s3cret-s3cret"})
    assert "s3cret" not in found.evidence
    assert found.evidence.endswith("\n[SMOKE_KEY]")
    assert "${SMOKE_KEY}" in found.evidence
    found = one(tmp_path, run, EXPECTED)
    assert told(found)[:2] == (ERROR, "the playbook names ${SMOKE_KEY}, which is not set (export SMOKE_KEY=…)")


def test_when_its_time_is_up_it_ends_with_all_that_it_started(tmp_path: Path) -> None:
    (tmp_path / "playbooks").mkdir()
    deaf = "trap : TERM; while :; do sleep 1; done"
    run = f'sh -c "echo \\$\\$ >child; {deaf}" & echo begun; {deaf}'
    found = one(tmp_path, f"run: '{run}'", f"{EXPECTED}\n    timeout: 500ms")
    assert told(found) == (ERROR, "did not end within 0.5 s", "its end: allow a longer timeout")
    assert found.evidence.startswith("begun")
    assert _gone(int((tmp_path / "playbooks" / "child").read_text()))


def _gone(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":  # ended; nobody here is its parent
            return True
        time.sleep(0.05)
    return False


def test_it_ends_when_nobody_waits_for_it_any_more(tmp_path: Path) -> None:
    nobody = threading.Event()
    threading.Timer(0.3, nobody.set).start()
    begun = time.monotonic()
    ended = run("sleep 60", tmp_path, os.environ, 60, nobody.is_set)
    assert (ended.late, ended.status, time.monotonic() - begun < 10) == (True, -15, True)


def test_what_it_leaves_behind_does_not_hold_up_the_check(tmp_path: Path) -> None:
    begun = time.monotonic()
    found = one(tmp_path, "run: 'sleep 5 & echo done'", EXPECTED)
    assert (found.result, time.monotonic() - begun < 4) == (PASS, True)


def test_however_much_it_says_only_the_end_is_kept(tmp_path: Path) -> None:
    run = "run: 'yes line | head -n 300000; printf \"\\033[31mthe end\\n\"; exit 1'"
    found = one(tmp_path, run, EXPECTED)
    assert found.evidence.endswith("line\n\\x1b[31mthe end")
    assert len(found.evidence) < 1100


JUNIT = """<testsuites><testsuite name="a"><testcase name="fine"/><testsuite name="b">
<testcase classname="c" name="bad&#10;line"><failure message="500 &lt;b&gt;"/></testcase>
<testcase name="worse"><error>lost</error></testcase></testsuite></testsuite></testsuites>"""


@pytest.mark.parametrize(
    ("written", "observed", "evidence"),
    [
        (JUNIT, "exit status 4, 2 of 3 cases failed", "c.bad line: 500 <b>\nworse: lost"),
        ("<html/>", "exit status 4", "said"),
        ("<testsuites", "exit status 4", "said"),
        ("", "exit status 4", "said"),
    ],
)
def test_a_report_is_evidence_when_it_can_be_read(tmp_path: Path, written: str, observed: str, evidence: str) -> None:
    (tmp_path / "report.xml").write_text(written)
    suite = f"run: 'cp {tmp_path}/report.xml out.xml; echo said; exit 4', preset: hurl, junit: out.xml"
    found = one(tmp_path, suite)
    assert (*told(found), found.evidence) == (FAIL, observed, "exit status 0", evidence)


def test_a_report_of_a_moment_ago_is_not_this_runs(tmp_path: Path) -> None:
    (tmp_path / "out.xml").write_text(JUNIT)
    found = one(tmp_path, "run: 'exit 4', preset: hurl, junit: out.xml")
    assert told(found) == (FAIL, "exit status 4", "exit status 0")


def test_what_is_no_file_is_no_report_and_is_not_waited_for(tmp_path: Path) -> None:
    found = one(tmp_path, "run: 'mkfifo out.xml; exit 4', preset: hurl, junit: out.xml")
    assert told(found) == (FAIL, "exit status 4", "exit status 0")
