"""An explanation as a JUnit report, as GitLab, Jenkins and others read it: a suite a phase, a case for each check, host
and user, and the verdict as a case of its own, so that no report is green without one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rollback.core.explain import Answers, Explanation, Part
from rollback.core.judge import label
from rollback.model import Finding, Grade, Outcome, Result
from rollback.report import words
from rollback.text import clean, clean_line

if TYPE_CHECKING:
    from junitparser import TestCase, TestSuite
    from junitparser.junitparser import FinalResult


def junit(command: str, exit_code: int, message: str, why: Explanation | None) -> str:
    """XML. why: None when it ended before there was anything to explain: the message is the one case then."""
    from junitparser import JUnitXml

    report = JUnitXml(f"rollback {command}")
    for part in why.parts if why else ():
        report.add_testsuite(_suite(part, why.environment if why else ""))
    report.add_testsuite(_verdict(command, exit_code, message, why))
    report.update_statistics()  # type: ignore[no-untyped-call]
    written: bytes = report.tostring()  # type: ignore[no-untyped-call]
    return written.decode("utf-8")


def _suite(part: Part, environment: str) -> TestSuite:
    from junitparser import TestSuite

    suite = TestSuite(_named(part))
    for one in part.answers:
        suite.add_testcase(_case(one, f"{environment}.{part.phase}", tolerated=part.grade is Grade.GOOD))
    return suite


def _named(part: Part) -> str:
    return f"{part.phase} {words.tag(part.release)}" if part.release else part.phase


def _case(one: Answers, where: str, *, tolerated: bool) -> TestCase:
    from junitparser import TestCase

    case = TestCase(clean_line(label(one.telling)), clean_line(where), one.telling.took)
    result = _result(one, tolerated=tolerated)
    if result is not None:
        result.text = "\n".join(_told(one))
        case.result = [result]
    elif one.amiss:
        case.system_out = "\n".join(("within its limit:", *_told(one)))
    return case


def _result(one: Answers, *, tolerated: bool) -> FinalResult | None:
    """tolerated: the verdict is good all the same."""
    from junitparser import Error, Failure, Skipped

    said, found = _message(one.telling), one.telling.result
    if found is Result.SKIPPED:
        return Skipped(said)
    if found is Result.PASS or (tolerated and one.telling.required):
        return None
    if not one.telling.required:
        return Skipped(f"only a warning: {said}")
    return Failure(said, "fail") if found is Result.FAIL else Error(said, found.value)


def _message(finding: Finding) -> str:
    expected = f", expected {finding.expected}" if finding.expected else ""
    return clean_line(f"{finding.observed or finding.result}{expected}")


def _told(one: Answers) -> Iterable[str]:
    yield clean_line(words.said(one.telling))
    yield f"{len(one.amiss)} of {one.count} answers, {words.clock(one.amiss)}"
    if one.before:
        yield f"before the deploy: {clean_line(one.before.observed)}"
    yield clean(one.telling.evidence)


def _verdict(command: str, exit_code: int, message: str, why: Explanation | None) -> TestSuite:
    from junitparser import Error, Failure, TestCase, TestSuite

    suite = TestSuite("verdict")
    whose = f"{words.tag(why.target)} on {why.environment}" if why and why.target else f"rollback {command}"
    case = TestCase(clean_line(whose), clean_line(why.environment if why else command))
    said = clean_line(message)
    if exit_code:
        bad = why is not None and (why.verdict.grade is Grade.BAD or why.outcome is Outcome.STRANDED)
        kind = why.outcome.value if why else "refused"
        case.result = [Failure(said, kind) if bad else Error(said, kind)]
    for name, value in _properties(why) if why else ():
        suite.add_property(name, value)
    suite.add_testcase(case)
    return suite


def _properties(why: Explanation) -> Iterable[tuple[str, str]]:
    yield "outcome", why.outcome
    yield "rule", clean_line(why.verdict.rule)
    if why.operation:
        yield "operation", why.operation
    if why.restored:
        yield "rolled_back_to", words.tag(why.restored)
