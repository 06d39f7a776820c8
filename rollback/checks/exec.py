"""The check `exec`: the user's own suite, run here, and what its exit status means. What cannot run says nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rollback.checks.junit import Report, report, stamp
from rollback.checks.process import Ended, run
from rollback.checks.question import Question, Said
from rollback.model import Result

if TYPE_CHECKING:
    from rollback.playbook.kinds import Exec
    from rollback.playbook.schema import Playbook

# What a preset's exit statuses mean beside 0; any other is an error. From:
# pytest  https://docs.pytest.org/en/stable/reference/exit-codes.html
# hurl    https://hurl.dev/docs/manual.html#exit-codes (3: it could not connect, or the like; 4: an assert failed)
# k6      https://pkg.go.dev/go.k6.io/k6/errext/exitcodes (99: thresholds have failed)
# goss    validate.go of https://github.com/goss-org/goss (3: still failing when --retry-timeout was over; 78: its file)
_MEANING: Mapping[str | None, Mapping[int, Result]] = {
    "pytest": {1: Result.FAIL, 5: Result.INCONCLUSIVE},
    "hurl": {4: Result.FAIL},
    "k6": {99: Result.FAIL},
    "goss": {1: Result.FAIL, 3: Result.FAIL},
}
_NEVER_RAN = {126, 127}  # sh found no such command, or could not execute it


def ask(question: Question) -> Said:
    """Raises: UsageError."""
    suite = question.check.exec
    assert suite is not None
    path = question.folder / suite.junit if suite.junit else None
    before = stamp(path) if path else None
    ended = run(suite.run, question.folder, _environ(question, suite), question.check.timeout, question.stopped)
    written = report(path, before) if path else None
    evidence = question.ending(_evidence(ended, written))
    if ended.late:
        why = f"did not end within {question.check.timeout:g} s"
        return Said(Result.ERROR, why, "its end: allow a longer timeout", evidence)
    result = _meaning(question, suite, ended.status)
    if result is Result.PASS and written and written.ran == 0:
        return Said(Result.INCONCLUSIVE, f"all of its {written.cases} cases were skipped", "a case that ran", evidence)
    return Said(result, _observed(ended, written), "" if result is Result.PASS else _expected(question), evidence)


def folder(playbook: Playbook) -> Path:
    """Where suites are run: at the top of the checkout, or else beside the playbook."""
    start = playbook.repository.resolve()
    tops = (one for one in (start, *start.parents) if (one / ".git").exists())
    return next(tops, playbook.file.parent)


def _environ(question: Question, suite: Exec) -> dict[str, str]:
    """Ours last: nothing can pose as one of them."""
    known = question.values
    return {
        **os.environ,
        **question.secrets.exported(suite.run),
        **{f"ROLLBACK_VAR_{name.upper()}": known[name] for name in question.case},
        "ROLLBACK_APP": known["app"],
        "ROLLBACK_ENVIRONMENT": known["environment"],
        "ROLLBACK_URL": known.get("url", ""),
        "ROLLBACK_RELEASE": known.get("release.id", ""),
        "ROLLBACK_TAG": known.get("release.tag", ""),
        "ROLLBACK_COMMIT": known.get("release.commit", ""),
        "ROLLBACK_PREVIOUS": known.get("previous.id", ""),
    }


def _meaning(question: Question, suite: Exec, status: int) -> Result:
    if status in _passing(question):
        return Result.PASS
    if suite.preset:
        return _MEANING[suite.preset].get(status, Result.ERROR)
    return Result.ERROR if status in _NEVER_RAN or status < 0 else Result.FAIL


def _passing(question: Question) -> tuple[int, ...]:
    expect = question.check.expect
    return (expect.exit_status if expect else ()) or (0,)


def _expected(question: Question) -> str:
    return f"exit status {' or '.join(map(str, _passing(question)))}"


def _observed(ended: Ended, written: Report | None) -> str:
    how = f"killed by signal {-ended.status}" if ended.status < 0 else f"exit status {ended.status}"
    if written is None:
        return how
    return f"{how}, {written.failed} of {written.cases} cases failed"


def _evidence(ended: Ended, written: Report | None) -> str:
    """What failed, when the suite wrote it down; otherwise the last that it said."""
    return "\n".join(written.names) if written and written.names else ended.output
