"""A suite's own report in JUnit's format -> which cases failed. It is evidence; the exit status decides."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rollback.text import clean_line

if TYPE_CHECKING:
    from junitparser import TestCase

_LARGEST = 16 << 20  # bytes
_SHOWN = 20  # cases


@dataclass(frozen=True, slots=True)
class Report:
    """cases: all of them; ran: those that were not skipped. names: the first of the failed, with why."""

    cases: int
    ran: int
    failed: int
    names: tuple[str, ...]


Stamp = tuple[int, int, int]


def stamp(path: Path) -> Stamp | None:
    """What changes when a file is written anew; None where there is none that could be read."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    readable = stat.S_ISREG(found.st_mode) and found.st_size <= _LARGEST
    return (found.st_ino, found.st_mtime_ns, found.st_size) if readable else None


def report(path: Path, before: Stamp | None) -> Report | None:
    """before: its stamp when the run began. None when that run wrote none, or none that can be read."""
    from junitparser import JUnitXml, JUnitXmlError

    if stamp(path) in {None, before}:
        return None
    try:
        with path.open("rb") as opened:
            cases = [case for suite in JUnitXml.fromfile(opened) for case in suite]  # those of inner suites, too
    except (OSError, JUnitXmlError, SyntaxError, ValueError):
        return None
    failed = [case for case in cases if not (case.is_passed or case.is_skipped)]
    ran = sum(not case.is_skipped for case in cases)
    return Report(len(cases), ran, len(failed), tuple(map(_told, failed[:_SHOWN])))


def _told(case: TestCase) -> str:
    """`smoke.test_login.test_no_profile: AssertionError: 500`"""
    name = ".".join(part for part in (case.classname, case.name) if part)
    why = next((str(result.message or result.text or "") for result in case.result), "")
    return clean_line(f"{name}: {why}" if why else name, 200)
