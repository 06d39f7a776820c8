"""The first playbook and runbook, written from what was found. Nothing is written over, and nothing that won't load."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rollback.errors import PlaybookInvalid, Refused
from rollback.init.found import Found, Framework
from rollback.text import clean_line

if TYPE_CHECKING:
    from rollback.playbook.schema import Playbook

_TEMPLATE = Path(__file__).with_name("templates") / "playbook.yml.j2"
_PLAIN = re.compile(r"[A-Za-z0-9_/.](?:[A-Za-z0-9_ ./=-]*[A-Za-z0-9_./=-])?")


@dataclass(frozen=True, slots=True)
class Target:
    """A host as a person names it: `web1`, or `deploy@web1`. user: None leaves it to the user's ssh_config."""

    name: str
    user: str | None

    @property
    def ssh(self) -> str:
        """As ssh takes it."""
        return f"{self.user}@{self.name}" if self.user else self.name


def write(found: Found, hosts: tuple[str, ...], folder: Path) -> tuple[Path, ...]:
    """`playbooks/<app>.yml` and `RUNBOOK.md` in `folder`; returns their paths.

    Raises: PlaybookInvalid: a host's or the app's name is none; Refused: a file is there already, or can't be made.
    """
    from rollback.core.runbook import runbook
    from rollback.playbook.find import from_home
    from rollback.report.runbook import block, merged

    targets = _targets(hosts)
    playbook = _render(found, targets)
    file = folder / "playbooks" / f"{found.app}.yml"
    read = _parsed(playbook.encode(errors="backslashreplace"), file, f"playbooks/{clean_line(found.app)}.yml")
    texts = {
        file: playbook,
        folder / "RUNBOOK.md": merged(None, read.app, block(runbook(read, partial(from_home, file)))).decode(),
    }
    _nothing_there(tuple(texts))
    return tuple(_create(path, text) for path, text in texts.items())


def _parsed(playbook: bytes, file: Path, name: str) -> Playbook:
    """Its faults come from what was typed, and name no line: there is no such file yet."""
    from rollback.playbook.load import parse

    try:
        return parse(playbook, file, name)
    except PlaybookInvalid as wrong:
        faults = (fault.partition(": ")[2] for fault in wrong.faults)
        hint = "rollback init --host HOST --app NAME"
        raise PlaybookInvalid(tuple(f"{name} was not written: {fault}" for fault in faults), hint=hint) from wrong


def next_steps(found: Found, hosts: tuple[str, ...], written: tuple[Path, ...]) -> tuple[str, ...]:
    """What was found and what to do now, a line each."""
    targets = _targets(hosts)
    login = targets[0].ssh if targets else "HOST"
    tag = found.tags[0] if found.tags else "v1.0.0"
    return (
        f"  found     {_kind(found)}, {_tags(found)}, {_health(found)}, port {found.port}",
        f"  1. read {written[0].name if written else 'the playbook'}: what was guessed is marked so",
        f"  2. on each host, the folder: ssh -t {login} 'sudo install -d -o \"$USER\" /srv/{found.app}'",
        "  3. rollback check            are the hosts ready?",
        *(() if found.tags else (f"     git tag {tag}              there is no release yet",)),
        f"  4. rollback deploy {tag}",
    )


def _kind(found: Found) -> str:
    return {
        Framework.STATIC: "a static site",
        Framework.UNKNOWN: "an app of a kind unknown here",
    }.get(found.framework, f"a {found.framework} app")


def _tags(found: Found) -> str:
    if not found.tags:
        return f"no release tags yet (tags: {found.pattern})"
    return f"tags {found.pattern} ({len(found.tags)}, the newest {found.tags[0]})"


def _health(found: Found) -> str:
    return f"health route {found.health}" if found.health else "no health route: add one"


def _targets(hosts: tuple[str, ...]) -> tuple[Target, ...]:
    parts = (host.strip().rpartition("@") for host in dict.fromkeys(hosts))
    return tuple(Target(name, user or None) for user, _, name in parts)


def _render(found: Found, targets: tuple[Target, ...]) -> str:
    from rollback.report.brackets import rendered

    login = next((target.user for target in targets if target.user), "deploy")
    return rendered(_TEMPLATE, {"yaml": _scalar}, found=found, hosts=targets, login=login, kind=_kind(found))


def _scalar(text: str) -> str:
    """Plain where that is safe, even in a flow mapping; the playbook reads every scalar as it is written."""
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def _nothing_there(paths: tuple[Path, ...]) -> None:
    there = [path for path in paths if path.exists() or path.is_symlink()]
    if there:
        names = " and ".join(clean_line(os.path.relpath(path)) for path in there)
        raise Refused(f"nothing is written over, and there is already {names}", hint="move it away, then run it again")


def _create(path: Path, text: str) -> Path:
    try:
        path.parent.mkdir(exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as wrong:
        raise Refused(
            f"cannot write {clean_line(str(path))}: {wrong.strerror}", hint="run it in a folder that is yours"
        ) from wrong
    return path
