"""Who, and from where."""

from __future__ import annotations

import os
import pwd
import socket

import pytest

from rollback.ledger.author import author

MACHINE = ("machine", socket.gethostname())
GITHUB = {
    "CI": "true",
    "GITHUB_ACTIONS": "true",
    "GITHUB_ACTOR": "ada",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "ada/shop",
    "GITHUB_RUN_ID": "77",
}
RUN = ("run", "https://github.com/ada/shop/actions/runs/77")
Origin = tuple[tuple[str, str], ...]


@pytest.mark.parametrize(
    ("environ", "git_user", "expected"),
    [
        ({"USER": "ada"}, None, ("ada", (("login", "ada"), MACHINE))),
        ({"LOGNAME": "ada", "USER": "root"}, None, ("ada", (("login", "ada"), MACHINE))),
        ({"USER": "ada"}, "Ada <a@b>", ("ada", (("git", "Ada <a@b>"), ("login", "ada"), MACHINE))),
        ({"USER": "root", "SUDO_USER": "ada"}, "", ("ada", (("login", "root"), ("sudo", "ada"), MACHINE))),
        ({"USER": "ad\x1b[1ma\n"}, None, ("ad\\x1b[1ma", (("login", "ad\\x1b[1ma"), MACHINE))),
        ({"USER": "ada", "CI": "false"}, None, ("ada", (("login", "ada"), MACHINE))),
        (GITHUB | {"USER": "runner"}, None, ("ada", (("login", "runner"), MACHINE, ("ci", "github"), RUN))),
        (
            GITHUB | {"USER": "runner", "GITHUB_TRIGGERING_ACTOR": "grace"},
            None,
            ("grace", (("login", "runner"), MACHINE, ("ci", "github"), RUN)),
        ),
        (
            {"USER": "u", "GITHUB_ACTIONS": "true"},
            None,
            ("u", (("login", "u"), MACHINE, ("ci", "github"))),
        ),
        (
            {"USER": "u", "CI": "1", "GITLAB_CI": "true", "GITLAB_USER_LOGIN": "ada", "CI_JOB_URL": "https://g/j/1"},
            None,
            ("ada", (("login", "u"), MACHINE, ("ci", "gitlab"), ("run", "https://g/j/1"))),
        ),
        (
            {"USER": "jenkins", "JENKINS_URL": "https://j/", "BUILD_URL": "https://j/job/1/", "BUILD_USER_ID": "ada"},
            None,
            ("ada", (("login", "jenkins"), MACHINE, ("ci", "jenkins"), ("run", "https://j/job/1/"))),
        ),
        ({"USER": "u", "CI": "true"}, None, ("u", (("login", "u"), MACHINE, ("ci", "ci")))),
    ],
)
def test_an_author_is_a_person_and_where_they_are(
    environ: dict[str, str], git_user: str | None, expected: tuple[str, Origin]
) -> None:
    assert author(environ, git_user) == expected


def test_without_any_variable_the_system_is_asked() -> None:
    assert author({})[0] == pwd.getpwuid(os.getuid()).pw_name
