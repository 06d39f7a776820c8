"""What a plan says of the database."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rollback.core.explain import Explanation
from rollback.model import Between, Grade, Kind, Migration, Outcome, Phase, Plan, Release, Step, Verdict
from rollback.report import ending, migrations, plan
from tests.build import V1, V2, V3, judged, known

PHONE, DROP = Migration("0002_phone.sql", "2"), Migration("0003_drop.sql", "3", irreversible=True)
MANY = tuple(Migration(f"{number:04}", "x") for number in range(8))
DEPLOY = Plan(Kind.DEPLOY, V3, V2, (Step(Phase.ACTIVATE, V3, ("web1",)),), (("web1", V2.id),))
FIRST = replace(DEPLOY, fallback=None, live=(("web1", None),))
BACK = Plan(Kind.ROLLBACK, V1, None, (Step(Phase.ACTIVATE, V1, ("web1",)),), (("web1", V2.id),))
LINES = {
    "nothing lies between": (DEPLOY, Between(V2, V3), "no migrations since v2"),
    "some lie ahead": (
        DEPLOY,
        Between(V2, V3, (PHONE, DROP)),
        "2 migrations since v2: 0002_phone.sql 0003_drop.sql (irreversible)",
    ),
    "many lie ahead": (
        DEPLOY,
        Between(V2, V3, MANY),
        "8 migrations since v2: 0000 0001 0002 0003 0004 0005 and 2 more",
    ),
    "it is older": (DEPLOY, Between(V2, V3, (), (PHONE,)), "stays ahead of v3 by 1 migration: 0002_phone.sql"),
    "git can not tell": (
        DEPLOY,
        Between(V2, V3, known=False),
        "which migrations lie between v2 and v3 is not known here",
    ),
    "nothing is live": (FIRST, Between(None, V3, known=False), "every migration of v3: nothing is live yet"),
    "what is live is not known": (
        DEPLOY,
        Between(None, V3, known=False),
        "which migrations lie between what is live and v3 is not known here",
    ),
    "code goes back alone": (
        BACK,
        Between(V2, V1, (), (PHONE,)),
        "stays as it is, ahead of v1 by 1 migration: 0002_phone.sql",
    ),
    "the target has more": (
        BACK,
        Between(V2, V1, (PHONE,)),
        "v1 counts on 1 migration, and none is run: 0002_phone.sql",
    ),
    "the same database": (BACK, Between(V2, V1), "no migrations between v2 and v1"),
    "no record tells": (BACK, Between(V2, V1, known=False), "which migrations lie between v2 and v1 is not known here"),
}


@pytest.mark.parametrize("name", LINES)
def test_the_database_has_a_line_where(name: str) -> None:
    shown, between, expected = LINES[name]
    assert tuple(migrations.lines(replace(shown, between=(between,)))) == (f"  database  {expected}",)


def test_without_migrations_in_the_playbook_nothing_is_said_of_them() -> None:
    assert (*migrations.lines(DEPLOY), *migrations.barrier(DEPLOY)) == ()


def test_a_barrier_is_said_after_the_fallback_that_it_bars() -> None:
    barred = replace(DEPLOY, between=(Between(V2, V3, (DROP,)),))
    assert plan.lines(barred, "production", known(judged(0, V2)).standings)[2:5] == (
        "  database  1 migration since v2: 0003_drop.sql (irreversible)",
        "  fallback  v2 (7632000): known good since 2026-11-20 12:00Z, complete on every host",
        "  barrier   the irreversible migration 0003_drop.sql: from here there is no automatic way back",
    )
    crossing = replace(BACK, between=(Between(V2, V1, (), (DROP,)),))
    assert tuple(migrations.barrier(crossing)) == (
        "  barrier   crossed: the irreversible migration 0003_drop.sql can't be taken back",
    )


@pytest.mark.parametrize(
    ("fallback", "barred", "expected"),
    [
        (V2, False, "rollback"),
        (None, False, "show; then deploy a release that works"),
        (
            V2,
            True,
            "show; then deploy a release that works, or when v2 can work with the database as it is:"
            " rollback --cross-migrations",
        ),
    ],
)
def test_what_to_type_when_a_bad_release_was_left_live(fallback: Release | None, barred: bool, expected: str) -> None:
    left = Explanation(
        "deploy", "production", Outcome.LEFT, Verdict(Grade.BAD, ""), target=V3, fallback=fallback, barred=barred
    )
    assert ending._after_left(left, "show") == expected
