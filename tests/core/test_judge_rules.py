"""The judge held against the rules of the design, said once more in another way: a history is a word, and a rule is a
pattern that words match. P passed, F failed, I inconclusive, E error, S skipped.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import product

import pytest

from rollback.core.judge import judge, violated
from rollback.model import Finding, Grade, Limits, Result
from tests.build import finding

RESULTS = {"P": Result.PASS, "F": Result.FAIL, "I": Result.INCONCLUSIVE, "E": Result.ERROR, "S": Result.SKIPPED}
LIMITS = (
    Limits(),
    Limits(failure=1),
    Limits(failure=None, consecutive_failure=1),
    Limits(failure=2, consecutive_failure=1),
    Limits(inconclusive=1),
    Limits(consecutive_error=0),
    Limits(failure=1, inconclusive=1, consecutive_error=1),
)
WORDS = tuple("".join(letters) for length in range(4) for letters in product(RESULTS, repeat=length))
Words = Mapping[tuple[str, str], str]  # check, host -> what was found, as it came


def findings(words: Words) -> list[Finding]:
    """One round after the other, as a gate or a watch finds them."""
    rounds = range(max(map(len, words.values()), default=0))
    asked = [(at, check, host, word) for at in rounds for (check, host), word in words.items() if at < len(word)]
    return [finding(check, RESULTS[word[at]], host, second=at) for at, check, host, word in asked]


def expected(words: Words, limit: Limits) -> Grade:
    """What the rules say. A check's limits count over its hosts; what is in a row is so on one host."""
    answered = {place: word.replace("S", "") for place, word in words.items() if set(word) - {"S"}}
    checks = {check: "".join(word for (one, _), word in answered.items() if one == check) for check, _ in answered}
    many = "{%d,}$"
    in_a_row = None if limit.consecutive_failure is None else "F" + many % (limit.consecutive_failure + 1)
    if any(limit.failure is not None and word.count("F") > limit.failure for word in checks.values()):
        return Grade.BAD
    if any(in_a_row and re.search(in_a_row, word) for word in answered.values()):
        return Grade.BAD
    unmeasured = any("P" not in word for word in answered.values())
    errors = any(re.search("E" + many % (limit.consecutive_error + 1), word) for word in answered.values())
    doubtful = any(word.count("I") > limit.inconclusive for word in checks.values())
    return Grade.UNKNOWN if not answered or unmeasured or errors or doubtful else Grade.GOOD


@pytest.mark.parametrize("limit", LIMITS, ids=str)
@pytest.mark.parametrize("word", WORDS)
def test_every_history_of_one_question(word: str, limit: Limits) -> None:
    words = {("login", "web1"): word}
    assert judge(findings(words), {"login": limit}).grade is expected(words, limit)


@pytest.mark.parametrize("limit", LIMITS, ids=str)
@pytest.mark.parametrize("second", [("login", "web2"), ("health", "web1")], ids="/".join)
def test_every_history_of_two_hosts_and_of_two_checks(second: tuple[str, str], limit: Limits) -> None:
    short = [word for word in WORDS if len(word) <= 2]
    for one, two in product(short, short):
        words = {("login", "web1"): one, second: two}
        grade = judge(findings(words), {"login": limit, "health": limit}).grade
        assert grade is expected(words, limit), words


@pytest.mark.parametrize("word", WORDS)
def test_what_only_warns_or_was_red_before_never_counts(word: str) -> None:
    """Alone it is nothing that was measured; beside another check, what that says is all there is."""
    passed, mine = finding("health"), findings({("login", "web1"): word})
    warned = [replace(one, required=False) for one in mine]
    assert judge(warned, {}).grade is judge(mine, {}, frozenset({"login"})).grade is Grade.UNKNOWN
    assert judge([passed, *warned], {}).grade is Grade.GOOD
    assert judge([passed, *mine], {}, frozenset({"login"})).grade is Grade.GOOD


@pytest.mark.parametrize("limit", LIMITS, ids=str)
def test_what_was_waited_for_until_the_deadline_is_bad_whatever_is_tolerated(limit: Limits) -> None:
    last = replace(finding(result=Result.FAIL, second=9), final=True)
    for word in WORDS:
        assert judge([*findings({("login", "web1"): word}), last], {"login": limit}).grade is Grade.BAD, word


@pytest.mark.parametrize("limit", LIMITS, ids=str)
def test_nothing_that_comes_later_makes_a_failure_limit_unpassed(limit: Limits) -> None:
    """So that a watch may end at once; what counts in a row is for the run that goes on."""
    for word, more in product(WORDS, "PFIES"):
        if limit.failure is not None and word.count("F") > limit.failure:
            words = {("login", "web1"): word + more}
            assert violated(findings(words), {"login": limit}), words
            assert judge(findings(words), {"login": limit}).grade is Grade.BAD, words
