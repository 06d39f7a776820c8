"""The commands about the ledger itself: bring its tables up to date, unite it with the hosts' journals, copy it, prove
it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from rollback.cli import outlet
from rollback.cli.options import Options
from rollback.cli.reply import Reply
from rollback.cli.session import Session
from rollback.core.left import unheard
from rollback.core.past import past
from rollback.errors import Refused, UsageError
from rollback.events import Noticed
from rollback.ledger import chain, codec
from rollback.ledger.ports import Unavailable
from rollback.ledger.store import Ledger
from rollback.model import Result, Sighting
from rollback.report import words

_RECENT = 20  # operations that sync tells to hosts which were away then
_MUCH = 500_000  # bytes that are added at once
_STREAM = Path("-")


def ledger(options: Options, action: str, file: Path | None) -> Reply:
    actions: dict[str, Callable[[Session, Path], Reply]] = {
        "upgrade": _upgrade,
        "sync": _sync,
        "export": _export,
        "import": _import,
        "verify": _verify,
    }
    if action not in actions:
        raise UsageError(f"a ledger has no {action!r}", hint=f"rollback ledger {'|'.join(actions)}")
    with Session(options) as session:
        return actions[action](session, file or _STREAM)


def _upgrade(session: Session, _: Path) -> Reply:
    shown = session.ledger.shown
    try:
        before, now = session.ledger.upgrade()
    except Unavailable as reason:
        raise _away(session.ledger, str(reason)) from reason
    done = f"was brought from version {before} to {now}" if before else f"was made, at version {now}"
    said = f"the ledger {shown} {'is up to date' if before == now else done}"
    return Reply({"ledger": shown, "before": before, "version": now}, (f"✓ {said}",), 0, said, "rollback status")


def _sync(session: Session, _: Path) -> Reply:
    """Both ways: what the hosts remember, and, on hosts that were away when it happened, what the ledger does."""
    session.fleet.begin()
    ours = _usable(session)
    sightings = session.fleet.sight()
    learned = ours.merge(_journals(session, sightings))
    told = sum(_told(session, sightings, operation) for operation in sorted(ours.shelf.newest(_RECENT)))
    away = [s.host for s in sightings if not s.reachable]
    said = f"{words.count(learned, 'record')} learned from the hosts, {words.count(told, 'journal')} given to them"
    said += f"; not reached: {words.hosts(away)}" if away else ""
    return Reply({"learned": learned, "told": told, "away": away}, (f"✓ {said}",), 0, said, "rollback ledger verify")


def _journals(session: Session, sightings: tuple[Sighting, ...]) -> bytes:
    wanted = unheard(sightings, frozenset())
    return session.fleet.journals(wanted) if wanted else b""


def _told(session: Session, sightings: tuple[Sighting, ...], operation: str) -> int:
    """Of one that is over: what goes on is its operator's to tell."""
    mine = session.ledger.shelf.read(frozenset((operation,)))
    lacking = tuple(s.host for s in sightings if s.reachable and operation not in s.journals)
    if not lacking or not any(row.outcome for row in past(mine)):
        return 0
    findings = session.fleet.note(lacking, operation, session.ledger.journal(operation))
    for one in (f for f in findings if f.result is not Result.PASS):
        session.tell(Noticed(words.said(one)))
    return sum(one.result is Result.PASS for one in findings)


def _export(session: Session, file: Path) -> Reply:
    """JSON Lines, oldest first."""
    pages = _usable(session).shelf.pages()
    lines = (codec.to_line(one) for page in pages for one in page)
    count = _printed(lines) if file == _STREAM else _written(lines, file)
    said = f"{words.count(count, 'record')} of {session.environment.name} exported"
    session.say(said)
    return Reply({"records": count}, (), 0, said, "")


def _printed(lines: Iterable[bytes]) -> int:
    count = 0
    for line in lines:
        outlet.line(line.decode("ascii").rstrip("\n"))
        count += 1
    return count


def _written(lines: Iterable[bytes], file: Path) -> int:
    try:
        with file.open("wb") as out:
            return sum(bool(out.write(line)) for line in lines)
    except OSError as error:
        raise Refused(f"{file} could not be written: {error.strerror}", hint="rollback ledger export FILE") from error


def _import(session: Session, file: Path) -> Reply:
    """The environment's own lines; those of others are left out. Twice is once."""
    ours, added, seen = _usable(session), 0, 0
    try:
        with sys.stdin.buffer if file == _STREAM else file.open("rb") as source:
            while lines := source.readlines(_MUCH):
                seen += len(lines)
                added += ours.merge(b"".join(lines))
    except OSError as error:
        raise Refused(f"{file} could not be read: {error.strerror}", hint="rollback ledger import FILE") from error
    if reason := ours.unusable():
        raise _away(ours, reason)
    said = f"{words.count(added, 'record')} added to {session.environment.name}, of {words.count(seen, 'line')}"
    return Reply({"added": added, "lines": seen}, (f"✓ {said}",), 0, said, "rollback ledger verify")


def _verify(session: Session, _: Path) -> Reply:
    """Nothing is learned from the hosts before: what is missing here, and they remember, is to be seen."""
    session.fleet.begin()
    ours = _usable(session)
    sightings = session.fleet.sight()
    theirs, _none = codec.from_lines(_journals(session, sightings))
    mine = (one for one in theirs if (one.app, one.environment) == (session.playbook.app, session.environment.name))
    proof = chain.proven((one for page in ours.shelf.pages() for one in page), mine)
    away = tuple(f"  not asked  {s.host}: {s.problem}" for s in sightings if s.problem)
    said = _sentence(proof, session.environment.name)
    shown = (f"{'✓' if proof.holds else '✗'} {said}", *_details(proof), *away)
    hint = "rollback status" if proof.holds else "rollback ledger sync, or import it from whoever has it whole"
    return Reply(proof, shown, 0 if proof.holds else 3, said, hint)


def _sentence(proof: chain.Proof, environment: str) -> str:
    if proof.holds:
        return f"the chain of {environment} holds: {words.count(proof.records, 'record')}, {proof.links} names followed"
    found = [f"{words.count(len(proof.changed), 'record')} changed"] if proof.changed else []
    found += [f"{words.count(len(proof.missing), 'record')} missing"] if proof.missing else []
    return f"the chain of {environment} is broken: {', '.join(found)}, of {proof.records}"


def _details(proof: chain.Proof) -> tuple[str, ...]:
    rows = [("changed", one) for one in proof.changed[:_RECENT]] + [("missing", one) for one in proof.missing[:_RECENT]]
    rows += [("begins", f"after {proof.since}, which is not here")] if proof.since else []
    rows += [("shortened", f"{proof.cut}: copies from hosts, whose words can't be proven here")] if proof.cut else []
    rows += [("unchained", f"{proof.unchained}: of versions before the chain")] if proof.unchained else []
    return tuple(f"  {name:<9}  {said}" for name, said in (*rows, *(("head", one) for one in proof.heads)))


def _usable(session: Session) -> Ledger:
    """Raises: Refused. What is away, or of another version, can be neither copied nor proven."""
    reason = session.ledger.unusable()
    if reason:
        raise _away(session.ledger, reason)
    return session.ledger


def _away(ledger: Ledger, reason: str) -> Refused:
    hint = "rollback ledger upgrade" if "rollback ledger upgrade" in reason else "rollback status"
    return Refused(f"the ledger {ledger.shown} can't be used: {reason}", hint=hint)
