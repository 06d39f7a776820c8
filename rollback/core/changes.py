"""How long changes took from being committed to being deployed, from deployments and the repository's commits. Pure.

A commit belongs to the first deployment that has it and did not fail. Each is looked at once, so that a history of any
length takes one walk.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rollback.core.deployments import Deployment
from rollback.core.metrics import LeadTimes

Commits = Mapping[str, tuple[int, tuple[str, ...]]]  # by id: the committer's date (seconds since 1970), its parents


def lead_times(made: Sequence[Deployment], commits: Commits, present: frozenset[str], base: str | None) -> LeadTimes:
    """made: one environment's, the oldest first. commits: all that the deployed ones have and `base` has not. present:
    which of the deployed commits and `base` the repository has. base: what was good before the first of them, or None.
    Where the repository lacks what was deployed before, nobody can tell what was new.
    """
    of: dict[str, tuple[float, ...]] = {}
    untold: set[str] = set()
    claimed: set[str] = set()
    grounded = base in present
    for one in made:
        if one.failed is not False or one.ended is None:
            continue
        known = one.release.commit in present
        fresh = tuple(_claim(one.release.commit, commits, claimed)) if known else ()
        if known and grounded:
            ended = one.ended.timestamp()
            of[one.operation] = tuple(max(0.0, ended - at) for at in fresh)
        else:
            untold.add(one.operation)
        grounded = known
    return LeadTimes(of, frozenset(untold))


def _claim(commit: str, commits: Commits, claimed: set[str]) -> Iterator[int]:
    """The dates of it and of its ancestors that no deployment had before."""
    waiting = [commit]
    while waiting:
        one = waiting.pop()
        if one in commits and one not in claimed:
            claimed.add(one)
            at, parents = commits[one]
            waiting.extend(parents)
            yield at
