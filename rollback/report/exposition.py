"""Delivery metrics for other programs: CSV, and Prometheus' text format for a pushgateway or a textfile collector.

The gauges begin with `rollback_delivery_`: those of `rollback watch --metrics`, which is scraped, do not.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from rollback.core.metrics import Figures, Metrics, Spread

if TYPE_CHECKING:
    from prometheus_client import Gauge

_HEAD = (
    *("deployments", "between_p50_seconds", "between_p90_seconds", "commits", "lead_time_p50_seconds"),
    *("lead_time_p90_seconds", "lead_time_untold", "judged", "failed", "change_fail_rate", "recovered"),
    *("recovery_p50_seconds", "recovery_p90_seconds", "recovery_at_most", "not_recovered", "rework", "rework_rate"),
    "rollbacks",
)


def as_csv(found: Metrics, fit: Callable[[str], str]) -> str:
    """A row for each group, or one for all; seconds, empty where unknown. fit: makes a text fit to be seen."""
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    parts = [f"{part}_{share}_seconds" for part in found.whole.parts for share in ("p50", "p90")]
    out.writerow([found.by or "environment", *_HEAD, *parts])
    for one in found.groups if found.by else (found.whole,):
        name = fit(one.group) if found.by else " ".join(found.environments)
        # A spreadsheet takes a cell that begins like this for a formula.
        out.writerow([f"'{name}" if name.startswith(("=", "+", "-", "@")) else name, *map(_cell, _row(one))])
    return text.getvalue()


def _row(one: Figures) -> Iterator[float | None]:
    yield from (one.deployments, one.between.p50, one.between.p90)
    yield from (one.lead_time.count, one.lead_time.p50, one.lead_time.p90, one.untold)
    yield from (one.failed.all, one.failed.some, one.failed.value)
    yield from (one.recovery.count, one.recovery.p50, one.recovery.p90, one.at_most, one.open)
    yield from (one.rework.some, one.rework.value, one.rollbacks)
    for spread in one.parts.values():
        yield from (spread.p50, spread.p90)


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)


# Of one group: a gauge's name, what it says, its value.
_NUMBERS: tuple[tuple[str, str, Callable[[Figures], float | None]], ...] = (
    ("deployments", "in the window", lambda one: one.deployments),
    ("change_fail_ratio", "failed deployments, of those whose end is known", lambda one: one.failed.value),
    ("rework_ratio", "deployments next after a failed one, of all; an estimate", lambda one: one.rework.value),
    ("not_recovered", "failed deployments that nothing verified has replaced yet", lambda one: one.open),
    ("rollbacks", "in the window, by themselves or by hand", lambda one: one.rollbacks),
)
_SPREADS: tuple[tuple[str, str, Callable[[Figures], Spread]], ...] = (
    ("between_seconds", "time between two deployments", lambda one: one.between),
    ("lead_time_seconds", "from a commit to the end of its first good deployment", lambda one: one.lead_time),
    ("recovery_seconds", "from a failed deployment's switch to another release verified", lambda one: one.recovery),
)


def as_prometheus(app: str, found: Metrics, fit: Callable[[str], str]) -> str:
    """Gauges of the window; what is unknown has no series."""
    from prometheus_client import CollectorRegistry, Gauge, generate_latest

    registry = CollectorRegistry()
    every = tuple(_labelled(app, found, fit))
    names = tuple(every[0][0]) if every else ()
    for name, text, value in _NUMBERS:
        gauge = Gauge(f"rollback_delivery_{name}", text, names, registry=registry)
        for labels, one in every:
            if (number := value(one)) is not None:
                gauge.labels(**labels).set(number)
    for name, text, spread in _SPREADS:
        gauge = Gauge(f"rollback_delivery_{name}", text, (*names, "quantile"), registry=registry)
        for labels, one in every:
            _set(gauge, spread(one), labels)
    split = Gauge(
        "rollback_delivery_rollback_seconds", "of a rollback's part", (*names, "part", "quantile"), registry=registry
    )
    for labels, one in every:
        for part, took in one.parts.items():
            _set(split, took, {**labels, "part": part})
    for name, text, at in (("since", "where the window begins", found.since), ("until", "where it ends", found.until)):
        gauge = Gauge(f"rollback_delivery_{name}_timestamp_seconds", text, ("app",), registry=registry)
        gauge.labels(app).set(at.timestamp())
    return generate_latest(registry).decode()


def _labelled(app: str, found: Metrics, fit: Callable[[str], str]) -> Iterator[tuple[dict[str, str], Figures]]:
    where = {"app": app, "environment": " ".join(found.environments)}
    for one in found.groups if found.by else (found.whole,):
        yield (where | {found.by: fit(one.group)} if found.by else where), one


def _set(gauge: Gauge, spread: Spread, labels: dict[str, str]) -> None:
    for quantile, value in (("0.5", spread.p50), ("0.9", spread.p90)):
        if value is not None:
            gauge.labels(**labels, quantile=quantile).set(value)
