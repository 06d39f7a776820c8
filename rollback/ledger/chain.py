"""The chain of an environment's records: each names those that were the last ones when it was written.

A record's `digest` is of its own body as it was written; its name is its id and a hash of everything it says, the
digest in the body's place; `after` holds the names of the last records that its writer knew. Ledgers are sets that are
united, so this is a graph with several ends, no line. Whoever changes a record or takes one away must change all that
came after it, on every machine and in every host's journal: those hold the same records, and so their names.

What it does not show: a record that nothing names yet, and that no host has, may be taken away; the beginning may be
cut off (that is told as a date); of a copy that a host shortened only the name is proven, not the words that are left;
records of versions before the chain are not in it. It is no signature: who may write may write lies.

SHA-256, of which 160 bits are kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rollback.ledger.codec import Entry

ENDS = 4  # that one record names at most: more writers at once are rare, and the rest are named by the next ones


def digest(text: str) -> str:
    """40 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()[:40]


def name(stored: Entry) -> str:
    """`ID:HASH`."""
    said = (stored.id, stored.at, stored.app, stored.environment, stored.operation, stored.author, stored.kind)
    return f"{stored.id}:{digest(chr(0).join((*said, stored.digest, stored.after)))}"


def ends(entries: Sequence[Entry]) -> tuple[str, ...]:
    """The names of the last records: of those that none of these names."""
    named = {one.partition(":")[0] for entry in entries for one in entry.after.split()}
    last = [entry for entry in entries if entry.digest and entry.id not in named]
    return tuple(name(one) for one in last[-ENDS:])


@dataclass(frozen=True, slots=True)
class Proof:
    """What became of a chain. links: how many names were followed. changed, missing: ids, of records that do not say
    what they said, and of those that others name. since: the id that the first ones name, and that is not here.
    cut: shortened copies. unchained: of versions before the chain. heads: names of the last records."""

    records: int
    links: int
    changed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    since: str = ""
    cut: int = 0
    unchained: int = 0
    heads: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        return not (self.changed or self.missing)


def proven(entries: Iterable[Entry], remembered: Iterable[Entry] = ()) -> Proof:
    """entries: all of the environment, by id. remembered: the same as its hosts have it. Neither is kept."""
    names: dict[str, str] = {}  # by id; "" for one that is not chained
    wanted: dict[str, set[str]] = {}  # by id: the names that others, and hosts, have for it
    changed: set[str] = set()
    cut = 0
    for one in entries:
        names[one.id] = name(one) if one.digest else ""
        cut += one.cut
        changed |= _seen(one, wanted)
    followed = set(wanted)
    for one in remembered:
        changed |= _seen(one, wanted)
        if one.digest:
            wanted.setdefault(one.id, set()).add(name(one))
    return _proof(names, wanted, changed, cut, followed)


def _seen(one: Entry, wanted: dict[str, set[str]]) -> set[str]:
    """The id, when the body is not what was written."""
    for named in one.after.split():
        wanted.setdefault(named.partition(":")[0], set()).add(named)
    return {one.id} if one.digest and not one.cut and digest(one.body) != one.digest else set()


def _proof(
    names: dict[str, str], wanted: dict[str, set[str]], changed: set[str], cut: int, followed: set[str]
) -> Proof:
    chained = [id_ for id_, its in names.items() if its]
    first = min(chained, default="")
    changed |= {id_ for id_, said in wanted.items() if id_ in names and said != {names[id_]}}
    absent = {id_ for id_ in wanted if id_ not in names}
    return Proof(
        records=len(names),
        links=len(wanted),
        changed=tuple(sorted(changed)),
        missing=tuple(sorted(id_ for id_ in absent if id_ > first)),
        since=max((id_ for id_ in absent if id_ < first), default=""),
        cut=cut,
        unchained=len(names) - len(chained),
        heads=tuple(names[id_] for id_ in chained if id_ not in followed)[-ENDS:],
    )
