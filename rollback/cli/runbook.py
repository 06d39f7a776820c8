"""`rollback runbook`: writes the playbook's block in RUNBOOK.md, or says whether it still matches. Asks no host."""

from __future__ import annotations

import os
import shutil
from functools import partial
from pathlib import Path

from rollback.cli import outlet
from rollback.cli.options import Options
from rollback.cli.reply import Reply
from rollback.cli.session import Session
from rollback.core.runbook import runbook
from rollback.errors import Refused, UsageError
from rollback.playbook.find import from_home, home
from rollback.report.runbook import block, difference, merged
from rollback.source.inventory import ask
from rollback.text import clean_line

NAME = "RUNBOOK.md"


def write(options: Options, check: bool, stdout: bool) -> Reply:
    if options.dry_run or (check and stdout):
        raise UsageError("--check and --stdout write nothing; one of them is enough", hint="rollback runbook --stdout")
    with Session(options) as session:
        playbook = session.playbook
    elsewhere = partial(ask, folder=playbook.file.parent)
    new = block(runbook(playbook, partial(from_home, playbook.file), elsewhere))
    file = (home(playbook.file) / NAME).resolve()
    shown = clean_line(str(file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file))
    if stdout:
        outlet.line(outlet.fit(new.decode()).rstrip("\n"))
        return Reply({"file": file, "block": new.decode()}, (), 0, f"what would stand in {shown}")
    old = _read(file, shown)
    wrong = difference(old, playbook.app, new)
    if check and wrong:
        raise Refused(f"{shown} no longer matches {clean_line(playbook.file.name)}: {wrong}", hint="rollback runbook")
    if not check and wrong:
        _replace(file, merged(old, playbook.app, new), shown)
    said = f"wrote {shown}" if wrong else f"{shown} matches {clean_line(playbook.file.name)}"
    return Reply({"file": file, "changed": bool(wrong)}, (f"✓ {said}",), 0, said)


def _read(file: Path, shown: str) -> bytes | None:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as wrong:
        raise Refused(f"cannot read {shown}: {wrong.strerror}", hint="rollback runbook --stdout") from wrong


def _replace(file: Path, whole: bytes, shown: str) -> None:
    """All of it or nothing: what people wrote in it is not lost to a full disk."""
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        beside.write_bytes(whole)
        if file.exists():
            shutil.copymode(file, beside)
        beside.replace(file)
    except OSError as wrong:
        beside.unlink(missing_ok=True)
        raise Refused(f"cannot write {shown}: {wrong.strerror}", hint="rollback runbook --stdout") from wrong
