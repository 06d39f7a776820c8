"""The check `flow`: requests in order with one cookie jar, each free to use what was captured from earlier answers.

It ends at the first step that is not answered as expected; steps that are to run always, run all the same.
"""

from __future__ import annotations

from dataclasses import replace

from rollback.checks.exchange import Conversation
from rollback.checks.expect import captured
from rollback.checks.http import judged
from rollback.checks.question import NoAnswer, Question, Said
from rollback.checks.request import Sent, credentials, filled, port, tree
from rollback.errors import HostError, UsageError
from rollback.model import Result
from rollback.playbook.http import FlowStep
from rollback.playbook.scope import texts
from rollback.playbook.template import names

_CAPTURED = 8192  # characters; more is no token


def ask(question: Question) -> Said:
    """Raises: NoAnswer, HostError, UsageError."""
    steps = question.check.flow or ()
    known = question
    with Conversation(question, question.check.tls) as talk:
        for at, step in enumerate(steps):
            try:
                known = _take(known, step, talk)
            except (NoAnswer, HostError, UsageError):
                _clean_up(known, steps[at + 1 :], talk)
                raise
    return Said(Result.PASS, f"{len(steps)} requests answered as expected")


def _take(question: Question, step: FlowStep, talk: Conversation) -> Question:
    """What is known after the step. Raises: NoAnswer when its answer is not as expected."""
    sent = _sent(question, step)
    what = f"{sent.method} {step.request.path}"
    try:
        response = talk.send(sent)
    except NoAnswer as none:
        raise _named(none, what) from none
    judged(question, what, step.expect, response)
    taken = {}
    for name, capture in step.capture.items():
        value = captured(capture, response, question)
        if value is None or len(value) > _CAPTURED:
            said = "no value" if value is None else f"more than {_CAPTURED} characters"
            evidence = question.opening(response.text)
            raise NoAnswer(Said(Result.FAIL, f"{what} gave {said} for {name}", f"{name} in its answer", evidence))
        taken[name] = value
    return question.knowing(taken)


def _named(none: NoAnswer, what: str) -> NoAnswer:
    return NoAnswer(replace(none.said, observed=f"{what}: {none.said.observed}"))


def _clean_up(question: Question, steps: tuple[FlowStep, ...], talk: Conversation) -> None:
    """What it meets is not reported: the step that failed before is what counts."""
    for step in steps:
        known = all(name in question.values for _, text in texts(step, ()) for name in names(text))
        if step.always_run and known:
            talk.afresh()
            try:
                question = _take(question, step, talk)
            except (NoAnswer, HostError, UsageError):
                continue


def _sent(question: Question, step: FlowStep) -> Sent:
    request = step.request
    return Sent(
        method=request.method,
        path=question.fill(request.path),
        port=port(question, request.port or question.check.port, question.check.tls),
        headers=filled(question, request.headers),
        body=None if request.body is None else question.fill(request.body),
        form=None if request.form is None else filled(question, request.form),
        json=tree(question, request.json_),
        auth=credentials(question, request.basic_auth),
    )
