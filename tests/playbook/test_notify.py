"""Whom a playbook tells: its faults, its defaults, and texts that could never be filled in."""

from __future__ import annotations

import pytest

from rollback.playbook.notify import MOMENTS
from rollback.playbook.wording import LONGEST, TEXT, TITLE, text, title
from tests.playbook.written import GOOD, faults, read

NAMED = "write it as ${NAME}; it comes from the environment at use"
OUT = "is written out: name it, or the secret in it, as ${NAME}; it comes from the environment at use"
VALUES = {
    **dict.fromkeys(("app", "environment", "operation", "author", "run"), "x"),
    **{"headline": "v2 is live", "details": ["one", "two"], "next": ""},
}


def told(written: str) -> str:
    return f"{GOOD}notify:\n  - {{name: team, {written}}}\n"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("", "11: notify[0]: needs exactly one of apprise, webhook, github: it has none"),
        (
            'apprise: "${A}", github: {}',
            "11: notify[0]: needs exactly one of apprise, webhook, github: it has apprise and github",
        ),
        ("apprise: slack://a/b/c", f"11: notify[0].apprise: {OUT}"),
        ("apprise: mailto://ada:hunter2@example.com", f"11: notify[0].apprise: holds a password or a token: {NAMED}"),
        ('apprise: "json://example.com/?token=abcdef"', f"11: notify[0].apprise: holds a password or a token: {NAMED}"),
        (
            "apprise: slack",
            '11: notify[0].apprise: "slack" is not an address of Apprise\'s (like ${SLACK_URL} or mailto://…)',
        ),
        ('webhook: {url: "https://a.example"}', "11: notify[0].webhook.secret: is missing"),
        (
            'webhook: {url: "https://a.example", secret: s3cret}',
            "11: notify[0].webhook.secret: is written out: name it as ${NAME}; it comes from the environment at use",
        ),
        (
            'webhook: {url: "https://a.example/?token=abcdef", secret: "${A}"}',
            f"11: notify[0].webhook.url: holds a password or a token: {NAMED}",
        ),
        (
            "webhook: {url: ftp://a, secret: '${A}'}",
            '11: notify[0].webhook.url: "ftp://a" is not a URL (like https://shop.example.com)',
        ),
        ("github: {repository: shop}", '11: notify[0].github.repository: "shop" is not a repository (like acme/shop)'),
        ("github: {}, text: hi", "11: notify[0].text: is not for github, which has no place for it"),
        (
            'apprise: "${A}", moments: [bad, rolledback]',
            f'11: notify[0].moments[1]: "rolledback" is not one of {", ".join(MOMENTS)}',
        ),
        ('apprise: "${A}", moments: []', "11: notify[0].moments: is an empty list: at least one is needed"),
        (
            'apprise: "${A}", environments: [prod]',
            '11: notify[0].environments[0]: no environment is called "prod"; there is production',
        ),
        ('apprise: "${A}", text: " "', "11: notify[0].text: says nothing"),
    ],
)
def test_a_fault_is_named_with_its_line(written: str, expected: str) -> None:
    assert faults(told(written)) == [expected]


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{{ headlin }}", "'headlin' is undefined"),
        ("{{ release.tga }}", "'dict object' has no attribute 'tga'"),
        ("{% for one in details %}{{ one }}", "Unexpected end of template"),
        ("{{ app.__class__.__mro__ }}", "access to attribute '__class__' of 'str' object is unsafe"),
        ("{{ 1 / 0 }}", "ZeroDivisionError: division by zero"),
        ("{{ details.append(1) }}", "access to attribute 'append' of 'list' object is unsafe"),
        ("{% include 'x' %}", "no loader for this environment specified"),
    ],
)
def test_a_text_that_could_not_be_filled_in_is_a_fault(template: str, why: str) -> None:
    found = faults(told(f'apprise: "${{A}}", text: "{template}"'))
    assert len(found) == 1
    assert found[0].startswith("11: notify[0].text: ")
    assert why in found[0]


def test_a_name_stands_once() -> None:
    twice = told('apprise: "${A}"') + "  - {name: team, github: {}}\n"
    assert faults(twice) == ['12: notify[1].name: "team" is already the name of a target']


def test_what_is_left_out_is_everything_everywhere() -> None:
    book = read(told("github: {}"))
    (target,) = book.environment("production").notify
    assert (target.kind, target.moments, target.environments, target.timeout) == ("github", MOMENTS, None, 10.0)


@pytest.mark.parametrize("address", ["${SLACK_URL}", "slack://${A}/${B}/${C}", "mailto://relay:25?from=a@b.c&to=d@e.f"])
def test_an_address_names_its_secrets_or_has_none(address: str) -> None:
    assert read(told(f'apprise: "{address}"')).notify[0].apprise == address


def test_an_operation_needs_none_of_their_secrets() -> None:
    assert read(told('apprise: "${SLACK_URL}"')).secret_names() == frozenset()


def test_the_ready_text_is_short_and_whole() -> None:
    assert title(TITLE, VALUES) == "x on x: v2 is live"
    assert text(TEXT, VALUES) == "v2 is live\none\ntwo\nby x, operation x\nrun: x"


def test_what_comes_from_outside_can_not_break_out_of_a_text() -> None:
    hostile = {**VALUES, "headline": "v2\x1b[31m\n{{ app }} \u202e", "details": ["x" * 10_000]}
    assert title("{{ headline }}", hostile) == "v2\\x1b[31m {{ app }} \\u202e"
    assert len(text(TEXT, hostile)) == LONGEST
