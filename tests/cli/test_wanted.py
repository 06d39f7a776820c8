from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from rollback.cli.wanted import Terms, first_plan
from rollback.core.rollout import Rollout
from rollback.errors import Refused
from rollback.model import Grade, Kind, Release
from tests.build import V3, judged, known, release, sighting
from tests.core.test_resume import EVERY, SWITCHED, cut_off, seen

V4 = release("v4")


def session(*marked: Release) -> Any:
    """Whose records hold a deploy of v3 that was cut off on web1."""
    records = (*cut_off("web1"), *(judged(9, one, Grade.BAD) for one in marked))
    return SimpleNamespace(
        known=lambda: known(*records),
        regard=lambda *_: None,
        rollout=Rollout(),
        playbook=SimpleNamespace(migrations=None),
    )


HERE = (seen("web1", V3, SWITCHED), sighting("web2", EVERY[1], EVERY))
ONE_AWAY = (HERE[0], sighting("web2", problem="timed out"))


def test_what_was_left_comes_before_a_deploy_unless_it_is_forced() -> None:
    assert first_plan(session(), V4, Terms(), HERE).kind is Kind.RESUME
    assert first_plan(session(), V4, Terms(away=1), ONE_AWAY).kind is Kind.RESUME
    assert first_plan(session(), V4, Terms(force=True), HERE).target == V4


@pytest.mark.parametrize(
    ("marked", "sightings", "why"), [((), ONE_AWAY, "web2: timed out"), ((V4,), HERE, r"v4 .* is bad since")]
)
def test_nothing_is_put_in_order_for_a_deploy_that_is_refused_anyway(marked: Any, sightings: Any, why: str) -> None:
    with pytest.raises(Refused, match=why):
        first_plan(session(*marked), V4, Terms(), sightings)
