"""Runs the tool's own commands in a world, as somebody would who types them in the shop's folder."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, TextIO

from rollback.demo.world import World
from rollback.errors import RollbackError
from rollback.text import clean_line

_PATIENCE = 5.0  # seconds that a command has to end when the demo is interrupted


def typed(arguments: Sequence[str]) -> str:
    """What one would type: `deploy v1.0.0 -y`, `rollback status`."""
    return shlex.join(arguments if arguments[0] == "deploy" else ("rollback", *arguments))


def run(world: World, arguments: Sequence[str], out: TextIO) -> int:
    """Run it, its output going where ours goes while it is made; answers its exit code."""
    out.flush()
    # A process group of its own: a Ctrl-C in our terminal is for us, and we hand it on once.
    with subprocess.Popen(
        _line(arguments),
        cwd=world.shop,
        env=world.environment(),
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=out,
        process_group=0,
    ) as process:
        try:
            return process.wait()
        except BaseException:
            _end(process)
            raise


def data(world: World, *arguments: str) -> Mapping[str, Any]:
    """What it answers to `--json`. Raises RollbackError when it answers nothing of use."""
    command = _line((*arguments, "--json"))
    told = subprocess.run(
        command, cwd=world.shop, env=world.environment(), stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    try:
        answer: Mapping[str, Any] = json.loads(told.stdout)["data"]
    except (ValueError, KeyError) as error:
        raise RollbackError(f"`{typed(arguments)} --json` answered {clean_line(told.stdout or told.stderr)}") from error
    return answer


def _line(arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "rollback", *arguments]


def _end(process: subprocess.Popen[bytes]) -> None:
    """Its world ends with us, so its own way back is not waited for any longer than it needs to say so."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
