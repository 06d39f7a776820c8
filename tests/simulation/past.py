"""What was before a simulation begins: v0 and then v1 were deployed and found good, and the hosts' journals say so."""

from __future__ import annotations

from datetime import timedelta

from rollback.ledger import codec
from rollback.model import Ended, Fact, Grade, Judged, Kind, Outcome, Record, Release, Started, Verdict
from tests.simulation.pace import EPOCH
from tests.simulation.truth import V0, V1

_GOOD = Verdict(Grade.GOOD, "every required check passed")


def _deploy(number: int, release: Release) -> tuple[Record, ...]:
    at, operation = EPOCH - timedelta(days=9 - number), f"{number:026d}"
    facts: tuple[Fact, ...] = (
        Started(Kind.DEPLOY, release, None, ()),
        Judged(release, _GOOD),
        Ended(Outcome.DONE, (), (), ""),
    )
    ids = (f"{number:025d}{place}" for place in range(3))
    return tuple(
        Record(one, at, "shop", "production", operation, "ada", fact) for one, fact in zip(ids, facts, strict=True)
    )


def _line(record: Record) -> bytes:
    return codec.to_line(codec.entry(record))


_PAST = (_deploy(1, V0), _deploy(2, V1))
RECORDS = {record.id: record for records in _PAST for record in records}
LINES = {records[0].operation: b"".join(map(_line, records)) for records in _PAST}
READ = {_line(record).removesuffix(b"\n"): record for record in RECORDS.values()}
