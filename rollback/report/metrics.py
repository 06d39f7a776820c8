"""Delivery metrics as a person reads them: five lines, the parts of rollbacks as bars, a row for each group."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

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
        *(("",) if found.estimates else ()),
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
    yield ""


def _five(whole: Figures) -> Iterator[object]:
    grid = Grid((Column("delivery"), Column("figure", prose=True)))
    for one in five(whole):
        grid.add(one.name, f"~ {one.said}" if one.estimate else one.said)
    yield grid


@dataclass(frozen=True, slots=True)
class Figure:
    """One of the five. said: `-` of nothing. means: core.metrics' definition in a few words."""

    name: str
    said: str
    estimate: bool
    means: str


def five(whole: Figures) -> tuple[Figure, ...]:
    return (
        _figure(
            "deployment frequency",
            _frequency(whole),
            "deploys that switched a host, and the time from one to the next",
        ),
        _figure(
            "change lead time",
            _spread(whole.lead_time, "commit"),
            "from a commit to the end of the first deployment that has it and did not fail",
            estimate=bool(whole.untold),
        ),
        _figure(
            "change fail rate",
            ratio(whole.failed),
            "of those whose end is known: rolled back, left live though bad, stranded, or called bad later",
            estimate=whole.failed.all < whole.deployments,
        ),
        _figure(
            "recovery time",
            _recovery(whole),
            "from a failed deployment's first switched host until another release was verified",
            estimate=bool(whole.at_most),
        ),
        _figure(
            "rework rate",
            ratio(whole.rework),
            "deployments next after one that failed, of all",
            estimate=bool(whole.rework.some),
        ),
    )


def _figure(name: str, said: str, means: str, *, estimate: bool = False) -> Figure:
    return Figure(name, said, estimate and said != "-", means)


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


def ratio(one: Ratio) -> str:
    """`25%, 1 of 4`"""
    return "-" if one.value is None else f"{one.value:.0%}, {one.some} of {one.all}"


def _parts(whole: Figures) -> Iterator[object]:
    most = max((one.p50 or 0 for one in whole.parts.values()), default=0)
    if not any(one.count for one in whole.parts.values()):
        return
    yield ""
    grid = Grid(
        (Column(words.count(whole.rollbacks, "rollback")), Column("p50"), Column("p90"), Column("", 1), Column("of", 2))
    )
    for name, one in whole.parts.items():
        grid.add(name, time(one.p50), time(one.p90), bar(one.p50 or 0, most), str(one.count))
    yield grid


def time(value: float | None) -> str:
    """`-` when it is not known."""
    return "-" if value is None else words.seconds(value)


def bar(value: float, most: float) -> str:
    """Of at most 20 cells; some of something is never nothing."""
    return "█" * max(1, round(_BAR * value / most)) if value > 0 and most > 0 else ""


def _grouped(found: Metrics) -> Iterator[object]:
    if not found.groups:
        return
    yield ""
    most = max(one.deployments for one in found.groups)
    names = (Column(found.by), Column("deployments"), Column("", 5), Column("lead p50", 3), Column("failed"))
    grid = Grid((*names, Column("recovery p50", 2), Column("rework", 4), Column("rollbacks", 1)))
    for one in found.groups:
        grid.add(
            clean_line(one.group, 30),
            str(one.deployments),
            bar(one.deployments, most),
            time(one.lead_time.p50),
            ratio(one.failed),
            time(one.recovery.p50),
            ratio(one.rework),
            str(one.rollbacks),
        )
    yield grid
