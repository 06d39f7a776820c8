"""The check `logs`: the lines that a host's log got since the switch, counted on the host by `logs.sh`.

Where a file stood is noted before every switch, and a way back is a switch, too. Without one, as in `rollback verify`,
nobody can say where the lines begin, and nothing is asked.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from rollback.checks.question import Missed, NoAnswer, Question, Ran, Said
from rollback.checks.tail import Tail, tail
from rollback.errors import UsageError
from rollback.model import Result
from rollback.playbook.ere import ere
from rollback.text import clean_line

if TYPE_CHECKING:
    from rollback.playbook.kinds import Logs

_QUICK = 3.0  # seconds


@dataclass(frozen=True, slots=True)
class End:
    """Where a log stood before a switch, in the words of `logs_end.sh`. inode 0: there was none, or it is the journal,
    which knows times."""

    inode: str = "0"
    size: str = "0"
    total: str = "0"
    real: str = ""


def end(question: Question) -> End:
    """Raises: NoAnswer, HostError, UsageError."""
    logs = _logs(question)
    if logs.file is None:
        return End()
    script = f"set -- {shlex.quote(_place(question, logs))}\n{_text('logs_end.sh')}"
    where, _, real = _run(question, script, _QUICK).stdout.rstrip("\n").partition("\n")
    inode, size, total = where.split(" ", 2)
    return End(inode, size, total, real)


def ask(question: Question) -> Said:
    """Raises: NoAnswer, HostError, UsageError."""
    logs, before = _logs(question), question.before
    if isinstance(before, End):
        ran = _run(question, _script(question, logs, before), question.check.timeout)
        return judged(question, logs, tail(ran.stdout))
    if isinstance(before, Missed) and "previous.id" in question.values:
        return Said(Result.INCONCLUSIVE, f"where the log stood before the switch was not seen: {before.why}")
    why = "no release was live here before" if before else "nothing was switched just now"
    return Said(Result.SKIPPED, f"{why}: nobody can say where its lines begin")


def _logs(question: Question) -> Logs:
    assert question.check.logs is not None
    return question.check.logs


def _place(question: Question, logs: Logs) -> str:
    return question.fill(logs.file or logs.journal or "")


def _script(question: Question, logs: Logs, before: End) -> str:
    place = ("journal" if logs.journal else "file", _place(question, logs))
    patterns = (word for pattern in (logs.pattern, logs.total) for word in _words(question, pattern))
    program = _text("exceptions.awk") if logs.new_exceptions else ""
    words = (*place, before.inode, before.size, before.total, before.real, *patterns, program)
    return f"set -- {' '.join(map(shlex.quote, words))}\n{_text('logs.sh')}"


def _words(question: Question, pattern: str | None) -> tuple[str, str]:
    """The flags of grep and its pattern."""
    if pattern is None:
        return "E", ""
    try:
        found = ere(question.fill_pattern(pattern))
    except ValueError as error:
        raise UsageError(str(error)) from error
    return "iE" if found.ignores_case else "E", found.text


@cache
def _text(name: str) -> str:
    return files("rollback.checks").joinpath(name).read_text("utf-8")


def _run(question: Question, script: str, timeout: float) -> Ran:
    assert question.host is not None
    if question.release is None:
        raise UsageError("it is not known which release is live here")
    ran = question.ports.command(question.host.name, script, question.release, timeout)
    if ran.exit_status == 0:
        return ran
    said = "it is not known how reading the log ended" if ran.exit_status is None else "the log could not be read"
    evidence = question.ending(ran.stderr)
    raise NoAnswer(Said(Result.ERROR, said, "its lines", evidence, settled=ran.exit_status is not None))


def judged(question: Question, logs: Logs, found: Tail) -> Said:
    """What the log got since the switch, beside what is expected of it."""
    if found.absent:
        return Said(Result.INCONCLUSIVE, _nothing_there(question, logs), "a log", settled=False)
    evidence = question.ending("\n".join(clean_line(question.secrets.redact(line), 200) for line in found.lines))
    wrong = _wrong(logs, found)
    if wrong:
        return Said(Result.FAIL, *wrong, evidence)
    if found.lost:
        return Said(Result.INCONCLUSIVE, "a part of the log since the switch is gone: it was rotated or truncated")
    few = _few(logs, found)
    if few:
        return Said(Result.INCONCLUSIVE, *few, settled=False)
    cut = "; only its last 8 MiB were looked at" if found.cut else ""
    return Said(Result.PASS, f"{', '.join(_counted(logs, found))}{cut}")


def _nothing_there(question: Question, logs: Logs) -> str:
    if logs.file:
        return f"there is no {_place(question, logs)}"
    return f"the journal shows nothing of {logs.journal}: is that its unit, and may this user read it?"


def _wrong(logs: Logs, found: Tail) -> tuple[str, str] | None:
    """What was observed, and expected; a part of a log is enough to find something wrong."""
    if found.new and not found.lost:
        more = f", and {found.new - 1} more" if found.new > 1 else ""
        return f"{found.exceptions[0]}, never before the switch{more}", "no new exception"
    if logs.max_count is not None and found.count > logs.max_count:
        return f"{found.count} lines match since the switch", f"at most {logs.max_count}"
    enough = found.total >= (logs.min_requests or 1)
    if logs.max_ratio is not None and enough and found.count / found.total > logs.max_ratio.fraction:
        return _ratio(found), f"at most {logs.max_ratio}"
    return None


def _few(logs: Logs, found: Tail) -> tuple[str, str] | None:
    least = logs.min_requests or (1 if logs.max_ratio is not None else 0)
    if found.total >= least:
        return None
    return f"{found.total} lines of `total` since the switch", f"{least} or more"


def _counted(logs: Logs, found: Tail) -> list[str]:
    said = ["no new exception"] if logs.new_exceptions else []
    if logs.max_count is not None:
        said.append(f"{found.count} lines match")
    return [*said, _ratio(found)] if logs.max_ratio is not None else said


def _ratio(found: Tail) -> str:
    return f"{found.count} of {found.total} lines ({found.count / found.total:.1%})"
