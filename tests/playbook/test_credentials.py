"""What looks like a credential is struck, and what only resembles one is left alone."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollback.playbook.credentials import struck

KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\nQyNTUxOQ==\n-----END OPENSSH PRIVATE KEY-----"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.SflKxwRJSMeKKF2QT4"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://ada:hunter2@db/x", "postgresql://ada:[hidden]@db/x"),
        ("cloning https://:s3cret@git.example/x.git now", "cloning https://:[hidden]@git.example/x.git now"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer [hidden]"),
        ("authorization: Basic dXNlcjpwYXNz", "authorization: Basic [hidden]"),
        ("{'Authorization': 'token abc'}", "{'Authorization': 'token [hidden]'}"),
        ("curl -H 'authorization: abcdef'", "curl -H 'authorization: [hidden]'"),
        ("sent Bearer 0123456789abcdef0123", "sent Bearer [hidden]"),
        ("DB_PASSWORD=hunter2 DEBUG=1", "DB_PASSWORD=[hidden] DEBUG=1"),
        ("export SECRET_KEY='a b'; run", "export SECRET_KEY=[hidden]; run"),
        ("GET /reset?token=abc&user=ada", "GET /reset?token=[hidden]&user=ada"),
        ("mysql --password=hunter2 -u ada", "mysql --password=[hidden] -u ada"),
        ('{"user": "ada", "api_key": "abc"}', '{"user": "ada", "api_key": [hidden]}'),
        (f"it said {KEY} and more", "it said -----BEGIN OPENSSH PRIVATE KEY-----[hidden]"
         "-----END OPENSSH PRIVATE KEY----- and more"),
        (KEY[:60], "-----BEGIN OPENSSH PRIVATE KEY-----[hidden]"),
        ("ghp_" + "a1B2" * 9, "[hidden]"),
        ("github_pat_" + "a1B2" * 9, "[hidden]"),
        ("glpat-" + "a1B2" * 5, "[hidden]"),
        ("key AKIAIOSFODNN7EXAMPLE.", "key [hidden]."),
        (f"cookie {JWT};", "cookie [hidden];"),
    ],
)  # fmt: skip
def test_what_looks_like_a_credential_is_struck(text: str, shown: str) -> None:
    assert (struck(text), struck(shown)) == (shown, shown)


@pytest.mark.parametrize(
    "text",
    [
        "password: expected 302, got 500",
        "the token was taken away",
        "lease 01JD 3 ada live 12 48 activate",
        "login with password=${SMOKE_PASSWORD} and token={{csrf}}",
        "password=[SMOKE_PASSWORD]",
        "export SMOKE_PASSWORD=…",
        "postgresql://ada:[DB]@db/x",
        "https://shop.example.com:8443/login?next=/me",
        "ssh://git@host:22/x",
        "http://[::1]:8000/healthz",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "SHA256:4q0mXWJkCkZ4uxq5rJ8v9pPq0v1w2x3y4z5A6B7C8D9",
        "v1.4.2-3f9c2ab81d07 3f9c2ab81d073f9c2ab81d073f9c2ab81d073f9c2ab",
        "IDENTITY=token",
        "bearer of bad news",
        "ada@example.com:22",
    ],
)
def test_what_only_resembles_one_is_left_alone(text: str) -> None:
    assert struck(text) == text


@given(st.text(max_size=200) | st.text("password=token:/@\"' BEGIN-PRIVATEKY.eyJ[", max_size=200))
def test_striking_twice_changes_nothing(text: str) -> None:
    assert struck(struck(text)) == struck(text)


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "password",
        "password=",
        "://",
        "://a:",
        "-----BEGIN ",
        "-----BEGIN PRIVATE KEY-----",
        "eyJ",
        "eyJaaaaaaaa.",
        "token' ",
        "bearer ",
        "AKIA",
    ],
)
def test_a_long_text_takes_no_longer_than_its_length(piece: str) -> None:
    """By the processor's clock, with a wide margin: what grows by the square would take minutes."""
    text = piece * (1_000_000 // len(piece))
    began = time.process_time()
    struck(text)
    assert time.process_time() - began < 20


@pytest.mark.parametrize("text", ["://:x@", "token=x", f"token=x{' ' * 200}"])
def test_neither_the_shortest_nor_a_long_one_is_passed_over(text: str) -> None:
    assert struck(text) == struck(text) == text.replace("x", "[hidden]")
