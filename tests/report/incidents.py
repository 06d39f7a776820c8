"""Two incidents as records: the one that the tool was born from, as it would have been written down, and the same
release deployed with it."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from rollback.core.changed import Changed, Commit, File
from rollback.core.incident import incidents
from rollback.model import (
    Ended,
    Fact,
    Finding,
    Grade,
    Intended,
    Judged,
    Kind,
    Noted,
    Observed,
    Outcome,
    Phase,
    Record,
    Release,
    Result,
    Started,
    Step,
    Verdict,
    Withdrawn,
)
from rollback.report.case import Case

BERLIN = ZoneInfo("Europe/Berlin")
NINE = datetime(2026, 11, 23, 9, 0, tzinfo=BERLIN)
GOOD, BAD = Release("v1.1.0", "fc6e54b" + "0" * 33, "7" * 40), Release("v1.2.0", "d632c9d" + "0" * 33, "8" * 40)
HOSTS = ("web1", "web2")
CHANGED = Changed(
    1, (Commit("d632c9d00000", "Ben Osei", "Profiles are a class, not a dict"),), 1, (File("shop.py", 12, 9),)
)
USERS = ("complete", "no_profile", "corrupt_profile")
RULE = "login: 2 failures > limit 0"


class Ledger:
    """Records in the order in which they are said."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def say(self, at: datetime, fact: Fact, operation: str, author: str = "ada") -> None:
        name = f"{len(self.records):026d}"
        self.records.append(Record(name, at, "shop", "production", operation, author, fact))

    def switch(self, at: datetime, took: float, release: Release, hosts: tuple[str, ...], operation: str) -> None:
        step, done = Step(Phase.ACTIVATE, release, hosts), at + timedelta(seconds=took)
        self.say(at, Intended(step), operation)
        found = tuple(Finding("activate", Result.PASS, at, host, observed="live") for host in hosts)
        self.say(done, Observed(step, found), operation)

    def ask(self, at: datetime, release: Release | None, hosts: tuple[str, ...], operation: str, **wrong: str) -> None:
        """wrong: what some users get to see; the others can log in."""
        found = tuple(answered(at, host, user, wrong) for host in hosts for user in USERS)
        step = Step(Phase.VERIFY, release, hosts) if release else None
        self.say(at + timedelta(seconds=0.2), Observed(step, found), operation)


def answered(at: datetime, host: str, user: str, wrong: dict[str, str]) -> Finding:
    if user not in wrong:
        return Finding("login", Result.PASS, at, host, user, "3 requests answered as expected")
    return Finding("login", Result.FAIL, at, host, user, "POST /login answered 500", "302", wrong[user])


def deployed(ledger: Ledger, at: datetime, release: Release, before: Release | None, operation: str) -> None:
    ledger.say(at, Started(Kind.DEPLOY, release, before, HOSTS, (("ci", "github"), ("run", "run/7"))), operation)
    ledger.switch(at + timedelta(seconds=2), 1.0, release, HOSTS, operation)
    ledger.ask(at + timedelta(seconds=4), release, HOSTS, operation)
    ledger.say(at + timedelta(seconds=5), Judged(release, Verdict(Grade.GOOD, "every check passed")), operation)
    live = tuple((host, release.id) for host in HOSTS)
    ledger.say(at + timedelta(seconds=5), Ended(Outcome.DONE, live, (), "every check passed"), operation)


def by_hand() -> Case:
    """No check asks for users without a profile: people find out, and go back an hour and three quarters later."""
    ledger = Ledger()
    deployed(ledger, NINE - timedelta(days=3), GOOD, None, "01J1")
    deployed(ledger, NINE - timedelta(minutes=4), BAD, GOOD, "01J2")
    back, begun = "01J3", NINE + timedelta(minutes=105)
    ledger.say(begun, Started(Kind.ROLLBACK, GOOD, None, HOSTS), back, "grace")
    ledger.say(begun, Withdrawn(BAD, "7 of 10 people can't log in"), back, "grace")
    ledger.switch(begun + timedelta(seconds=1), 900, GOOD, HOSTS, back)
    ledger.ask(begun + timedelta(minutes=45), GOOD, HOSTS, back)
    live = tuple((host, GOOD.id) for host in HOSTS)
    ledger.say(begun + timedelta(minutes=45, seconds=1), Ended(Outcome.DONE, live), back)
    for minutes, text in ((5, "alerts: 500 at /login"), (10, "the database is looked at"), (45, "escalated")):
        at = NINE + timedelta(minutes=minutes)
        ledger.say(begun + timedelta(hours=3), Noted(text, at), f"01J4{minutes}", "grace")
    return case(ledger)


def by_itself(evidence: str = "Traceback\n  File shop.py, line 40\nKeyError: 'profile'") -> Case:
    """The same release, with a user without a profile among those that are asked for."""
    ledger, operation = Ledger(), "01J2"
    deployed(ledger, NINE - timedelta(days=3), GOOD, None, "01J1")
    at = NINE
    ledger.say(at, Started(Kind.DEPLOY, BAD, GOOD, HOSTS, (("ci", "github"), ("run", "run/9"))), operation)
    ledger.ask(at + timedelta(seconds=1), None, HOSTS, operation)
    ledger.switch(at + timedelta(seconds=2), 1.2, BAD, ("web1",), operation)
    ledger.ask(at + timedelta(seconds=3.3), BAD, ("web1",), operation, no_profile=evidence, corrupt_profile=evidence)
    ledger.say(at + timedelta(seconds=3.6), Judged(BAD, Verdict(Grade.BAD, RULE)), operation)
    ledger.switch(at + timedelta(seconds=3.7), 1.1, GOOD, ("web1",), operation)
    ledger.ask(at + timedelta(seconds=6), GOOD, ("web1",), operation)
    live = tuple((host, GOOD.id) for host in HOSTS)
    ledger.say(at + timedelta(seconds=6.5), Ended(Outcome.ROLLED_BACK, live, (), RULE), operation)
    return case(ledger)


def left_to_a_person(outcome: Outcome, reason: str) -> Case:
    """It is found to be bad, and half a minute later somebody goes back."""
    ledger, back = Ledger(), "01J3"
    deployed(ledger, NINE - timedelta(days=3), GOOD, None, "01J1")
    ledger.say(NINE, Started(Kind.DEPLOY, BAD, GOOD, HOSTS), "01J2")
    ledger.switch(NINE + timedelta(seconds=1), 1, BAD, ("web1",), "01J2")
    ledger.ask(NINE + timedelta(seconds=3), BAD, ("web1",), "01J2", no_profile="")
    ledger.say(NINE + timedelta(seconds=4), Judged(BAD, Verdict(Grade.BAD, RULE)), "01J2")
    ledger.say(NINE + timedelta(seconds=5), Ended(outcome, (("web1", BAD.id),), (), reason), "01J2")
    ledger.say(NINE + timedelta(seconds=30), Started(Kind.ROLLBACK, GOOD, None, HOSTS), back)
    ledger.switch(NINE + timedelta(seconds=31), 1, GOOD, ("web1",), back)
    ledger.ask(NINE + timedelta(seconds=33), GOOD, HOSTS, back)
    ledger.say(NINE + timedelta(seconds=34), Ended(Outcome.DONE, (("web1", GOOD.id),)), back)
    return case(ledger)


def case(ledger: Ledger) -> Case:
    records = tuple(ledger.records)
    return Case("shop", "production", incidents(records)[-1], records, CHANGED, "https://shop.example.com", BERLIN)
