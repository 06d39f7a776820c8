"""A git work tree that a test fills and tags."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

EPOCH = 1_764_000_000


@dataclass
class Checkout:
    folder: Path
    moment: int = EPOCH

    @classmethod
    def init(cls, folder: Path) -> Checkout:
        folder.mkdir()
        made = cls(folder)
        made.git("init", "--quiet", "--initial-branch=main")
        return made

    def git(self, *words: str | bytes, stdin: bytes = b"") -> str:
        """What git says. Commits and tags are dated by `moment`."""
        dates = {f"GIT_{who}_DATE": f"{self.moment} +0000" for who in ("AUTHOR", "COMMITTER")}
        command = ["git", "-C", str(self.folder), *words]
        done = subprocess.run(command, input=stdin, capture_output=True, env=os.environ | dates, check=False)
        assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
        return os.fsdecode(done.stdout).strip()

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def commit(self, files: dict[str, str], *tags: str, subject: str = "a change") -> str:
        """The commit's id. Every commit is a minute younger than the last."""
        self.moment += 60
        self.write(files)
        self.git("add", "--all", "--force")
        self.git("commit", "--quiet", "--allow-empty", "-m", subject)
        for tag in tags:
            self.git("update-ref", b"refs/tags/" + os.fsencode(tag), "HEAD")
        return self.git("rev-parse", "HEAD")
