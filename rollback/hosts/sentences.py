"""What an answer's status means to a person: one sentence, and what to do next. What hosts say is cleaned here."""

from __future__ import annotations

from dataclasses import dataclass
from shlex import quote
from urllib.parse import unquote_to_bytes

from rollback.hosts.protocol import Answer
from rollback.model import Host
from rollback.text import clean_line

FAILURES = frozenset({"failed", "missing"})
# Nothing was done, whatever the verb.
REFUSALS = frozenset(
    {
        *("held", "fenced", "expired", "incomplete", "drift", "badlink", "notalink", "noroot", "notours"),
        *("notwritable", "full", "busy", "misused", "conflict", "unlike"),
    }
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """text: what is so. hint: the next command, or ""."""

    text: str
    hint: str = ""


def sentence(answer: Answer, host: Host) -> Sentence:
    """For any status but `ok` and `already`."""
    detail = clean_line(answer.detail)
    if answer.status in {"held", "fenced"}:
        return Sentence(_holder(answer), "rollback status")
    if answer.status in _MENDED:
        return _mended(answer.status, detail, host)
    said = _PLAIN.get(answer.status, f"it answered {clean_line(answer.status, 40)}")
    return Sentence(said + (f": {detail}" if detail else ""))


# Status -> what is so, and the command on the host that mends or shows it.
_MENDED = {
    "noroot": ("{root} does not exist", 'sudo install -d -o "$USER" {quoted}'),
    "notwritable": ("{what} can't be written to", "ls -ld {quoted}"),
    "notours": ("{root}/.rollback belongs to another user", "ls -ld {quoted}/.rollback"),
    "notalink": (
        "{root}/current is a real folder, not a link to a release",
        "mv {quoted}/current {quoted}/current.before",
    ),
    "badlink": ("{root}/current does not point into releases/", "mv {quoted}/current {quoted}/current.before"),
    "full": ("the disk is full{why}", "df -h {quoted}; df -i {quoted}"),  # or it is out of inodes
    "missing": ("{root}/{what} is missing: the playbook shares it", "ls -la {quoted}/shared"),
}


def _mended(status: str, detail: str, host: Host) -> Sentence:
    text, command = _MENDED[status]
    there = command.replace("{quoted}", quote(host.root))
    said = text.format(root=host.root, what=detail or host.root, why=f": {detail}" if detail else "")
    terminal = "-t " if there.startswith("sudo ") else ""  # which may ask for a password
    return Sentence(said, f"ssh {terminal}{host.name} {quote(there)}")


_PLAIN = {
    "expired": "our lease expired",
    "incomplete": "the release is not complete there",
    "drift": "something else is live there than was planned for",
    "busy": "it is busy",
    "conflict": "a release of that name was made from another commit",
    "unlike": "its earlier release is not as it was sealed",
    "misused": "it did not understand what it was asked",
    "late": "it took too long",
    "nothing": "nothing is live there",
    "failed": "failed",
    "unknown": "what it did is not known",
}


def _holder(answer: Answer) -> str:
    """Who has the lease, as the host showed it beside its refusal."""
    words = (answer.first("lease") or "").split(" ")
    if len(words) < 7:
        return "the lease was taken away" + (f": {clean_line(answer.detail)}" if answer.detail else "")
    operation, _, holder, _, age, _, phase = (clean_line(unquote_to_bytes(word), 80) for word in words[:7])
    if phase == "reverted":
        return f"it heard nothing of operation {operation} for too long and put back by itself what was live before"
    return f"held by {holder} (operation {operation}) for {age} s, in phase {phase}"
