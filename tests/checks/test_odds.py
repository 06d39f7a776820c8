"""Fisher's exact test and the rule of three, against tables that were counted out otherwise."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollback.checks.odds import bound, fisher


@pytest.mark.parametrize(
    ("table", "p"),
    [
        ((3, 4, 1, 4), 17 / 70),  # the lady tasting tea: 3 of 4 cups right
        ((4, 4, 0, 4), 1 / 70),
        ((6, 200, 0, 200), 0.0150),  # beside a clean baseline, six are not enough for p < 0.01
        ((7, 200, 0, 200), 0.0074),
        ((0, 200, 5, 200), 1.0),
        ((0, 1, 0, 1), 1.0),
    ],
)
def test_the_chance_of_so_many_failures(table: tuple[int, int, int, int], p: float) -> None:
    assert fisher(*table) == pytest.approx(p, abs=5e-5)


@given(st.integers(1, 40), st.integers(1, 40), st.data())
def test_it_is_the_sum_of_the_tables_that_are_as_bad(of: int, before: int, data: st.DataObject) -> None:
    bad, bad_before = data.draw(st.integers(0, of)), data.draw(st.integers(0, before))
    m = bad + bad_before
    tables = (comb(of, k) * comb(before, m - k) for k in range(bad, min(of, m) + 1) if m - k <= before)
    assert fisher(bad, of, bad_before, before) == pytest.approx(float(Fraction(sum(tables), comb(of + before, m))))


def test_the_largest_bursts_are_no_trouble() -> None:
    assert 0 < fisher(5_100, 100_000, 5_000, 100_000) < 1


@pytest.mark.parametrize(("of", "below"), [(1, 1.0), (3, 1.0), (200, 0.015), (3000, 0.001)])
def test_no_failure_in_n_tries_says_below_three_nths(of: int, below: float) -> None:
    assert bound(of) == pytest.approx(below)
