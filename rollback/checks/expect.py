"""An answer beside what was expected of it -> where they differ. Pure; every text is as it came, even a hostile one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from rollback.checks.question import Ran

if TYPE_CHECKING:
    from rollback.playbook.expect import Body, Capture, Expect


class Fill(Protocol):
    """Fills values and secrets in; a pattern takes its values literally. Both raise UsageError."""

    def fill(self, text: str) -> str: ...
    def fill_pattern(self, text: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP answer. took: seconds. cut: why the body ends early, when it does. more: the body went on after this."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    took: float = 0.0
    cut: str = ""
    more: bool = False

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def header(self, name: str) -> tuple[str, ...]:
        """Every value under that name, in any case."""
        return tuple(value for key, value in self.headers if key.lower() == name.lower())


@dataclass(frozen=True, slots=True)
class Mismatch:
    """observed and expected read on in a sentence: `answered 500`, `302`."""

    observed: str
    expected: str


def of_head(expect: Expect | None, response: Response, fill: Fill) -> tuple[Mismatch, ...]:
    """Status and headers, known even when the body broke off. Without a status, one under 400 is expected."""
    statuses = expect.status if expect else ()
    if response.status not in (statuses or range(400)):
        return (Mismatch(f"answered {response.status}", _any(statuses) or "a status below 400"),)
    headers = expect.header.items() if expect else ()
    return tuple(found for name, value in headers for found in _header(response, name, fill.fill(value)))


def of_body(expect: Expect | None, response: Response, fill: Fill) -> tuple[Mismatch, ...]:
    """Body, JSON and time, of an answer that came whole."""
    if not expect:
        return ()
    late = expect.response_time
    return (
        *(_text("body", expect.body, response.text, fill) if expect.body else ()),
        *(_unseen() if expect.body and expect.body.not_matches and response.more else ()),
        *(
            _json(response, {fill.fill(path): fill.fill(value) for path, value in expect.json_.items()})
            if expect.json_
            else ()
        ),
        *(
            [Mismatch(f"took {response.took * 1000:.0f} ms", f"at most {late.max * 1000:g} ms")]
            if late and response.took > late.max
            else []
        ),
    )


def of_ran(expect: Expect | None, ran: Ran, fill: Fill) -> tuple[Mismatch, ...]:
    """Of a command that ended. Without an exit status, 0 is expected: a missing program is silent, and not good."""
    statuses = (expect.exit_status if expect else ()) or (0,)
    if ran.exit_status not in statuses:
        return (Mismatch(f"exit status {ran.exit_status}", _any(statuses)),)
    return tuple(_text("stdout", expect.stdout, ran.stdout, fill)) if expect and expect.stdout else ()


def captured(capture: Capture, response: Response, fill: Fill) -> str | None:
    """The value that `capture` takes from the answer; None when it is not there."""
    if capture.regex is not None:
        found = re.search(fill.fill_pattern(capture.regex), response.text)
        return found[1] if found else None
    if capture.header is not None:
        return next(iter(response.header(fill.fill(capture.header))), None)
    values = _found(fill.fill(capture.json_ or "$"), response)
    return _as_json(values[0]) if isinstance(values, list) and values else None


def _any(statuses: tuple[int, ...]) -> str:
    return " or ".join(map(str, statuses))


def _header(response: Response, name: str, value: str) -> Iterator[Mismatch]:
    got = response.header(name)
    if value not in got:
        yield Mismatch(f"{name}: {', '.join(got)}" if got else f"no header {name}", f"{name}: {value}")


def _text(what: str, expect: Body, text: str, fill: Fill) -> Iterator[Mismatch]:
    for part in map(fill.fill, expect.contains):
        if part not in text:
            yield Mismatch(f"{what} does not contain it", f"{what} contains {part}")
    for pattern in map(fill.fill_pattern, expect.matches):
        if not re.search(pattern, text):
            yield Mismatch(f"{what} does not match", f"{what} matches {pattern}")
    for pattern in map(fill.fill_pattern, expect.not_matches):
        found = re.search(pattern, text)
        if found:
            yield Mismatch(f"{what} has {found[0]}", f"{what} does not match {pattern}")


def _unseen() -> Iterator[Mismatch]:
    yield Mismatch("body is too long to be searched to its end", "a body without it")


def _json(response: Response, expected: dict[str, str]) -> Iterator[Mismatch]:
    for path, value in expected.items():
        values = _found(path, response)
        if isinstance(values, str):
            yield Mismatch(values, f"{path} is {value}")
        elif not values:
            yield Mismatch(f"{path} is not there", f"{path} is {value}")
        elif wrong := [found for found in values if not _is(found, value)]:
            yield Mismatch(f"{path} is {_as_json(wrong[0])}", f"{path} is {value}")


def _found(path: str, response: Response) -> list[object] | str:
    """What a JSONPath selects, or why it can't be followed."""
    try:
        document = json.loads(response.body)
    except (ValueError, RecursionError):
        return "body is too long to be read as JSON" if response.more else "body is not JSON"
    import jsonpath

    try:
        # A text would be taken for JSON once more.
        return jsonpath.findall(path, document) if isinstance(document, dict | list) else _scalar(path, document)
    except (jsonpath.JSONPathError, RecursionError) as error:
        return f"{path} can't be followed: {error}"


def _scalar(path: str, document: object) -> list[object]:
    return [document] if path == "$" else []


def _is(found: object, written: str) -> bool:
    """`written` stands for itself as a string, and for what JSON reads it as; true is not 1, and 1.0 is 1."""
    if found == written:
        return True
    try:
        read = json.loads(written)
    except (ValueError, RecursionError):
        return False
    return not isinstance(read, str) and isinstance(read, bool) is isinstance(found, bool) and read == found


def _as_json(found: object) -> str:
    return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
