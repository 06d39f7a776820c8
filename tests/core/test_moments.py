from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from rollback.core.moments import moment

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)  # 10:30 in Berlin


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("09:45", "2026-11-02T08:45:00"),
        ("09:45:30", "2026-11-02T08:45:30"),
        ("10:31", "2026-11-02T09:31:00"),  # still to come, which is not ours to judge
        ("22:31", "2026-11-01T21:31:00"),  # more than half a day to come: yesterday's
        ("2026-11-01", "2026-10-31T23:00:00"),
        ("2026-07-01 09:45", "2026-07-01T07:45:00"),
        ("2026-07-01T09:45Z", "2026-07-01T09:45:00"),
        ("2026-07-01T09:45:10-05:00", "2026-07-01T14:45:10"),
        ("2026-10-25T02:30+01:00", "2026-10-25T01:30:00"),
        ("7d", "2026-10-26T09:30:00"),
        ("6w", "2026-09-21T09:30:00"),
        ("90m", "2026-11-02T08:00:00"),
    ],
)
def test_a_moment_is_read_as_it_is_written(text: str, said: str) -> None:
    assert moment(text, NOW, BERLIN) == datetime.fromisoformat(said).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("quarter to ten", "is no time like"),
        ("", "is no time like"),
        ("9:45", "is no time like"),
        ("25:00", "is no time of any day"),
        ("2026-02-30", "is no time of any day"),
        ("0001-01-01T00:00+14:00", "is no time of any day"),
        ("999999d", "is longer ago"),
        ("२०२६-११-०१", "is no time like"),
        ("2026-03-29 02:30", "was not there that day in Europe/Berlin"),
        ("2026-10-25 02:30", "was twice that day in Europe/Berlin: say which, as in 2026-10-25T02:30.02:00"),
    ],
)
def test_what_is_none_is_refused_in_words(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        moment(text, NOW, BERLIN)
