"""One git command at a time, through GitPython: bytes in and out, no shell, no prompt, a deadline, nothing inherited.

Only GitPython's command runner is used: its object layer decodes names, follows the environment and reads the
user's strings as revisions.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

from rollback.errors import SourceError
from rollback.text import clean_line

DEADLINE = 120.0  # seconds for one command; a partial clone may have to fetch
_NO_COMMAND = 127

# A hook's or a wrapper's repository is not ours. `env -u`, because GitPython takes nothing from the environment.
FOREIGN = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_OBJECT_DIRECTORY"),
    *("GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_LITERAL_PATHSPECS", "GIT_TRACE"),
)
_ENV = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_REPLACE_OBJECTS": "1"}

# What the user's own settings would otherwise change in the bytes that are deployed.
_SETTINGS = (
    *("core.autocrlf=false", "core.eol=lf", "core.attributesFile=/dev/null", "core.fsmonitor=false"),
    *("tar.umask=0022", "log.showSignature=false", "core.quotePath=false"),
)


@dataclass(frozen=True, slots=True)
class Said:
    """What git answered. complaint: stderr, cleaned, on one line."""

    status: int
    output: bytes
    complaint: str

    @property
    def ok(self) -> bool:
        return self.status == 0


def run(folder: Path, *arguments: str, question: bytes = b"", deadline: float = DEADLINE) -> Said:
    """`git -C folder ARGUMENTS`, with `question` on its input. A failure is the caller's to judge.

    deadline: seconds; then it is killed, which is a failure. Raises SourceError when there is no git.

    `-C`, not a working directory: GitPython silently uses another one when it can't enter ours.
    """
    unset = (word for name in FOREIGN for word in ("-u", name))
    settings = (word for setting in _SETTINGS for word in ("-c", setting))
    said = _execute(["env", *unset, "git", "-C", str(folder), *settings, *arguments], question, deadline)
    if said.status == _NO_COMMAND:
        raise _no_git()
    return said


def _execute(words: list[str], question: bytes, deadline: float) -> Said:
    try:
        from git.cmd import Git
        from git.exc import GitCommandNotFound
    except ImportError as error:  # what GitPython makes of a missing git
        raise _no_git() from error
    try:
        with TemporaryFile() as file:
            file.write(question)
            file.seek(0)
            status, output, complaint = Git().execute(
                words,
                istream=file,
                with_extended_output=True,
                with_exceptions=False,
                stdout_as_string=False,
                strip_newline_in_stdout=False,
                kill_after_timeout=deadline,
                env=_ENV,
            )
    except GitCommandNotFound as error:
        raise _no_git() from error
    late = complaint.startswith("Timeout: the command")  # GitPython's words, with the whole command
    return Said(status, output, f"it took longer than {deadline:g} s" if late else clean_line(complaint))


def _no_git() -> SourceError:
    return SourceError("git is not installed on this machine", hint="install it, for example: apt-get install git")
