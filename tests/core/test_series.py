from __future__ import annotations

from dataclasses import replace

from hypothesis import example, given
from hypothesis import strategies as st

from rollback.core.judge import judge, violated
from rollback.core.series import condensed
from rollback.model import Finding, Limits, Result
from tests.build import finding

RESULTS = st.sampled_from([Result.PASS, Result.PASS, Result.FAIL, Result.ERROR, Result.INCONCLUSIVE, Result.SKIPPED])
FINDINGS = st.lists(
    st.builds(finding, st.sampled_from(["login", "home"]), RESULTS, st.sampled_from(["web1", None])), max_size=60
)
COUNT = st.integers(0, 4)
LIMITS = st.builds(Limits, st.none() | COUNT, st.none() | COUNT, COUNT, COUNT)


def series(text: str) -> list[Finding]:
    """. passed, x failed, ? could not be measured; each a second later."""
    results = {".": Result.PASS, "x": Result.FAIL, "?": Result.ERROR}
    return [finding(result=results[one], second=second) for second, one in enumerate(text)]


def test_of_what_passed_only_the_first_and_the_last_of_each_run_is_kept() -> None:
    every = series("...x..xx?....")
    assert condensed(every) == tuple(every[place] for place in (0, 2, 3, 5, 6, 7, 8, 12))
    assert condensed([]) == ()


def test_what_has_no_end_is_cut_at_its_beginning() -> None:
    kept = condensed(series("x." * 500))
    assert (len(kept), kept[-1].result) == (200, Result.PASS)


SKIPPED_FIRST = [
    finding("home", Result.SKIPPED),
    finding("home"),
    finding(result=Result.FAIL),
    finding("home"),
    finding("home", Result.FAIL, None),
]


@example(SKIPPED_FIRST, Limits(), Limits())
@given(FINDINGS, LIMITS, LIMITS)
def test_the_judge_says_the_same_of_what_is_kept(every: list[Finding], login: Limits, home: Limits) -> None:
    limits = {"login": login, "home": home}
    kept = condensed(every)
    assert replace(judge(kept, limits), findings=()) == replace(judge(every, limits), findings=())
    assert violated(kept, limits) == violated(every, limits)
    assert condensed(kept) == kept


@given(FINDINGS, LIMITS)
def test_a_limit_that_is_passed_is_no_good_verdict(every: list[Finding], login: Limits) -> None:
    if violated(every, {"login": login}):
        assert judge(every, {"login": login}).grade != "good"
