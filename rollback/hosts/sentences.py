"""What an answer's status means to a person: one sentence, and what to do next. Every word of a host's is cleaned here."""

from __future__ import annotations

from dataclasses import dataclass
from shlex import quote

from rollback.hosts.protocol import Answer
from rollback.model import Host
from rollback.text import clean_line

# Refused before any effect, whatever the verb.
REFUSALS = frozenset(
    "held fenced expired incomplete drift badlink notalink noroot notours notwritable full busy misused conflict missing".split()
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """text: what is so. hint: the next command, or ""."""

    text: str
    hint: str = ""


def sentence(answer: Answer, host: Host) -> Sentence:
    """For any status but `ok` and `already`."""
    root, detail = host.root, clean_line(answer.detail)
    current, name = quote(f"{root}/current"), host.name
    match answer.status:
        case "noroot":
            own = f"sudo install -d -o \"$(id -un)\" {quote(root)}"
            return Sentence(f"{root} does not exist", f"ssh {name} {quote(own)}")
        case "notwritable":
            return Sentence(f"not allowed to write {detail or root}", f"ssh {name} ls -ld {quote(root)}")
        case "notours":
            return Sentence(f"{root}/.rollback belongs to another user", "connect as the user that deploys")
        case "notalink":
            repair = f"mv {current} {quote(root + '/current.before')}"
            return Sentence(f"{root}/current is a real folder, not a link to a release", f"ssh {name} {quote(repair)}")
        case "badlink":
            repair = f"mv {current} {quote(root + '/current.before')}"
            return Sentence(f"{root}/current does not point into releases/", f"ssh {name} {quote(repair)}")
        case "held" | "fenced":
            return Sentence(_holder(answer), "rollback status")
        case "full":
            return Sentence("the disk is full" + (f": {detail}" if detail else ""), f"ssh {name} df -h {quote(root)}")
        case "missing":
            return Sentence(f"{root}/{detail} is missing: the playbook shares it", f"put it there: {root}/{detail}")
        case other:
            return Sentence(_PLAIN.get(other, f"it answered {clean_line(other, 40)}") + (f": {detail}" if detail else ""))


_PLAIN = {
    "expired": "our lease expired",
    "incomplete": "the release is not complete there",
    "drift": "something else is live there than was planned for",
    "busy": "it is busy",
    "conflict": "a release of that name was made from another commit",
    "misused": "it did not understand what it was asked",
    "late": "it took too long",
    "nothing": "nothing is live there",
    "failed": "failed",
}


def _holder(answer: Answer) -> str:
    """Who has the lease, as the host showed it beside its refusal."""
    words = (answer.first("lease") or "").split(" ")
    if len(words) < 7:
        return "the lease was taken away" + (f": {clean_line(answer.detail)}" if answer.detail else "")
    operation, _, holder, _, age, _, phase = (clean_line(word, 80) for word in words[:7])
    return f"held by {holder} (operation {operation}) for {age} s, in phase {phase}"
