"""What no host was asked is not said: neither that nothing is there, nor that the others know it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import Ran, run
from tests.source.checkout import Checkout

PLAYBOOK = """
app: shop
root: /srv/shop
environments: {production: {hosts: [{name: web1, address: 127.0.0.1, port: 1}]}}
checks: [{name: up, http: {path: /, via: host, port: 8000}, expect: {status: 200}}]
"""
REFUSED = "web1 (127.0.0.1 port 1) cannot be reached: connection refused."


@pytest.fixture
def app(tmp_path: Path) -> Path:
    Checkout.init(tmp_path / "shop").commit({"playbooks/shop.yml": PLAYBOOK}, "v1")
    return tmp_path / "shop"


def told(ran: Ran) -> str:
    return ran.err.splitlines()[0]


@pytest.mark.parametrize("words", [["unlock"], ["prune", "-y"], ["status"], ["verify"]])
def test_nothing_is_said_of_hosts_that_were_not_seen(app: Path, words: list[str]) -> None:
    ran = run(app, *words)
    assert (ran.code, ran.out, told(ran).partition(" (Is it")[0]) == (
        5,
        "",
        f"not reachable: no host answered: {REFUSED}",
    )


def test_a_verdict_that_no_host_heard_is_in_the_ledger_only(app: Path) -> None:
    ran = run(app, "mark", "good", "v1", "--reason", "it works")
    assert (ran.code, told(ran).partition("→ ")[2]) == (0, "not reached: web1; this is in the ledger only")
