"""What was delivered since a time, by the ledger and the repository: for `rollback metrics` and the dashboard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from rollback.core.changes import lead_times
from rollback.core.deployments import Deployment, WayBack, deployments, wanting
from rollback.core.metrics import LeadTimes
from rollback.errors import Refused
from rollback.model import Grade, Judged

if TYPE_CHECKING:
    from rollback.ledger.store import Ledger
    from rollback.source.commits import Commits

_MARGIN = timedelta(days=1)  # before the window, for operations that reach into it
_ALWAYS = frozenset({"started", "ended", "marked", "withdrawn", "reverted", "watched"})
_WHERE_WANTED = frozenset({"intended", "observed", "judged"})
_BEFORE = 20  # verdicts to look at for what was good before the window

Ask = Callable[[str | None, tuple[str, ...]], "Commits"]  # Repository.commits; may raise Refused


@dataclass(frozen=True, slots=True)
class Delivered:
    """Of one environment: what core.metrics makes figures of."""

    made: tuple[Deployment, ...]
    ways: tuple[WayBack, ...]
    lead_times: LeadTimes


def delivered(ledger: Ledger, begin: datetime, ask: Ask) -> Delivered:
    """Reads the window only, and of most operations only a few kinds of records. begin: UTC."""
    from rollback.ledger.ids import floor
    from rollback.ledger.part import Part

    since = floor(begin - _MARGIN)
    records = ledger.records(Part(since, kinds=_ALWAYS))
    steps = ledger.records(Part(since, kinds=_WHERE_WANTED, operations=wanting(records)))
    verdicts = ledger.records(Part(before=floor(begin), kinds=frozenset({"judged"}), newest=_BEFORE))
    good = [one.fact.release.commit for one in verdicts if isinstance(one.fact, Judged) and _is_good(one.fact)]
    made, ways = deployments((*records, *steps))
    took = _lead_times([one for one in made if one.began >= begin], good[-1] if good else None, ask)
    return Delivered(tuple(made), tuple(ways), took)


def _is_good(fact: Judged) -> bool:
    return fact.verdict.grade is Grade.GOOD


def _lead_times(made: Sequence[Deployment], before: str | None, ask: Ask) -> LeadTimes:
    """before: the commit that was good before them, or None. Without a repository nobody can tell when anything was
    committed."""
    wanted = tuple(one.release.commit for one in made if one.failed is False)
    if not wanted:
        return LeadTimes({})
    try:
        known = ask(before, wanted)
    except Refused as error:
        untold = frozenset(one.operation for one in made if one.failed is False)
        return LeadTimes({}, untold, f"not told: {error}")
    took = lead_times(made, known.found, known.present, before)
    why = "this is a shallow clone, and older commits may be missing from it" if known.shallow else ""
    return replace(took, why=why)
