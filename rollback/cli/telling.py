"""Hands what happens to the post, redacted. It takes no time and raises nothing: an operation goes on in any case."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

from rollback.cli.afterwards import afterwards
from rollback.cli.session import Session
from rollback.core.explain import Explanation
from rollback.events import Noticed
from rollback.model import Ended, Fact, Frozen, Outcome, Release, Started, Unfrozen, Verdict, Watched
from rollback.report import telling, words
from rollback.report.telling import Told
from rollback.text import clean_line

if TYPE_CHECKING:
    from rollback.notify.message import Message
    from rollback.notify.post import Post


@cache
def post(session: Session) -> Post:
    """The command's. What could not be told is said after its answer."""
    from rollback.notify.post import Post

    if not session.environment.notify:
        return Post(())
    from rollback.notify.targets import post as made

    its = made(session.environment.notify, session.secrets.resolve, os.environ)
    afterwards(its.settle)
    return its


class Telling:
    """Of one operation: its beginning as soon as it is recorded, and its end. reason: a person's, or ""."""

    def __init__(self, session: Session, operation: str, reason: str) -> None:
        self._session, self._operation, self._reason = session, operation, reason
        self._begun: Started | None = None
        self._ended: Ended | None = None

    def heard(self, fact: Fact) -> None:
        """What is recorded."""
        if isinstance(fact, Started):
            self._begun = fact
            _send(self._session, lambda: _begun(self._session, self._operation, fact, self._reason))
        elif isinstance(fact, Ended):
            self._ended = fact

    def over(self, why: Explanation | None = None) -> None:
        """why: None, when it was left by an exception: what was recorded is told, if it had begun."""
        begun, ended = self._begun, self._ended
        if begun and (why or ended):
            _send(self._session, lambda: _over(self._session, why or self._unexplained(begun), self._reason))

    def _unexplained(self, begun: Started) -> Explanation:
        assert self._ended is not None
        return telling.unexplained(self._ended, begun, self._operation, self._session.environment.name)


def judged(session: Session, why: Explanation) -> None:
    """By a gate that switched nothing."""
    _send(session, lambda: _over(session, why))


def condemned(session: Session, operation: str, release: Release, verdict: Verdict) -> None:
    """By a gate that goes back."""
    _send(
        session, lambda: _message(session, operation, telling.condemned(release, verdict), what="gate", release=release)
    )


def watched(session: Session, operation: str, before: Watched | None, now: Watched, verdict: Verdict) -> None:
    told = telling.watched(before, now, verdict)
    if told is not None:
        _send(session, lambda: _message(session, operation, told, what="watch", release=now.release))


def frozen(session: Session, operation: str, fact: Frozen | Unfrozen) -> None:
    told = telling.frozen(fact)
    _send(
        session, lambda: _message(session, operation, told, what="freeze" if isinstance(fact, Frozen) else "unfreeze")
    )


def trial(session: Session, operation: str) -> Message:
    """What `rollback notify --test` tells."""
    told = Told("test", "this is a test: nothing has happened", ("a target that gets it is set up right",))
    return _fit(session, _message(session, operation, told, what="notify"))


def _send(session: Session, made: Callable[[], Message]) -> None:
    try:
        post(session).send(_fit(session, made()))
    except Exception as bug:  # nothing of it may end an operation
        session.tell(Noticed(f"people were not told: {type(bug).__name__}: {clean_line(str(bug))}"))


def _fit(session: Session, message: Message) -> Message:
    from rollback.ledger.scrub import scrubbed

    return scrubbed(message, session.secrets.redact)


def _begun(session: Session, operation: str, fact: Started, reason: str) -> Message:
    told = telling.begun(fact, reason)
    return _message(session, operation, told, what=fact.kind, release=fact.target, fallback=fact.fallback)


def _over(session: Session, why: Explanation, reason: str = "") -> Message:
    return _message(
        session,
        why.operation,
        telling.over(why, reason),
        what=why.what,
        release=why.target,
        fallback=why.fallback,
        outcome=why.outcome,
        reached=why.outcome is Outcome.DONE or (why.outcome is Outcome.PARTIAL and not why.went_back),
        live=tuple((host, words.id_tag(one)) for host, one in why.live),
        pending=why.away,
    )


def _message(
    session: Session,
    operation: str,
    told: Told,
    *,
    what: str,
    release: Release | None = None,
    fallback: Release | None = None,
    outcome: str = "",
    reached: bool = False,
    live: tuple[tuple[str, str], ...] = (),
    pending: tuple[str, ...] = (),
) -> Message:
    from rollback.notify.message import Message

    (author, origin), url = session.author, session.environment.url or ""
    return Message(
        moment=told.moment,
        app=session.playbook.app,
        environment=session.environment.name,
        at=datetime.now(UTC),
        headline=told.headline,
        what=str(what),
        operation=operation,
        author=author,
        release=release,
        fallback=fallback,
        outcome=str(outcome),
        reached=reached,
        details=told.details,
        live=live,
        pending=pending,
        next=told.next,
        url="" if "${" in url else url,
        run=dict(origin).get("run", ""),
    )
