from __future__ import annotations

from tests.bench.large import measured


def test_the_benchmark_still_measures_a_whole_deploy() -> None:
    assert list(measured(10)) == ["parse", "plan", "judge", "books", "show", "MiB"]
