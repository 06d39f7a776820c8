"""A moment as a person writes it: a time of today, a day, or how long ago. Pure: what time it is comes from outside."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo

_AGO = re.compile(r"(\d{1,6})(s|m|h|d|w)", re.ASCII)
_TIME = re.compile(r"\d\d:\d\d(?::\d\d)?", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)?)?", re.ASCII)
_HALF_A_DAY = timedelta(hours=12)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
FORMS = "09:45, 2026-11-01, '2026-11-01 09:45', 2026-11-01T09:45Z, or so long ago: 6w, 7d, 2h, 10m"


def moment(text: str, now: datetime, zone: tzinfo) -> datetime:
    """UTC. zone: of a time that names none; `23:50`, said just after midnight, is yesterday's.

    Raises ValueError, a sentence, for what is no time, or was none, or was twice, in that zone.
    """
    if ago := _AGO.fullmatch(text):
        return _ago(int(ago[1]), _UNITS[ago[2]], now)
    if _TIME.fullmatch(text):
        today = now.astimezone(zone).date()
        at = _there(f"{today} {text}", zone)
        return _there(f"{today - timedelta(days=1)} {text}", zone) if at - now > _HALF_A_DAY else at
    if _DAY.fullmatch(text):
        return _there(text, zone)
    raise ValueError(f"is no time like {FORMS}")


def _ago(count: int, unit: str, now: datetime) -> datetime:
    try:
        return now.astimezone(UTC) - timedelta(**{unit: count})
    except OverflowError:
        raise ValueError("is longer ago than there are years") from None


def _there(text: str, zone: tzinfo) -> datetime:
    try:
        written = datetime.fromisoformat(text)
        at = written.replace(tzinfo=written.tzinfo or zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("is no time of any day") from None
    if written.tzinfo is None:
        _require_once(written, zone)
    return at


def _require_once(written: datetime, zone: tzinfo) -> None:
    """Clocks that are put forward leave times out, and put back have them twice (PEP 495)."""
    early, late = written.replace(tzinfo=zone), written.replace(tzinfo=zone, fold=1)
    if early.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != written:
        raise ValueError(f"was not there that day in {zone}: clocks were put forward")
    if early.utcoffset() != late.utcoffset():
        raise ValueError(f"was twice that day in {zone}: say which, as in {early.isoformat(timespec='minutes')}")
