"""An operator that dies in the middle of a deploy, and hosts that must be confirmed: they help themselves."""

from __future__ import annotations

import signal

from tests.e2e.small import PLAYBOOK, Small
from tests.e2e.test_trouble import cut, left, slow, until


def test_a_host_whose_operator_died_puts_back_what_was_live_before(small: Small) -> None:
    small.write(PLAYBOOK.replace("app: tiny\n", "app: tiny\npolicy: {{confirm_within: 60s}}\n"))
    small.deployed("v1", "v2")
    at_rest = left(small)
    slow(small, "restart.sh", "v4")
    assert cut(small, "deploy", "v4", "-y", by=(signal.SIGKILL,)).code == -9
    assert small.lives() == ["v4", "v2"]
    until(lambda: small.lives() == ["v2", "v2"])
    until(lambda: "reverted" in (small.root("web1") / ".rollback/lease").read_text())
    assert small.run("verify").code == 0
    assert small.run("status").code == 0
    assert "web1 heard nothing more: it took v4" in small.run("show").out
    resumed = small.run("resume", "-y")
    assert (resumed.code, small.lives(), left(small)) == (0, ["v2", "v2"], at_rest)
    assert small.run("resume", "-y").out == "✓ nothing was left undone on production\n"
