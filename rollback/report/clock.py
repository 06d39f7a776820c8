"""Times of an incident as its readers need them: UTC and the team's own, as exact and as dated as they must be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

_SHORT = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Clock:
    """Of what lies between two moments. zone: the team's; UTC: there is none beside it."""

    begin: datetime
    end: datetime
    zone: tzinfo = UTC

    @property
    def zones(self) -> tuple[tuple[str, tzinfo], ...]:
        own = ((str(self.zone), self.zone),) if str(self.zone) != "UTC" else ()
        return (("UTC", UTC), *own)

    def times(self, at: datetime) -> tuple[str, ...]:
        """One for each zone, as exact and as dated as all the others of the incident."""
        return tuple(self._time(at.astimezone(zone)) for _, zone in self.zones)

    def said(self, at: datetime) -> str:
        """In prose: `2026-11-23 22:46:54 UTC (23:46:54 Europe/Berlin)`; the date twice where it differs."""
        utc, *own = (at.astimezone(zone) for _, zone in self.zones)
        beside = (f"{_dated(one, one.date() != utc.date())} {self.zone}" for one in own)
        return f"{_dated(utc, True)} UTC" + "".join(f" ({one})" for one in beside)

    def _time(self, at: datetime) -> str:
        exact = f".{at.microsecond // 100_000}" if self.end - self.begin < _SHORT else ""
        return f"{_dated(at, self._over_days)}{exact}"

    @property
    def _over_days(self) -> bool:
        return any(self.begin.astimezone(zone).date() != self.end.astimezone(zone).date() for _, zone in self.zones)


def _dated(at: datetime, dated: bool) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}" if dated else f"{at:%H:%M:%S}"
