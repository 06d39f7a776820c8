"""The story's figures: what the ledger says of the bad release's operation, beside the incident's. Nothing is measured
here: the times are the records' own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

NO_TIME = timedelta()
INCIDENT = {
    "detect": timedelta(minutes=5),
    "decide": timedelta(hours=1, minutes=40),
    "execute": timedelta(minutes=15),
    "verify": timedelta(minutes=30),
}
SAID = {
    "detect": "switched on → first failing finding",
    "decide": "→ decided to go back",
    "execute": "→ the old release is back",
    "verify": "→ and verified",
}
_MOMENTS = ("switched", "failing", "decided", "restored", "verified")


@dataclass(frozen=True, slots=True)
class Figures:
    """parts: detect, decide, execute, verify as far as the records tell. touched: hosts the release was switched on."""

    parts: Mapping[str, timedelta]
    touched: tuple[str, ...]

    @property
    def whole(self) -> timedelta:
        """Switched on until the old release was back and verified."""
        return sum(self.parts.values(), NO_TIME)

    @property
    def restored(self) -> timedelta:
        """First failing finding until the old release was back and verified."""
        return self.whole - self.parts.get("detect", NO_TIME)


def read(shown: Mapping[str, Any], tag: str) -> Figures:
    """From the data of `rollback show --json`, of the operation that tried to deploy `tag`."""
    at = {name: datetime.fromisoformat(text) for name, text in shown["times"].items() if text}
    pairs = zip(SAID, _MOMENTS, _MOMENTS[1:], strict=False)
    parts = {part: at[end] - at[begin] for part, begin, end in pairs if begin in at and end in at}
    touched = {host for step in _activations(shown["records"], tag) for host in step["hosts"]}
    return Figures(parts, tuple(sorted(touched)))


def _activations(records: Sequence[Mapping[str, Any]], tag: str) -> Iterator[Mapping[str, Any]]:
    for record in records:
        step = record["fact"].get("step")
        if step and step["phase"] == "activate" and step["release"]["tag"] == tag:
            yield step


def spoken(time: timedelta) -> str:
    """`0.4 s`, `5 min`, `2 h 30 min`."""
    minutes = round(time.total_seconds() / 60)
    if time < timedelta(minutes=1):
        return f"{time.total_seconds():.1f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
