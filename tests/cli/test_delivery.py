"""What `rollback metrics` takes, before any ledger is asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rollback.cli.delivery import moment
from rollback.errors import UsageError
from tests.cli.command import run

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", NOW - timedelta(days=90)),
        ("12h", NOW - timedelta(hours=12)),
        ("30d", NOW - timedelta(days=30)),
        ("6w", NOW - timedelta(weeks=6)),
        ("99999w", NOW - timedelta(weeks=99999)),
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T12:00+02:00", datetime(2026, 1, 31, 10, tzinfo=UTC)),
    ],
)
def test_a_window_begins_so_long_ago_or_at_a_time(text: str, expected: datetime) -> None:
    assert moment(text, NOW) == expected


@pytest.mark.parametrize("text", ["0d", "tomorrow", "2026-11-21", "-1d", "\u0661d", "90", "0001-01-01T00:00+23:00"])
def test_what_is_no_time_before_now_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="not a time before now"):
        moment(text, NOW)


@pytest.mark.parametrize("words", [("--by", "host"), ("--csv", "--prometheus"), ("--csv", "--json")])
def test_what_it_does_not_know_is_wrong_usage(tmp_path: Path, words: tuple[str, ...]) -> None:
    assert run(tmp_path, "metrics", *words).code == 2
