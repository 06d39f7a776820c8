"""Who does this, and from where: a person at a terminal, or a CI job acting for one."""

from __future__ import annotations

import os
import pwd
import socket
from collections.abc import Mapping
from dataclasses import dataclass

from rollback.text import clean_line


@dataclass(frozen=True, slots=True)
class _Ci:
    """A CI service: the variable that betrays it, and those that hold the person and the run's address."""

    name: str
    sign: str
    person: tuple[str, ...]
    run: tuple[str, ...]  # joined by "/"


_CIS = (
    _Ci(
        "github",
        "GITHUB_ACTIONS",
        ("GITHUB_TRIGGERING_ACTOR", "GITHUB_ACTOR"),
        ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "=actions/runs", "GITHUB_RUN_ID"),
    ),
    _Ci("gitlab", "GITLAB_CI", ("GITLAB_USER_LOGIN",), ("CI_JOB_URL",)),
    _Ci("jenkins", "JENKINS_URL", ("BUILD_USER_ID", "CHANGE_AUTHOR"), ("BUILD_URL",)),
    _Ci("ci", "CI", (), ("BUILD_URL",)),
)


def author(environ: Mapping[str, str], git_user: str | None = None) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The name for records, and where from, as pairs: git, login, sudo, machine, ci, run (those that are known).

    environ: the process's environment. git_user: "Name <mail>", if a repository says so.
    """
    login = _login(environ)
    origin = [("git", git_user or ""), ("login", login), ("sudo", environ.get("SUDO_USER", ""))]
    origin.append(("machine", socket.gethostname()))
    ci = next((one for one in _CIS if environ.get(one.sign, "").lower() not in {"", "0", "false"}), None)
    person = next((environ[name] for name in ci.person if environ.get(name)), "") if ci else ""
    if ci:
        origin += [("ci", ci.name), ("run", _run(ci, environ))]
    who = person or environ.get("SUDO_USER") or login
    return clean_line(who, 100), tuple((key, clean_line(value)) for key, value in origin if value)


def _login(environ: Mapping[str, str]) -> str:
    named = next((environ[name] for name in ("LOGNAME", "USER") if environ.get(name)), "")
    if named:
        return named
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container run with a number that has no name
        return f"uid {os.getuid()}"


def _run(ci: _Ci, environ: Mapping[str, str]) -> str:
    parts = [name[1:] if name.startswith("=") else environ.get(name, "") for name in ci.run]
    return "/".join(parts) if all(parts) else ""
