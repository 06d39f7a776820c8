"""An old verdict beside today's on the same findings."""

from __future__ import annotations

from collections.abc import Iterable

from rollback.core.judge import Decision
from rollback.core.replay import Replay
from rollback.model import Grade
from rollback.report import words
from rollback.report.evidence import told, worst

_MOST = 10  # findings
_FOLLOWS = {
    Decision.GO_ON: "it would stay live",
    Decision.GO_BACK: "it would be rolled back",
    Decision.ASK: "somebody would be asked whether to roll back",
    Decision.LEAVE: "it would be left live",
    Decision.HOLD: "it would be held",
}


def sentence(what: str, one: Replay) -> str:
    """`deploy v3: was bad, would be good today`"""
    was = one.was.grade if one.was else "without a verdict"
    would = f"would be {one.now.grade} today" if was != one.now.grade else f"would be {one.now.grade} today, too"
    return f"{what}: was {was}, {would}"


def lines(one: Replay, follows: Decision) -> Iterable[str]:
    """Both rules, what was found, and what such a look back can't tell."""
    if one.was:
        yield f"  then      {one.was.rule}"
    yield f"  today     {one.now.rule}: {_FOLLOWS[follows]}"
    yield from (f"  {line}" for line in told(worst(one.now.findings), _MOST))
    if one.gone:
        yield f"  left out  {', '.join(one.gone)}: not a check of this playbook any more"
    if one.unasked:
        yield f"  not asked {', '.join(one.unasked)}"
    if one.cut_short:
        yield f"  but       asking ended when {words.tag(one.release)} was found {Grade.BAD}: what came next is unknown"
