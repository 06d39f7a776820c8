"""What is decided from a part of the ledger is what all of it would decide: of many random histories."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

from rollback.core.explain import way
from rollback.core.fallback import choose_fallback
from rollback.core.freeze import freeze
from rollback.core.history import known_releases, pins, standings
from rollback.core.left import left, rest, within
from rollback.core.near import Near, Regarded, around, known, near
from rollback.core.plan import Known, deploy, rollback
from rollback.core.recall import recalled
from rollback.core.resume import confirm, resume, undo
from rollback.core.rollout import Rollout
from rollback.core.shelf import Pile, Shelf
from rollback.core.status import common_live
from rollback.core.vigil import last_said
from rollback.errors import RollbackError
from rollback.model import (
    Ended,
    Fact,
    Frozen,
    Grade,
    Intended,
    Intent,
    Judged,
    Kind,
    Marked,
    Observed,
    Outcome,
    Phase,
    Record,
    Release,
    Result,
    Sighting,
    Started,
    Step,
    Unfrozen,
    Verdict,
    Watched,
    Withdrawn,
)
from tests.build import EPOCH, finding
from tests.seeds import seeds

HOSTS = ("web1", "web2", "web3")
RELEASES = tuple(Release(f"v{n}", f"{n:02d}" * 20, f"{n + 50:02d}" * 20) for n in range(8))
MOVED = replace(RELEASES[0], commit="99" * 20)  # the tag of another release
NOBODY = frozenset[str]()


def history(rng: random.Random, length: int) -> tuple[Record, ...]:
    """Operations one after another, and some that overlap, as when a lease is taken away."""
    facts: list[tuple[int, Fact]] = []  # operation, what
    for number in range(length):
        mine = [(number, fact) for fact in _operation(rng)]
        last = max(0, len(facts) - rng.randrange(4)) if rng.random() < 0.2 else len(facts)
        facts[last:] = _mixed(rng, facts[last:], mine)
    return tuple(
        Record(f"R{place:05d}", EPOCH, "shop", "production", f"O{operation:05d}", "ada", fact)
        for place, (operation, fact) in enumerate(facts)
    )


def _mixed(rng: random.Random, ours: list[tuple[int, Fact]], theirs: list[tuple[int, Fact]]) -> list[tuple[int, Fact]]:
    mixed = []
    while ours or theirs:
        one = ours if ours and (not theirs or rng.random() < 0.5) else theirs
        mixed.append(one.pop(0))
    return mixed


def _operation(rng: random.Random) -> list[Fact]:
    said = rng.choice((*RELEASES, MOVED))
    others: tuple[Fact, ...] = (
        Marked(said, rng.choice((Grade.GOOD, Grade.BAD)), "seen"),
        Judged(said, Verdict(rng.choice(list(Grade)), "judged")),
        Watched(said, Grade.GOOD, "well"),
        Frozen("moving"),
        Unfrozen("moved"),
    )
    return [rng.choice(others)] if rng.random() < 0.4 else list(_started(rng, said))


def _started(rng: random.Random, target: Release) -> Iterator[Fact]:
    kind, fallback = rng.choice(list(Kind)), rng.choice((None, *RELEASES))
    hosts = tuple(sorted(rng.sample(HOSTS, rng.choice((1, 2, 3)))))
    yield Started(kind, target, fallback, hosts)
    step = Step(Phase.ACTIVATE, target, hosts)
    if kind is Kind.ROLLBACK:
        yield Withdrawn(rng.choice(RELEASES))
    if rng.random() < 0.8:
        yield Intended(step)
        yield finding_of(step, rng)
    if rng.random() < 0.7:
        yield Judged(target, Verdict(rng.choice(list(Grade)), "judged"))
    if rng.random() < 0.3 and fallback:
        yield Judged(fallback, Verdict(Grade.GOOD, "back"))
    if rng.random() < 0.8:
        live = tuple((host, rng.choice((target, fallback or target)).id) for host in hosts)
        away = tuple(host for host in HOSTS if host not in hosts and rng.random() < 0.3)
        yield Ended(rng.choice(list(Outcome)), live, away)


def finding_of(step: Step, rng: random.Random) -> Fact:
    result = rng.choice((Result.PASS, Result.SKIPPED, Result.ERROR))
    return Observed(step, tuple(finding(result=result, host=host) for host in step.hosts))


def sighted(rng: random.Random) -> tuple[Sighting, ...]:
    def one(host: str) -> Sighting:
        there = tuple(rng.sample(RELEASES, rng.randrange(1, 4)))
        begun = Intent(f"O{rng.randrange(40):05d}", 1, there[0].id, there[-1].id, "switched")
        intent = begun if rng.random() < 0.2 else None
        return Sighting(host, None, there[0].id, there[-1].id, there, intent=intent)

    same = one("web1")
    alike = rng.random() < 0.6
    return tuple(replace(same, host=host) if alike else one(host) for host in HOSTS)


def whole(records: tuple[Record, ...]) -> Known:
    """As it was before there was a `near`."""
    rested = rest(records)
    here = replace(rested, pending=rested.pending & set(HOSTS))
    return Known(standings(records), pins(records), within(left(records), frozenset(HOSTS)), here, freeze(records))


def decided(known: Known, sightings: tuple[Sighting, ...], tag: Release) -> list[object]:
    """Everything that planning can come to; a refusal counts by its kind: its words may name releases of long ago."""
    live = common_live(sightings)
    fallback = choose_fallback(sightings, known.standings, besides=live)
    asked = (
        lambda: deploy(tag, sightings, known, Rollout()),
        lambda: deploy(tag, sightings, known, Rollout(), force=True),
        lambda: rollback(None, sightings, known, Rollout()),
        lambda: rollback(tag, sightings, known, Rollout()),
        lambda: resume(sightings, known, Rollout()),
        lambda: undo(sightings, known, Rollout()),
        lambda: confirm(sightings, known, Rollout()),
    )
    return [fallback, known.left, known.rest, known.freeze, known.pins.get(tag.tag), *map(_plan, asked)]


def _plan(asked: object) -> object:
    try:
        return asked()  # type: ignore[operator]
    except RollbackError as error:
        return type(error)


def agree(shelf: Shelf, records: tuple[Record, ...], rng: random.Random) -> Near:
    sightings, tag = sighted(rng), rng.choice((*RELEASES, MOVED))
    regarded = Regarded(frozenset({tag.tag}), frozenset({tag.commit[:12]}))
    part = near(shelf, sightings, frozenset(HOSTS), regarded, 2)
    assert decided(known(part, frozenset(HOSTS)), sightings, tag) == decided(whole(records), sightings, tag)
    assert last_said(part.every) == last_said(records)
    every, here = known_releases(records), standings(records)
    assert all(every[one] == release for one, release in known_releases(part.every).items())
    assert {commit: here[commit] for commit in standings(part.every)} == standings(part.every)
    return part


@seeds(fixed=40, drawn=110)
def test_near_decides_as_everything_does(seed: int) -> None:
    rng = random.Random(seed)
    records = history(rng, rng.randrange(60))
    agree(Pile(records), records, rng)


@seeds(fixed=40, drawn=20)
def test_an_operation_is_explained_from_a_part_as_from_everything(seed: int) -> None:
    rng = random.Random(seed)
    records = history(rng, 30)
    pile = Pile(records)
    for one in rng.sample(sorted({record.operation for record in records}), 5):
        mine = pile.read(frozenset({one}))
        part, all_of_it = recalled(one, around(pile, mine)), recalled(one, records)
        if all_of_it is not None and all_of_it.back_to is None:  # then all that was ever bad is skipped, and not told
            part, all_of_it = (replace(why, skipped=()) if why else None for why in (part, all_of_it))
        assert part == all_of_it


def test_of_a_long_history_only_the_end_is_read() -> None:
    facts: list[tuple[str, Fact]] = []
    for number in range(300):
        release = Release(f"v{number}", f"{number:012d}" + "0" * 28, "")
        step = Step(Phase.ACTIVATE, release, HOSTS)
        ended = Ended(Outcome.DONE, tuple((host, release.id) for host in HOSTS))
        good = Judged(release, Verdict(Grade.GOOD, ""))
        mine = (Started(Kind.DEPLOY, release, None, HOSTS), Intended(step), good, ended)
        facts += [(f"O{number:03d}", one) for one in mine]
    records = tuple(
        Record(f"R{place:05d}", EPOCH, "shop", "production", name, "", fact) for place, (name, fact) in enumerate(facts)
    )
    targets = [one.fact.target for one in records if isinstance(one.fact, Started)]
    seen = tuple(Sighting(host, None, targets[299].id, targets[298].id, (targets[299], targets[298])) for host in HOSTS)
    part = near(Pile(records), seen, frozenset(HOSTS), Regarded(), 3)
    assert {one.operation for one in part.every} == {"O297", "O298", "O299"}
    new = near(Pile(records), seen, frozenset({*HOSTS, "web9"}), Regarded(), 3)
    assert new == part, "a host that no operation ever named needs nothing of the past"
    old = near(Pile(records), seen, frozenset(HOSTS), Regarded(frozenset({"v7"})), 3)
    assert {one.operation for one in old.older} == {"O007"}
    assert way(targets[298], targets[299], records[-4:], part.every)[0] == standings(records)[targets[298].commit]


def test_an_empty_ledger_has_nothing_to_say() -> None:
    assert near(Pile(()), (), frozenset(HOSTS), Regarded()) == Near()
