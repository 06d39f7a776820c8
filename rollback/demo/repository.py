"""The shop's git repository: one tree, the changes that were made to it, and the tags of its releases.

The same commits on every machine: authors and dates are the patches' own. Only the demo's own folder is touched.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

SHOP = Path(__file__).parent / "shop"
GOOD, BETTER, BAD = "v1.0.0", "v1.1.0", "v1.2.0"
_FIRST = "A shop: log in, see your profile\n\nHealth is at /healthz, and every answer says its release in X-Release."
_HISTORY = {BETTER: ("1-foot.patch", "2-city.patch"), BAD: ("3-profiles.patch",)}
_BORN = "2026-02-02T09:30:00+0100"
_WHO = {"NAME": "Ada Winter", "EMAIL": "ada@shop.example"}


def make(folder: Path) -> None:
    """A repository in `folder`, which must not exist yet, with the tags v1.0.0, v1.1.0 and v1.2.0."""
    shutil.copytree(SHOP / "tree", folder, ignore=shutil.ignore_patterns("__pycache__"))
    _git(folder, "init", "--quiet", "--initial-branch=main")
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", f"--message={_FIRST}")
    _tag(folder, GOOD)
    for tag, patches in _HISTORY.items():
        paths = (str(SHOP / patch) for patch in patches)
        _git(folder, "am", "--quiet", "--committer-date-is-author-date", *paths)
        _tag(folder, tag)
    _git(folder, "config", "user.name", "The demo")
    _git(folder, "config", "user.email", "demo@shop.example")


def _tag(folder: Path, tag: str) -> None:
    """As old as its commit, so that the tags are in order by their dates, too."""
    born = _git(folder, "log", "-1", "--format=%cI")
    _git(folder, "tag", "--annotate", f"--message=Release {tag}", tag, born=born.strip())


def _git(folder: Path, *arguments: str, born: str = _BORN) -> str:
    command = ["git", "-C", str(folder), *arguments]
    told = subprocess.run(
        command, check=True, env=_environment(born), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    return told.stdout


def _environment(born: str) -> dict[str, str]:
    """Nothing of the user's own git takes part: no signing, no hooks, no templates, no repository around ours."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    people = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in _WHO.items()}
    dates = {"GIT_AUTHOR_DATE": born, "GIT_COMMITTER_DATE": born}
    return {**kept, **people, **dates, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
