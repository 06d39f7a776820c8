"""Text becomes values at the border."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from rollback.playbook.amounts import Exactly, Share
from rollback.playbook.types import Batch, PortText, Switch, duration, share


@pytest.mark.parametrize(
    ("text", "seconds"), [("500ms", 0.5), ("10s", 10.0), ("5m", 300.0), ("1h", 3600.0), ("1.5s", 1.5), ("0s", 0.0)]
)
def test_durations_are_seconds(text: str, seconds: float) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "10", "10 s", "s", "-1s", "1d", "1e3s", "1s2m", "٣s", "1_0s", "10S", "9" * 30 + "s"]
)
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a duration \(like 10s or 5m\)"):
        duration(text)


def test_no_duration_is_longer_than_a_year() -> None:
    with pytest.raises(ValueError, match="longer than a year"):
        duration("9000h")


@pytest.mark.parametrize(("text", "fraction"), [("25%", 0.25), ("0.5%", 0.005), ("100%", 1.0)])
def test_shares_are_fractions(text: str, fraction: float) -> None:
    assert share(text) == Share(fraction)


@pytest.mark.parametrize(("text", "value"), [("2", Exactly(2)), ("50%", Share(0.5))])
def test_a_batch_is_a_count_or_a_share(text: str, value: Exactly | Share) -> None:
    batch: TypeAdapter[Exactly | Share] = TypeAdapter(Batch)
    assert (batch.validate_python(text), str(value)) == (value, text)


@pytest.mark.parametrize("text", ["0", "-1", "0%", "101%", "half", "1.5", ""])
def test_a_batch_of_nothing_or_too_much_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Batch).validate_python(text)


@pytest.mark.parametrize(
    ("text", "value"), [("on", True), ("Yes", True), ("true", True), ("off", False), ("no", False), ("FALSE", False)]
)
def test_switches(text: str, value: bool) -> None:
    assert TypeAdapter(Switch).validate_python(text) is value


@pytest.mark.parametrize("text", ["8000", "{{host.vars.port}}"])
def test_a_port_is_a_number_or_a_template(text: str) -> None:
    assert TypeAdapter(PortText).validate_python(text) == text


@pytest.mark.parametrize("text", ["0", "65536", "http", "{{", "{{a}}{{", ""])
def test_anything_else_is_no_port(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(PortText).validate_python(text)


@given(st.floats(0, 1), st.integers(0, 10_000))
def test_a_share_lies_between_one_and_all(fraction: float, count: int) -> None:
    assert min(count, 1) <= Share(fraction).of(count) <= count
