"""Times that are typed, and the zone that they are in: the team's, which the playbook names."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

from rollback.core.moments import moment
from rollback.errors import UsageError


def zone(name: str) -> tzinfo:
    """UTC on a machine that knows no zones."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError:
        return UTC


def typed(option: str, text: str, now: datetime, team: tzinfo, hint: str) -> datetime:
    """UTC. Raises UsageError, which names the option, for what is no time, or is still to come."""
    try:
        at = moment(text, now, team)
    except ValueError as error:
        raise UsageError(f"{option} {text!r} {error}", hint=hint) from error
    if at > now:
        raise UsageError(f"{option} {text!r} is still to come", hint=hint)
    return at
