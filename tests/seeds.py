"""Random cases by their seed: the same ones each time, so that what they cover is no matter of luck, and new ones."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import example, given, settings
from hypothesis import strategies as st

_Test = Callable[[int], None]


def seeds(fixed: int, drawn: int) -> Callable[[_Test], _Test]:
    """fixed: the seeds 0 up to this one. drawn: how many others."""

    def over(test: _Test) -> _Test:
        for seed in reversed(range(fixed)):
            test = example(seed=seed)(test)
        return settings(max_examples=drawn)(given(seed=st.integers(fixed, 2**32))(test))

    return over
