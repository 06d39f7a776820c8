"""What `rollback watch --metrics` knows, for Prometheus to scrape. (`rollback metrics` is in cli/delivery.py.)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server

from rollback.errors import UsageError
from rollback.model import Finding, Grade, Release, Result, Verdict
from rollback.report.words import tag

_OK = {Result.PASS: 1.0, Result.FAIL: 0.0}
_NAMES = ("environment", "check", "host", "case")


@dataclass(frozen=True, slots=True)
class Metrics:
    """Every gauge is of the last round; a check that could not be measured is NaN."""

    environment: str
    verdict: Gauge
    check: Gauge
    live: Gauge
    sampled: Gauge
    rounds: Counter

    def show(self, verdict: Verdict, found: Sequence[Finding], live: Mapping[str, Release]) -> None:
        self.rounds.labels(self.environment).inc()
        self.sampled.labels(self.environment).set_to_current_time()
        for grade in Grade:
            self.verdict.labels(self.environment, grade).set(grade is verdict.grade)
        self.check.clear()
        for one in found:
            value = _OK.get(one.result, float("nan"))
            self.check.labels(self.environment, one.check, one.host or "", one.case or "").set(value)
        self.live.clear()
        for host, release in live.items():
            self.live.labels(self.environment, host, tag(release)).set(1)


def served(address: str, environment: str) -> Metrics:
    """At http://ADDRESS/metrics from now on. Raises: UsageError."""
    host, _, port = address.rpartition(":")
    registry = CollectorRegistry()
    try:
        start_http_server(int(port), host or "127.0.0.1", registry)
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError(
            f"--metrics {address}: can't listen there: {error}", hint="an address like 127.0.0.1:9464"
        ) from error
    return Metrics(
        environment,
        Gauge("rollback_verdict", "1 for the verdict on what is live", ("environment", "grade"), registry=registry),
        Gauge("rollback_check_ok", "1 passed, 0 failed, NaN not measured", _NAMES, registry=registry),
        Gauge("rollback_live", "1 for what is live on a host", ("environment", "host", "tag"), registry=registry),
        Gauge("rollback_sampled_timestamp_seconds", "the last round", ("environment",), registry=registry),
        Counter("rollback_rounds", "rounds of questions", ("environment",), registry=registry),
    )
