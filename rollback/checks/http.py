"""The check `http`: one request, and its answer beside what is expected of it."""

from __future__ import annotations

from rollback.checks.exchange import Conversation
from rollback.checks.expect import Response, of_body, of_head
from rollback.checks.question import NoAnswer, Question, Said, not_yet
from rollback.checks.request import Sent, credentials, filled, port, tree
from rollback.model import Result
from rollback.playbook.expect import Expect
from rollback.playbook.http import Http

NOT_UP = {502, 503, 504}  # what a proxy answers while the app behind it is away


def ask(question: Question) -> Said:
    """Raises: NoAnswer, HostError, UsageError."""
    http = question.check.http
    assert http is not None
    with Conversation(question, http.tls) as talk:
        sent = _sent(question, http)
        response = talk.follow(sent) if http.follow_redirects else talk.send(sent)
    what = f"{sent.method} {sent.url or sent.path}"
    judged(question, what, question.check.expect, response)
    return Said(Result.PASS, f"{what} answered {response.status}")


def judged(question: Question, what: str, expect: Expect | None, response: Response) -> None:
    """Nothing, when the answer is as expected. Raises: NoAnswer saying where it is not.

    what: `GET /login`. A gateway's answer that the app is away, and a body that broke off, are no answer of the app's.
    """
    wrong = of_head(expect, response, question)
    if not wrong and response.cut:
        raise not_yet(f"{what}: {response.cut}")
    for mismatch in wrong or of_body(expect, response, question):
        settled = response.status not in NOT_UP
        evidence = question.opening(response.text)
        raise NoAnswer(Said(Result.FAIL, f"{what} {mismatch.observed}", mismatch.expected, evidence, settled))


def _sent(question: Question, http: Http) -> Sent:
    return Sent(
        method=http.method,
        path=question.fill(http.path or "/"),
        url=question.fill(http.url) if http.url else None,
        port=port(question, http.port, http.tls),
        headers=filled(question, http.headers),
        body=None if http.body is None else question.fill(http.body),
        form=None if http.form is None else filled(question, http.form),
        json=tree(question, http.json_),
        auth=credentials(question, http.basic_auth),
    )
