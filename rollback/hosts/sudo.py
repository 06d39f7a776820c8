"""Whether sudo lets a playbook's command run: what to ask it, and what its answer means. Pure.

`sudo -n -l COMMAND` says whether a command is allowed, and not whether without a password: that stands only in the
whole list, beside each rule.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rollback.core.condition import Right
from rollback.text import clean_line

_EXPANDED = re.compile(r"[$`*?\[\]{}~<>\\\n\t]")  # only the host's shell knows what becomes of it
_BETWEEN = {"&&", "||", ";", "|", "&"}
_HERE = {"-n", "--non-interactive", "-S", "--stdin", "-k", "-E", "--preserve-env", "-H", "--set-home"}
_VALUED = {"-u": "-u", "--user": "-u", "-g": "-g", "--group": "-g"}
_RULE = re.compile(r"^\s*\([^)]*\)\s*(?P<rest>.*)$")


@dataclass(frozen=True, slots=True)
class Question:
    """words: for `sudo -l`; none when it can't be told beforehand what would be executed. command: as it is written."""

    command: str
    words: tuple[str, ...] = ()


def questions(command: str | None) -> tuple[Question, ...]:
    """One for each use of sudo in a command of the playbook."""
    if not command or not re.search(r"\bsudo\b", command):
        return ()
    said = clean_line(command)
    try:
        parts = tuple(_parts(command)) if not _EXPANDED.search(command) else ()
    except ValueError:  # a quote that is not closed
        parts = ()
    found = tuple(Question(shlex.join(part), _asked(part[1:])) for part in parts if _is_sudo(part[0]))
    hidden = sum(word.rpartition("/")[2] == "sudo" for part in parts for word in part[1:])
    return found if found and not hidden else (*found, Question(said))


def _parts(command: str) -> Iterator[list[str]]:
    """The simple commands of a line. Raises ValueError."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    part: list[str] = []
    for word in lexer:
        if word in _BETWEEN:
            yield from (part,) if part else ()
            part = []
        else:
            part.append(word)
    yield from (part,) if part else ()


def _is_sudo(word: str) -> bool:
    return word.rpartition("/")[2] == "sudo"


def _asked(words: Sequence[str]) -> tuple[str, ...]:
    """sudo's options that choose as whom, then the command; none for a form that we do not know."""
    options: list[str] = []
    rest = list(words)
    while rest and rest[0].startswith("-"):
        word = rest.pop(0)
        if word == "--":
            break
        if word in _HERE:
            continue
        name, _, value = word.partition("=") if word.startswith("--") else (word[:2], "", word[2:])
        if re.fullmatch(r"-[nSkEH]+[ug]", word):  # -nu deploy
            name, value = f"-{word[-1]}", ""
        value = value or (rest.pop(0) if name in _VALUED and rest else "")
        if name not in _VALUED or not value:
            return ()
        options += [_VALUED[name], value]
    plain = rest and "=" not in rest[0] and all(rest) and not any(re.fullmatch(r"[();<>|&]+", word) for word in rest)
    return (*options, "--", *rest) if plain else ()


def right(question: Question, status: int, said: str, grants: Sequence[str]) -> Right:
    """status and said: of `sudo -n -k -l` with the question's words; said is its first line, without faults what it
    would execute. grants: the whole list's lines."""
    line = clean_line(said.removeprefix("sudo: "))
    if status != 0:
        return Right(question.command, False, line or "no rule allows it")
    if _without_password(said, grants):
        return Right(question.command, True)
    return Right(question.command, None, "sudo allows it, but perhaps not without a password")


def _without_password(command: str, grants: Sequence[str]) -> bool:
    """Every rule is without, or one that names exactly this command."""
    if any("!authenticate" in line for line in grants):
        return True
    rules = list(_rules(grants))
    return bool(rules) and (all(free for free, _ in rules) or any(free and command == one for free, one in rules))


def _rules(grants: Sequence[str]) -> Iterator[tuple[bool, str]]:
    """(without a password, command) of every rule; a tag counts for the commands after it, too."""
    for line in _joined(grants):
        free = False
        for entry in re.split(r"(?<!\\),\s*", line):
            *tags, command = re.split(r"(?<=[A-Z]):\s*", entry)
            for tag in tags:
                free = {"NOPASSWD": True, "PASSWD": False}.get(tag, free)
            yield free, command.strip()


def _joined(grants: Sequence[str]) -> Iterator[str]:
    """sudo wraps its list at 80 columns: a rule begins with whom it is for."""
    rule = ""
    for line in grants:
        found = _RULE.match(line)
        if found:
            yield from (rule,) if rule else ()
            rule = found["rest"]
        elif rule and line.startswith("        "):
            rule = f"{rule} {line.strip()}"
    yield from (rule,) if rule else ()
