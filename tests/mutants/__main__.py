"""`python -m tests.mutants`: plants each mistake in a copy of the tree, and fails when the tests do not notice one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from tests.mutants.planted import PLANTED, Planted

ROOT = Path(__file__).parents[2]
_COPIED = ("rollback", "tests", "playbooks", "scripts", "pyproject.toml", "README.md", "RUNBOOK.md")
_NOTICED = 1  # pytest's exit status when a test failed; others mean that it could not run them


def main(words: Sequence[str]) -> int:
    """words: only mistakes with one of these in them."""
    chosen = [one for one in PLANTED if not words or any(word in one.mistake for word in words)]
    workers = os.cpu_count() or 1
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder, ThreadPoolExecutor(workers) as threads:
        trees: SimpleQueue[Path] = SimpleQueue()
        for number in range(workers):
            trees.put(_copied(Path(folder) / str(number)))
        survived = [said for said in threads.map(lambda one: _tried(one, trees), chosen) if said]
    print(f"{len(chosen)} mistakes planted, {len(survived)} not noticed", *survived, sep="\n")
    return int(bool(survived))


def _copied(tree: Path) -> Path:
    tree.mkdir()
    for name in _COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy(source, tree / name)
    return tree


def _tried(one: Planted, trees: SimpleQueue[Path]) -> str:
    """ "" when the tests noticed it."""
    tree, began = trees.get(), time.monotonic()
    file = tree / one.file
    right = file.read_text("utf-8")
    try:
        file.write_text(planted(one, right), "utf-8")
        status = _tested(tree, one.tests)
    finally:
        file.write_text(right, "utf-8")
        trees.put(tree)
    noticed = status == _NOTICED
    print(f"{'noticed' if noticed else 'SURVIVED'} {time.monotonic() - began:5.1f} s  {one.mistake}", flush=True)
    return "" if noticed else f"{one.mistake}: pytest {' '.join(one.tests)} ended with {status}"


def planted(one: Planted, text: str) -> str:
    """The file's text with the mistake in it. Raises ValueError when it is not there, or more than once."""
    if text.count(one.text) != 1:
        raise ValueError(f"{one.file} holds it {text.count(one.text)} times, not once: {one.mistake}")
    return text.replace(one.text, one.becomes)


def _tested(tree: Path, tests: tuple[str, ...]) -> int:
    """The exit status of pytest, on the copy's own code."""
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    command = (sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests)
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
