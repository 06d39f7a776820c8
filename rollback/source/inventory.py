"""Brings the hosts that stand elsewhere: reads a file, or runs a command here, bounded in time and size."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from rollback.errors import UsageError
from rollback.playbook.inventory import Inventory, Raw, lines, listed, of_ansible
from rollback.text import clean_line

DEADLINE = 30.0  # seconds
_LARGEST = 64 << 20  # bytes
_ALL = "all"


def ask(inventory: Inventory, folder: Path, deadline: float = DEADLINE) -> Raw:
    """What stands there, as a playbook would have it. folder: where commands are run. Raises: UsageError."""
    if inventory.file:
        return _read(inventory, _file(inventory.file), lines)
    if inventory.command:
        return _read(inventory, _run(inventory, ["/bin/sh", "-c", inventory.command], folder, deadline), listed)
    group = inventory.group or _ALL
    said = _run(inventory, [*_ansible(), "-i", str(inventory.ansible), "--list"], folder, deadline)
    return _read(inventory, said, lambda text: of_ansible(text, group))


def _read(inventory: Inventory, data: bytes, read: Callable[[str], Raw]) -> Raw:
    try:
        return read(data.decode())
    except UnicodeDecodeError:
        raise UsageError(f"hosts: {inventory} is not UTF-8") from None
    except ValueError as wrong:
        raise UsageError(f"hosts: {inventory}: {wrong}") from None


def _file(path: Path) -> bytes:
    try:
        with path.open("rb") as opened:
            data = opened.read(_LARGEST + 1)
    except OSError as wrong:
        raise UsageError(f"hosts: cannot read {clean_line(path.name)}: {wrong.strerror}") from wrong
    if len(data) > _LARGEST:
        raise UsageError(f"hosts: {clean_line(path.name)} is larger than 64 MiB")
    return data


def _ansible() -> list[str]:
    """From the PATH, or installed beside us."""
    beside = str(Path(sys.executable).parent)
    found = shutil.which("ansible-inventory") or shutil.which("ansible-inventory", path=beside)
    if not found:
        raise UsageError("hosts: ansible-inventory is not installed here", hint="pip install ansible-core")
    return [found]


def _run(inventory: Inventory, words: Sequence[str], folder: Path, deadline: float) -> bytes:
    """In a process group of its own, which is ended when its time is up."""
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as complaint:
        process = subprocess.Popen(
            words, cwd=folder, stdin=subprocess.DEVNULL, stdout=said, stderr=complaint, start_new_session=True
        )
        try:
            status = process.wait(deadline)
        except subprocess.TimeoutExpired:
            raise UsageError(f"hosts: {inventory} did not end within {deadline:g} s, and was ended") from None
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # what it left in the background, too
            process.wait()
        said.seek(0)
        complaint.seek(0)
        if status:
            last = clean_line(complaint.read(_LARGEST).decode(errors="replace").strip()[-200:])
            raise UsageError(f"hosts: {inventory} failed with exit status {status}" + (f": {last}" if last else ""))
        data = said.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise UsageError(f"hosts: {inventory} prints more than 64 MiB")
    return data
