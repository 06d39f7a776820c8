"""Software delivery performance, from deployments alone. Pure, and linear.

The five are DORA's, in the words of its guide "DORA's software delivery performance metrics"
(https://dora.dev/guides/dora-metrics/), and after each what it is here:

Deployment frequency: "The number of deployments over a given period or the time between deployments." Both; a
    deployment is a deploy that switched a host.
Change lead time: "The amount of time it takes for a change to go from committed to version control to deployed in
    production." Of each commit, from its committer's date to the end of the first deployment that has it and did not
    fail.
Change fail rate: "The ratio of deployments that require immediate intervention following a deployment. Likely resulting
    in a rollback of the changes or a "hotfix" to quickly remediate any issues." Those rolled back, left live though
    bad, or stranded, and those that a gate, a person or a rollback said so of later; of those whose end is known.
Failed deployment recovery time: "The time it takes to recover from a deployment that fails and requires immediate
    intervention." From its first host being switched to another release being verified. Where a later operation did
    that it is at most so long: nobody knows when it began to fail.
Deployment rework rate: "The ratio of deployments that are unplanned but happen as a result of an incident in
    production." An estimate: the deployments next after one that failed, of all. Nobody recorded what was planned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from rollback.core.deployments import Deployment, WayBack

DEFAULT_WINDOW = 90 * 86400.0  # seconds
PARTS = ("detect", "decide", "execute", "verify")


@dataclass(frozen=True, slots=True)
class Spread:
    """count values in seconds; p50, p90: Hyndman and Fan's type 7 (linear between the two nearest), None of none."""

    count: int = 0
    p50: float | None = None
    p90: float | None = None


@dataclass(frozen=True, slots=True)
class Ratio:
    """some of all; value: None when there are none."""

    some: int = 0
    all: int = 0

    @property
    def value(self) -> float | None:
        return self.some / self.all if self.all else None


@dataclass(frozen=True, slots=True)
class LeadTimes:
    """By operation: seconds of each commit that it was the first to deploy. untold: those that nobody can tell,
    since commits are not in the repository, or what was before is not known. why: of an estimate, in a few words."""

    of: Mapping[str, tuple[float, ...]]
    untold: frozenset[str] = frozenset()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one group (an environment, an author, a week; "" is all). untold: deployments whose lead time can't be told;
    open: failed ones that are not recovered from; at_most: recovery times that are upper bounds."""

    group: str
    deployments: int
    between: Spread
    lead_time: Spread
    untold: int
    failed: Ratio
    recovery: Spread
    open: int
    at_most: int
    rework: Ratio
    rollbacks: int
    parts: Mapping[str, Spread]


@dataclass(frozen=True, slots=True)
class Metrics:
    """since, until: UTC. by: environment, author, week or "". estimates: what the figures do not know, in sentences."""

    since: datetime
    until: datetime
    environments: tuple[str, ...]
    by: str
    whole: Figures
    groups: tuple[Figures, ...]
    estimates: tuple[str, ...]


Key = Callable[[Deployment | WayBack], str]
KEYS: Mapping[str, Key] = {
    "environment": lambda one: one.environment,
    "author": lambda one: one.author,
    "week": lambda one: week(one.began),
}


def week(at: datetime) -> str:
    """`2026-W48`, ISO 8601."""
    year, number, _ = at.isocalendar()
    return f"{year}-W{number:02}"


def metrics(
    made: Sequence[Deployment],
    ways: Sequence[WayBack],
    lead_times: LeadTimes,
    since: datetime,
    until: datetime,
    environments: tuple[str, ...],
    by: str = "",
) -> Metrics:
    """All that began between since and until; by: a key of KEYS, or "". Environments without any deployment, and weeks
    after the first one, have their groups, too."""
    inside = [one for one in made if since <= one.began <= until]
    back = [one for one in ways if since <= one.began <= until]
    began = min([*(one.began for one in inside), *(way.began for way in back)], default=until)
    whole = _figures("", inside, back, lead_times)
    groups = _groups(by, inside, back, lead_times, _names(by, began, until, environments)) if by else ()
    return Metrics(since, until, environments, by, whole, groups, tuple(_estimates(whole, lead_times)))


def _names(by: str, began: datetime, until: datetime, environments: tuple[str, ...]) -> Iterable[str]:
    if by == "week":
        return {week(began + timedelta(days=day)) for day in range((until - began).days + 1)} | {week(until)}
    return environments if by == "environment" else ()


def _groups(
    by: str, made: Sequence[Deployment], ways: Sequence[WayBack], lead_times: LeadTimes, names: Iterable[str]
) -> tuple[Figures, ...]:
    key = KEYS[by]
    mine: dict[str, list[Deployment]] = {name: [] for name in names}
    theirs: dict[str, list[WayBack]] = {}
    for one in made:
        mine.setdefault(key(one), []).append(one)
    for way in ways:
        theirs.setdefault(key(way), []).append(way)
        mine.setdefault(key(way), [])
    return tuple(_figures(name, mine[name], theirs.get(name, ()), lead_times) for name in sorted(mine))


def _figures(group: str, made: Sequence[Deployment], ways: Sequence[WayBack], lead_times: LeadTimes) -> Figures:
    known = [one for one in made if one.failed is not None]
    failed = [one for one in known if one.failed]
    recovered = [(one.recovered - one.began).total_seconds() for one in failed if one.recovered is not None]
    return Figures(
        group,
        len(made),
        spread(_between(made)),
        spread(value for one in made for value in lead_times.of.get(one.operation, ())),
        sum(one.operation in lead_times.untold for one in made),
        Ratio(len(failed), len(known)),
        spread(recovered),
        len(failed) - len(recovered),
        sum(one.elsewhere for one in failed),
        Ratio(sum(one.rework for one in made), len(made)),
        len(ways),
        {part: spread(dict(one.parts)[part] for one in ways if part in dict(one.parts)) for part in PARTS},
    )


def _between(made: Sequence[Deployment]) -> Iterable[float]:
    """Of each environment by itself."""
    by_place: dict[str, list[datetime]] = {}
    for one in made:
        by_place.setdefault(one.environment, []).append(one.began)
    return (
        (after - before).total_seconds() for times in by_place.values() for before, after in pairwise(sorted(times))
    )


def spread(values: Iterable[float]) -> Spread:
    """Of values in any order; what clocks that differ made negative counts as 0."""
    every = sorted(max(0.0, value) for value in values)
    return Spread(len(every), _quantile(every, 0.5), _quantile(every, 0.9)) if every else Spread()


def _quantile(every: Sequence[float], share: float) -> float:
    place = (len(every) - 1) * share
    low = int(place)
    high = min(low + 1, len(every) - 1)
    return every[low] + (every[high] - every[low]) * (place - low)


def _estimates(whole: Figures, lead_times: LeadTimes) -> Iterable[str]:
    if lead_times.why:
        yield f"lead time: {lead_times.why}"
    if whole.untold:
        missing = "what they brought, or what was live before, is not known or not in this repository"
        yield f"lead time: without {_of(whole.untold, whole)}: {missing}"
    if unknown := whole.deployments - whole.failed.all:
        yield f"change fail rate: without {_of(unknown, whole)}: held or cut off, and nobody judged them since"
    if whole.at_most:
        bound = f"{whole.at_most} of {whole.recovery.count} at most so long"
        yield f"recovery time: {bound}: when it began to fail is not known"
    if whole.rework.some:
        yield "rework rate: a deployment next after a failed one counts as rework; what was planned is not known"


def _of(some: int, whole: Figures) -> str:
    return f"{some} of {whole.deployments} deployments"
