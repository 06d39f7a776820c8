"""The commands one starts with: init, schema, demo."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from rollback.cli.options import Options
from rollback.cli.outlet import console, story
from rollback.cli.reply import Reply
from rollback.errors import UsageError

_MOST = 20


def init(options: Options, hosts: tuple[str, ...], app: str | None) -> Reply:
    from dataclasses import replace

    from rollback.init import look, next_steps, write

    _does_not_plan(options, "init")
    found = look(Path.cwd())
    found = replace(found, app=app) if app else found
    named = hosts or _ask_hosts(options)
    written = write(found, named, Path.cwd())
    steps = next_steps(found, named, written)
    said = f"wrote {', '.join(str(path.relative_to(Path.cwd())) for path in written)}"
    return Reply({"found": found, "written": written}, (said, *steps), 0, said, "rollback check")


def _ask_hosts(options: Options) -> tuple[str, ...]:
    if not sys.stdin.isatty():
        raise UsageError(
            "no hosts were named, and there is no terminal to ask in", hint="rollback init --host web1 --host web2"
        )
    console(options, stderr=True).print("Hosts, as in ssh_config or on the ssh command line (spaces between): ", end="")
    named = tuple(sys.stdin.readline().replace(",", " ").split())
    if not named:
        raise UsageError("no hosts were named", hint="rollback init --host web1 --host web2")
    return named


def _does_not_plan(options: Options, name: str) -> None:
    if options.dry_run:
        raise UsageError(f"--dry-run: {name} changes no host, and has no plan to show", hint=f"rollback {name}")


def schema(options: Options) -> Reply:  # noqa: ARG001 every command takes them
    from rollback.playbook.schema_json import json_schema

    value = json_schema()
    return Reply(value, (json.dumps(value, indent=2),), 0, "the playbook's JSON Schema", "")


def demo(options: Options, keep: bool) -> Reply:
    from rollback.demo.story import run

    _does_not_plan(options, "demo")
    count = options.hosts or "3"
    if not count.isdecimal() or not 1 <= int(count) <= _MOST:
        said = f"--hosts: the demo takes a number of hosts from 1 to {_MOST}, not {count!r}"
        raise UsageError(said, hint="rollback demo --hosts 3")
    code = run(int(count), keep, story(options))
    said = "the incident was replayed" if code == 0 else "the demo did not go as told"
    return Reply(None, (), code, said, "")
