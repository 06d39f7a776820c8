"""What a count says and what it does not: words beside a finding, which never decide."""

from __future__ import annotations

from math import exp, lgamma


def fisher(bad: int, of: int, bad_before: int, of_before: int) -> float:
    """The chance of at least `bad` failures here, were both samples of the same thing: Fisher's exact test, one-sided.

    The tail of the hypergeometric distribution: R. A. Fisher, "The Design of Experiments" (1935), chapter II. With m
    failures in both: the sum over k >= bad of C(of, k) C(of_before, m - k) / C(of + of_before, m).
    """
    failures = bad + bad_before
    whole = _log_choices(of + of_before, failures)
    tail = (
        exp(_log_choices(of, k) + _log_choices(of_before, failures - k) - whole)
        for k in range(max(bad, failures - of_before), min(of, failures) + 1)
    )
    return min(1.0, sum(tail))


def _log_choices(of: int, some: int) -> float:
    """log of the binomial coefficient: the numbers themselves have thousands of digits."""
    return lgamma(of + 1) - lgamma(some + 1) - lgamma(of - some + 1)


def bound(of: int) -> float:
    """With no failure in `of` tries, the rate is below about this with 95 % confidence: the rule of three.

    J. A. Hanley, A. Lippman-Hand, "If nothing goes wrong, is everything all right?", JAMA 249 (1983), 1743-1745.
    """
    return min(1.0, 3 / of)
