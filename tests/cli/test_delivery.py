"""What `rollback metrics` takes, before any ledger is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import run

_PLAYBOOK = """
app: shop
root: /srv/shop
restart: "true"
timezone: Europe/Berlin
ledger: sqlite:///ledger.sqlite3
checks: [{name: up, command: "true", expect: {exit_status: 0}}]
environments:
  production: {hosts: [web1]}
"""


def test_a_window_begins_as_every_time_that_is_typed(tmp_path: Path) -> None:
    """In the team's zone, as those of `history` and `note`; what forms there are tests/core/test_moments.py says."""
    (tmp_path / "shop.yml").write_text(_PLAYBOOK)
    asked = ("metrics", "-p", "shop.yml", "--json", "--since")
    assert run(tmp_path, *asked, "2026-01-31").json["data"]["since"].startswith("2026-01-30T23:00:00")
    assert run(tmp_path, *asked, "0001-01-02").json["data"]["since"].startswith("1970-01-01T00:00:00")
    refused = run(tmp_path, *asked, "2999-01-01")
    assert (refused.code, refused.json["message"]) == (2, "--since '2999-01-01' is still to come")


@pytest.mark.parametrize("words", [("--by", "host"), ("--csv", "--prometheus"), ("--csv", "--json")])
def test_what_it_does_not_know_is_wrong_usage(tmp_path: Path, words: tuple[str, ...]) -> None:
    assert run(tmp_path, "metrics", *words).code == 2
