"""`check` on real hosts: what it notices, and that a deploy refuses where there would be no way back."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

from tests.e2e.small import PLAYBOOK, Small


def damage(small: Small, host: str, tag: str) -> Path:
    (file,) = (small.root(host) / "releases").glob(f"{tag}-*/app.py")
    file.chmod(0o644)
    file.write_text("somebody was here")
    return file


def test_ready_hosts_and_how_long_a_rollback_takes(small: Small) -> None:
    small.deployed("v1", "v2")
    ready = small.run("check", "--json")
    assert (ready.code, ready.json["message"]) == (0, "ready to deploy and to roll back")
    data = ready.json["data"]
    assert {one["check"] for one in data["findings"]} == {
        *("reach", "tools", "folders", "disk", "clock", "fallback", "live", "lease")
    }
    assert (data["fallback"]["release"]["tag"], data["estimate"]["of"]) == ("v1", "deploy v2")
    assert small.run("-y").code == 0
    assert small.run("check", "--json").json["data"]["estimate"]["of"] == "rollback v1"


def test_a_way_back_that_was_changed_by_hand_is_noticed_and_refuses_the_next_deploy(small: Small) -> None:
    small.deployed("v1", "v2")
    damage(small, "web2", "v1")
    checked = small.run("check")
    assert (checked.code, checked.out) == (
        3,
        "✗ not ready: fallback on web2: v1 is damaged: 1 entry differs from its manifest: app.py\n",
    )
    damage(small, "web1", "v2")  # which is live, and what the next deploy would fall back to
    small.release("v4")
    refused = small.run("deploy", "v4", "-y")
    assert (refused.code, small.lives()) == (3, ["v2", "v2"])
    assert "not ready: fallback on web1: v2 is damaged: 1 entry differs from its manifest: app.py" in refused.err
    assert (small.run("deploy", "v4", "-y", "--force").code, small.lives()) == (0, ["v4", "v4"])


def test_the_hint_for_a_damaged_fallback_mends_it(small: Small) -> None:
    small.deployed("v1", "v2")
    damage(small, "web2", "v1")
    hint = small.run("check", "--json").json["hint"]
    command = shlex.split(hint.partition(", so that")[0])
    assert command[:2] == ["ssh", "web2"]
    subprocess.run(["sh", "-c", command[2]], check=True)
    assert (small.run("-y").code, small.lives(), small.run("check").code) == (0, ["v1", "v1"], 0)


def test_a_host_that_lacks_the_fallback_is_a_warning_that_says_from_where_it_comes(small: Small) -> None:
    small.deployed("v1", "v2")
    for host in ("web2",):
        (seal,) = (small.root(host) / ".rollback/complete").glob("v1-*")
        seal.unlink()
    checked = small.run("check")
    assert (checked.code, checked.out) == (0, "✓ ready to deploy and to roll back, with 1 warning\n"), checked.err
    assert "web2: v1 is not there; the next deploy or rollback brings it from this machine's cache" in checked.err


def test_a_right_that_sudo_does_not_give_refuses_a_deploy(small: Small) -> None:
    small.deployed("v1")
    small.write(PLAYBOOK.replace("restart: sh restart.sh", "restart: sudo -n no-such-program reload tiny"))
    checked = small.run("check")
    assert checked.code == 3
    assert "no-such-program" in checked.out
    refused = small.run("deploy", "v2", "-y")
    assert (refused.code, small.lives()) == (3, ["v1", "v1"])
    assert "not ready: sudo on web1: does not allow without a password: sudo -n no-such-program" in refused.err
