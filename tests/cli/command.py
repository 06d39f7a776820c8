"""The real command as a process of its own, in a folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Ran:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """Its one envelope: anything else on stdout is an error here."""
        assert self.out.count("\n") == 1, self.out
        value: dict[str, Any] = json.loads(self.out)
        return value


def run(folder: Path, *words: str, entry: str = "main", **variables: str) -> Ran:
    """`rollback words…` (entry: main) or `deploy words…` (deploy_main) without a terminal."""
    program = f"import sys; from rollback.cli import {entry}; sys.argv[0] = 'rollback'; {entry}()"
    kept = {
        k: v
        for k, v in os.environ.items()
        if not k.startswith(("ROLLBACK_", "XDG_", "_ROLLBACK", "GITHUB_")) and k != "CI"
    }
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        cwd=folder,
        env={**kept, "HOME": str(folder), "GIT_CONFIG_GLOBAL": os.devnull, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return Ran(done.returncode, done.stdout, done.stderr)
