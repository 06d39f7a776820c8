"""Whom git names, or nobody; never a complaint."""

from __future__ import annotations

from pathlib import Path

import pytest

from rollback.source.user import git_user
from tests.source.checkout import Checkout


def test_it_is_gits_user_as_far_as_it_is_configured(checkout: Checkout) -> None:
    checkout.commit({"a": "1"})
    assert git_user(checkout.folder) == ""
    checkout.git("config", "user.name", "Ada \x1b[1mL")
    assert git_user(checkout.folder) == "Ada \\x1b[1mL"
    checkout.git("config", "user.email", "ada@example.com")
    assert git_user(checkout.folder) == "Ada \\x1b[1mL <ada@example.com>"
    checkout.git("config", "--add", "user.name", "Grace")
    assert git_user(checkout.folder) == "Grace <ada@example.com>"


def test_a_hooks_repository_is_not_ours(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout.git("config", "user.name", "Ada")
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    assert git_user(checkout.folder) == "Ada"


def test_without_git_or_a_folder_nobody_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert git_user(tmp_path / "gone") == ""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git_user(tmp_path) == ""
