from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from rollback.events import Began, Event, Found, Moved, Noticed, Sampled
from rollback.model import Finding, Phase, Result, Step
from rollback.report.progress import Lines, Notices
from tests.build import V2, V3, finding
from tests.report.screen import lines, pipe

FAILED = replace(finding(result=Result.FAIL), observed="GET /login answered 500", expected="200")
DONE = replace(finding("activate"), observed="live")
FORWARD = Began(Step(Phase.VERIFY, V3, ("web1", "web2")))
BACK = Began(Step(Phase.ACTIVATE, V2, ("web1",)))


def _found(*findings: Finding) -> list[Event]:
    return [Found(one) for one in findings]


def _shown(events: Iterable[Event], *, verbose: bool = False) -> list[str]:
    """Without the times of day."""
    console = pipe()
    with Lines(console, verbose=verbose) as progress:
        for event in events:
            progress(event)
    return [line[10:] for line in lines(console)]


@pytest.mark.parametrize(
    ("events", "shown"),
    [
        (
            [FORWARD, *_found(finding(), finding("me"), finding(host="web2"), finding("me", host="web2"))],
            ["verify    v3 on web1 web2", "  ✓ web1 web2: 2 checks passed"],
        ),
        (
            [FORWARD, *_found(finding(), finding("me"), finding(host="web2"), finding(host=None))],
            ["verify    v3 on web1 web2", "  ✓ web1: 2 checks passed", "  ✓ the url web2: 1 check passed"],
        ),
        (
            [FORWARD, *_found(finding(), finding("log", Result.SKIPPED), finding(host="web2"))],
            ["verify    v3 on web1 web2", "  ✓ web1: 1 check passed, 1 skipped", "  ✓ web2: 1 check passed"],
        ),
        (
            [FORWARD, *_found(finding("me"), FAILED), Noticed("going back"), BACK, *_found(DONE)],
            [
                "verify    v3 on web1 web2",
                "  ✗ login on web1: GET /login answered 500, expected 200",
                "→ going back",
                "activate  v2 on web1",
                "  ✓ activate on web1: live",
            ],
        ),
        ([Began(Step(Phase.PAUSE, V3, ("web1",)), 90.0), Sampled((), 5.0)], ["pause     v3 on web1 for 1 min 30 s"]),
        ([Moved("web1", "upload", "61 %")], []),
        (_found(finding("finish", Result.ERROR), finding("prune"), finding("undrain")), []),
    ],
)
def test_progress_in_a_log_is_a_line_for_what_matters(events: list[Event], shown: list[str]) -> None:
    assert _shown(events) == shown


def test_verbose_progress_names_every_finding_and_says_no_line_twice() -> None:
    events = [Moved("web1", "activate", "switching"), Moved("web1", "activate", "done"), *_found(DONE, finding())]
    assert _shown(events, verbose=True) == [
        "  · activate on web1: switching",
        "  ✓ activate on web1: live",
        "  ✓ login on web1: pass",
    ]


def test_a_command_whose_answer_holds_the_findings_is_told_only_notices() -> None:
    console = pipe()
    notices = Notices(console)
    for event in (FORWARD, Found(FAILED), Noticed("certificates are NOT verified")):
        notices(event)
    assert lines(console) == ["→ certificates are NOT verified"]
