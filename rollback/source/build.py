"""Runs the playbook's `build` in a clean export of the tag and hands over what it left: here, as this user."""

from __future__ import annotations

import os
import signal
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from typing import Protocol

from rollback.errors import Abandoned
from rollback.model import Release
from rollback.source.content import Item, from_folder, from_tar
from rollback.text import clean, clean_line

_TAIL = 64 * 1024  # bytes of output kept
_SHOWN = 20  # lines of it in the error
# Nothing is built before we hold the process: interrupted while it starts, it finds its input closed and ends.
_ON_A_WORD = 'read -r _ && exec /bin/sh -c "$1" </dev/null'


class Build(Protocol):
    """The playbook's `build`. run: a command for sh. artifact: a folder or a tar.gz, from the export's top."""

    @property
    def run(self) -> str: ...
    @property
    def artifact(self) -> str: ...


@contextmanager
def built(build: Build, release: Release, export: Path, moment: int) -> Iterator[tuple[Item, ...]]:
    """What the build left, readable inside the `with`. export: a folder with the tag's tree; moment: the commit's time.

    Raises Abandoned (the command failed, or left no artifact) and SourceError (the artifact is unsafe).
    """
    _run(build.run, release, export, moment)
    artifact = (export / build.artifact).resolve()
    if not artifact.is_relative_to(export.resolve()):
        raise Abandoned(f"build.artifact {clean_line(build.artifact)} is outside the build's folder")
    if artifact.is_dir():
        yield _some(from_folder(artifact), build)
        return
    try:
        with tarfile.open(artifact) as archive:
            yield _some(from_tar(archive), build)
    except (OSError, tarfile.TarError, EOFError) as error:
        raise _no_artifact(build) from error


def _some(items: tuple[Item, ...], build: Build) -> tuple[Item, ...]:
    if not items:
        raise _no_artifact(build)
    return items


def _no_artifact(build: Build) -> Abandoned:
    sentence = f"the build left no folder with files and no tar.gz at {clean_line(build.artifact)}"
    return Abandoned(sentence, hint=f"is `artifact:` what this makes? {clean_line(build.run)}")


def _run(command: str, release: Release, export: Path, moment: int) -> None:
    about = {"ROLLBACK_TAG": release.tag, "ROLLBACK_COMMIT": release.commit, "SOURCE_DATE_EPOCH": str(moment)}
    environ = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")} | about
    process = subprocess.Popen(
        ["/bin/sh", "-c", _ON_A_WORD, "sh", command],
        cwd=export,
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        tail = _drained(process)
    except BaseException:  # Ctrl-C, SIGTERM: its children must not go on building
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    if process.returncode != 0:
        lines = clean(tail, _TAIL).strip().splitlines()[-_SHOWN:]
        sentence = f"the build of {clean_line(release.tag)} ended with status {process.returncode}"
        raise Abandoned("\n  ".join([sentence + (":" if lines else ""), *lines]), hint=f"it ran: {clean_line(command)}")


def _drained(process: subprocess.Popen[bytes]) -> bytes:
    """Lets it begin and waits for its end; the last bytes of its output."""
    tail = b""
    assert process.stdin is not None
    process.stdin.write(b"\n")
    process.stdin.close()
    assert isinstance(process.stdout, BufferedReader)
    with process.stdout:  # not `with process`: interrupted, that waits for its end before anybody can end it
        while some := process.stdout.read1(_TAIL):
            tail = (tail + some)[-_TAIL:]
    process.wait()
    return tail
