"""The page of delivery figures: what it says, and how often the ledger and git are asked for it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

import pytest

from rollback.cli.options import Options
from rollback.cli.place import Place
from rollback.cli.session import Session
from rollback.core.metrics import LeadTimes, Metrics
from rollback.dashboard.links import Links
from rollback.dashboard.pages import Pages
from rollback.dashboard.source import Source
from rollback.ledger.codec import entry
from rollback.ledger.database import Database
from rollback.ledger.ids import ulid
from rollback.model import Frozen, Grade
from rollback.source.repository import Repository
from rollback.text import clean
from tests.build import V1, V2, V3, release
from tests.dashboard.told import Teller, Told
from tests.source.checkout import Checkout

NASTY = "ada\"'><script>alert(1)</script>\u202e{{7*7}}\x1b[31m"
BEGAN = datetime.now(UTC) - timedelta(days=3)
PLAYBOOK = """
app: shop
root: /srv/shop
restart: "true"
ledger: sqlite:///ledger.sqlite3
checks: [{name: up, command: "true", expect: {exit_status: 0}}]
environments:
  production: {hosts: [web1, web2]}
"""


def page(source: Source) -> str:
    return Pages("shop", {source.name: source}, Links(static=False), clean).delivery(source.name)


def read(html: str) -> str:
    """As it is read aloud: without the pictures."""
    bare = re.sub(r"<svg.*?</svg>|<[^>]+>", " ", html, flags=re.DOTALL)
    return " ".join(bare.split())


def test_the_five_are_there_with_their_meaning_and_what_is_an_estimate() -> None:
    teller = Teller()
    records = teller.deploy(V1)
    first = records[0].operation
    records += [*teller.deploy(V2, Grade.BAD), *teller.deploy(V3)]
    times = LeadTimes({first: (3600.0, 7200.0)}, frozenset({records[-1].operation}))
    html = page(Told(records, lead_times=times))
    said = read(html)
    for figure in (
        "deployment frequency 3 deployments, one in",
        "change lead time ~ estimate: p50 1 h 30 min, p90 1 h 54 min, of 2 commits from a commit to the end of",
        "change fail rate 33%, 1 of 3 of those whose end is known",
        "rework rate ~ estimate: 33%, 1 of 3 deployments next after one that failed",
        "lead time: without 1 of 3 deployments",
    ):
        assert figure in said, said
    assert ("3 33%, 1 of 3" in said, html.count("<svg"), ">✗1</text>" in html) == (True, 4, True)


def test_where_nothing_was_deployed_it_says_so() -> None:
    html = page(Told(Teller().operation(Frozen("quiet"))))
    assert ("Nothing was deployed or rolled back since then" in html, "<svg" in html) == (True, False)


def test_what_comes_from_outside_is_shown_as_text() -> None:
    teller = Teller(author=NASTY, environment=NASTY)
    source = Told(teller.deploy(release(NASTY)), name=NASTY, lead_times=LeadTimes({}, why=NASTY))
    html = page(source)
    assert html.count("ada&#34;&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;\\u202e{{7*7}}") > 3
    assert ("<script>" in html, "\u202e" in html, "\x1b" in html) == (False, False, False)


class Today(Teller):
    """With the ids that a ledger gives now."""

    def _id(self) -> str:
        return ulid()


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """Its first commit is an hour older than what `told` deploys of it."""
    monkeypatch.delenv("ROLLBACK_LEDGER", raising=False)
    made = Checkout.init(tmp_path / "shop")
    made.moment = int((BEGAN - timedelta(hours=1)).timestamp()) - 60
    made.write({"shop.yml": PLAYBOOK})
    return made


@pytest.fixture
def database(checkout: Checkout) -> Iterator[Database]:
    made = Database(checkout.folder / "ledger.sqlite3", 5.0)
    yield made
    made.close()


def test_it_is_folded_again_when_the_ledger_grew_and_git_is_asked_only_of_other_commits_or_after_an_hour(
    checkout: Checkout, database: Database
) -> None:
    teller = Today(at=BEGAN)
    v1, v2, v3 = (release(tag, checkout.commit({"tag": tag})) for tag in ("v1", "v2", "v3"))
    database.add(map(entry, [*teller.deploy(v1), *teller.deploy(v2)]))
    with Session(Options(playbook=str(checkout.folder / "shop.yml"))) as session:
        hours = [BEGAN + timedelta(days=3)]
        place = Place(session, lambda: hours[-1])
        with mock.patch.object(Repository, "commits", autospec=True, side_effect=Repository.commits) as asked:
            first = place.delivery()
            assert (place.delivery() is first, first.whole.deployments, asked.call_count) == (True, 2, 1)
            database.add(map(entry, teller.operation(Frozen("moving"))))
            assert (_next(place, first) is first, asked.call_count) == (False, 1)
            database.add(map(entry, teller.deploy(v3)))
            last = _next(place, place.delivery())
            assert asked.call_count == 2
            hours.append(hours[0] + timedelta(hours=1))
            assert (_next(place, last).since - last.since, asked.call_count) == (timedelta(hours=1), 3)
    assert (last.whole.deployments, last.whole.untold) == (3, 1)
    assert last.whole.lead_time.count == 2  # nobody knows what was live before v1
    assert last.whole.lead_time.p50 == pytest.approx(3500, abs=60)


def _next(place: Place, last: Metrics) -> Metrics:
    """It is folded behind the page, which is told by the pulse, and shows the last one until then."""
    was = place.pulse()
    assert place.delivery() is last
    for _ in range(1000):
        if place.pulse() != was:
            return place.delivery()
        time.sleep(0.01)
    raise AssertionError("it was not folded again")


def test_a_repository_that_is_away_is_said(checkout: Checkout, database: Database) -> None:
    database.add(map(entry, Today(at=BEGAN).deploy(V1)))
    (checkout.folder / ".git").rename(checkout.folder / "away")
    with Session(Options(playbook=str(checkout.folder / "shop.yml"))) as session:
        said = read(page(Place(session)))
    assert ("lead time: not told: " in said, "1 deployment " in said) == (True, True), said
