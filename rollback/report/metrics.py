"""Delivery metrics as a person reads them: five lines, the parts of rollbacks as bars, a row for each group."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from rollback.core.metrics import Figures, Metrics, Ratio, Spread
from rollback.report import words
from rollback.report.layout import Column, Grid
from rollback.text import clean_line

_BAR = 20  # cells


def shown(app: str, found: Metrics) -> tuple[object, ...]:
    """`~` stands before what is an estimate, as the last lines say."""
    return (
        *_head(app, found),
        *_five(found.whole),
        *_parts(found.whole),
        *_grouped(found),
        *((" ",) if found.estimates else ()),
        *(f"~ {clean_line(one)}" for one in found.estimates),
    )


def sentence(found: Metrics) -> str:
    """`12 deployments, 1 of them failed, 2 rollbacks`"""
    whole = found.whole
    made, back = words.count(whole.deployments, "deployment"), words.count(whole.rollbacks, "rollback")
    return f"{made}, {whole.failed.some} of them failed, {back}"


def _head(app: str, found: Metrics) -> Iterator[object]:
    days = (found.until - found.since).total_seconds() / 86400
    where = words.hosts(found.environments)
    yield Text(f"{app} on {where}, the last {days:.3g} days", "bold")
    yield f"since {words.moment(found.since)}; for another window: --since 30d, or --since 2026-01-31"
    yield " "


def _five(whole: Figures) -> Iterator[object]:
    grid = Grid((Column("delivery"), Column("figure", prose=True)))
    grid.add("deployment frequency", _frequency(whole))
    grid.add("change lead time", _mark(_spread(whole.lead_time, "commit"), bool(whole.untold)))
    grid.add("change fail rate", _mark(_ratio(whole.failed), whole.failed.all < whole.deployments))
    grid.add("recovery time", _mark(_recovery(whole), bool(whole.at_most)))
    grid.add("rework rate", _mark(_ratio(whole.rework), bool(whole.rework.some)))
    yield grid


def _frequency(whole: Figures) -> str:
    made = words.count(whole.deployments, "deployment")
    return made + (f", one in {words.seconds(whole.between.p50)} (p50)" if whole.between.p50 is not None else "")


def _recovery(whole: Figures) -> str:
    still = f"{whole.open} not recovered from"
    if not whole.recovery.count:
        return still if whole.open else "-"
    return _spread(whole.recovery, "failed deployment") + (f"; {still}" if whole.open else "")


def _spread(one: Spread, noun: str) -> str:
    if one.p50 is None or one.p90 is None:
        return "-"
    return f"p50 {words.seconds(one.p50)}, p90 {words.seconds(one.p90)}, of {words.count(one.count, noun)}"


def _ratio(one: Ratio) -> str:
    return "-" if one.value is None else f"{one.value:.0%}, {one.some} of {one.all}"


def _mark(text: str, estimate: bool) -> str:
    return f"~ {text}" if estimate and text != "-" else text


def _parts(whole: Figures) -> Iterator[object]:
    most = max((one.p50 or 0 for one in whole.parts.values()), default=0)
    if not any(one.count for one in whole.parts.values()):
        return
    yield " "
    grid = Grid(
        (Column(words.count(whole.rollbacks, "rollback")), Column("p50"), Column("p90"), Column("", 1), Column("of", 2))
    )
    for name, one in whole.parts.items():
        grid.add(name, _time(one.p50), _time(one.p90), bar(one.p50 or 0, most), str(one.count))
    yield grid


def _time(value: float | None) -> str:
    return "-" if value is None else words.seconds(value)


def bar(value: float, most: float) -> str:
    """Of at most 20 cells; some of something is never nothing."""
    return "█" * max(1, round(_BAR * value / most)) if value > 0 and most > 0 else ""


def _grouped(found: Metrics) -> Iterator[object]:
    if not found.groups:
        return
    yield " "
    most = max(one.deployments for one in found.groups)
    names = (Column(found.by), Column("deployments"), Column("", 5), Column("lead p50", 3), Column("failed"))
    grid = Grid((*names, Column("recovery p50", 2), Column("rework", 4), Column("rollbacks", 1)))
    for one in found.groups:
        grid.add(
            clean_line(one.group, 30),
            str(one.deployments),
            bar(one.deployments, most),
            _time(one.lead_time.p50),
            _ratio(one.failed),
            _time(one.recovery.p50),
            _ratio(one.rework),
            str(one.rollbacks),
        )
    yield grid
