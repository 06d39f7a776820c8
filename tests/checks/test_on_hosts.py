"""`command`, `tcp` and `running`: what is asked on a host itself."""

from __future__ import annotations

import pytest

from rollback.errors import OutsideProtocol
from rollback.model import Release, Result
from tests.build import V2, release
from tests.checks.world import Hosts, Ran, closed_port, serving, told, world

PASS, FAIL, ERROR = Result.PASS, Result.FAIL, Result.ERROR
ACTIVE = "  - {name: active, command: 'systemctl is-active {{app}}', timeout: 7s, expect: {exit_status: 0}}"


def test_a_command_is_run_on_its_host_in_the_live_release_with_its_values() -> None:
    small = world(ACTIVE)
    assert [(f.host, *told(f)) for f in small.ask()] == [("web1", PASS, "exit status 0", "")]
    assert small.hosts.commands == [("web1", "systemctl is-active shop", "v2", 7.0)]


def test_a_command_that_fails_shows_its_last_lines() -> None:
    ran = Ran(3, "line\n" * 1000 + "the last of stdout\n", "the last of stderr\n\x1b[31m")
    (found,) = world(ACTIVE, fleet=Hosts(ran=ran)).ask()
    assert (*told(found), found.attempts) == (FAIL, "exit status 3", "0", 1)
    assert found.evidence.endswith("line\nthe last of stdout\nthe last of stderr\n\\x1b[31m")
    assert len(found.evidence) < 1100


def test_a_command_whose_end_is_not_known_is_an_error_and_asked_again() -> None:
    (found,) = world(ACTIVE, fleet=Hosts(ran=Ran(None))).ask()
    assert (*told(found), found.attempts) == (ERROR, "it is not known how the command ended", "", 3)


def test_a_command_on_a_host_that_is_away_is_an_error() -> None:
    (found,) = world(ACTIVE, fleet=Hosts(away={"web1"})).ask()
    assert told(found) == (ERROR, "web1 does not answer", "an answer")


def test_a_host_that_does_not_speak_the_protocol_is_an_error() -> None:
    class Strange(Hosts):
        def command(self, host: str, text: str, release: Release, timeout: float) -> Ran:
            raise OutsideProtocol(f"{host} answered \x1b[2Jnonsense to {text} {release.tag} {timeout}")

    (found,) = world(ACTIVE, fleet=Strange()).ask()
    assert found.result is ERROR
    assert found.observed.startswith("web1 answered \\x1b[2Jnonsense")


def test_a_tag_that_a_shell_would_read_as_more_is_never_pasted_into_a_command() -> None:
    check = "  - {name: x, command: 'test {{release.tag}} = v1', expect: {exit_status: 0}}"
    small = world(check)
    (found,) = small.ask(release("v1;touch${IFS}x"))
    assert found.result is ERROR
    assert "not safe inside a shell command" in found.observed
    assert small.hosts.commands == []


def test_secrets_are_left_to_the_fleet_and_struck_from_what_is_shown() -> None:
    checks = """
  - {name: a, command: 'curl -u ${TOKEN} localhost', expect: {exit_status: 0}}
  - {name: b, command: 'true', expect: {stdout: {contains: "${TOKEN}"}}}
"""
    small = world(checks, fleet=Hosts(ran=Ran(0, "t0k3n-t0k3n\n")), environ={"TOKEN": "t0k3n-t0k3n"})
    assert [f.result for f in small.ask()] == [PASS, PASS]
    assert sorted(text for _, text, *_ in small.hosts.commands) == ["curl -u ${TOKEN} localhost", "true"]


def test_a_port_that_accepts_passes_and_one_that_refuses_fails() -> None:
    with serving(lambda _: pytest.fail("nothing is asked")) as app, closed_port() as port:
        small = world(f"  - {{name: up, tcp: {{port: {app.port}}}}}\n  - {{name: down, tcp: {{port: {port}}}}}")
        assert [(*told(f), f.attempts) for f in small.ask()] == [
            (PASS, f"port {app.port} accepted a connection", "", 1),
            (FAIL, f"port {port}: connection refused", "an answer", 3),
        ]


def test_a_port_is_also_asked_where_users_reach_it() -> None:
    with serving(lambda _: pytest.fail("nothing is asked")) as app:
        small = world(f"  - {{name: up, tcp: {{port: {app.port}, via: url}}}}", url="http://127.0.0.1/shop")
        assert [(f.host, f.result) for f in small.ask()] == [(None, PASS)]
        assert small.hosts.dialled == []


def test_a_port_on_a_host_that_is_away_is_an_error() -> None:
    (found,) = world("  - {name: up, tcp: {port: 80}}", fleet=Hosts(away={"web1"})).ask()
    assert found.result is ERROR


RUNNING = "  - {name: only the new release runs, running: true}"


def test_only_the_release_that_is_live_may_run() -> None:
    (found,) = world(RUNNING).ask()
    assert (found.check, found.host, found.result) == ("only the new release runs", "web1", PASS)


def test_an_old_process_that_stays_is_a_failure_and_one_that_leaves_is_not() -> None:
    (found,) = world(RUNNING, fleet=Hosts(old_processes=[FAIL] * 9)).ask(V2)
    assert told(found) == (FAIL, "process 7 lives in releases/v1", "only v2")
    (found,) = world(RUNNING, fleet=Hosts(old_processes=[FAIL, ERROR])).ask()
    assert (found.result, found.attempts) == (PASS, 3)
