"""Hosts that are away while something is done to the others, and are brought along when they are back."""

from __future__ import annotations

from rollback.demo.sshd import start
from tests.e2e.small import Small


def away(small: Small, host: str) -> None:
    small.hosts[host].stop()


def back(small: Small, host: str) -> None:
    was = small.hosts[host]
    small.hosts[host] = start(small.folder / "ssh", host, was.address, was.port)


def test_a_deploy_may_go_out_without_a_host_which_is_brought_along_later(small: Small) -> None:
    small.deployed("v1")
    away(small, "web2")
    refused = small.run("deploy", "v2", "-y")
    assert (refused.code, small.lives()) == (3, ["v1", "v1"])
    assert "--allow-unreachable 1" in refused.err
    partial = small.run("deploy", "v2", "-y", "--allow-unreachable", "1")
    assert (partial.code, small.lives()) == (14, ["v2", "v1"])
    assert partial.err.endswith("next      rollback resume, once the pending hosts can be reached\n")
    early = small.run("resume", "-y")
    said = "! nothing was left undone on production that could be done now; still pending: web2\n"
    assert (early.code, early.out) == (14, said)
    back(small, "web2")
    status = small.run("status")
    assert "pending: web2 was away when the last operation ended" in status.out
    assert status.err == "  next      rollback resume\n"
    assert (small.run("resume", "-y").code, small.lives()) == (0, ["v2", "v2"])


def test_the_next_deploy_first_brings_a_host_along_that_was_away_at_the_rollback(small: Small) -> None:
    small.deployed("v1", "v2")
    away(small, "web2")
    assert (small.run("-y").code, small.lives()) == (14, ["v1", "v2"])
    back(small, "web2")
    small.release("v4")
    done = small.run("deploy", "v4", "-y")
    assert (done.code, small.lives()) == (0, ["v4", "v4"]), done.err
    rows = small.run("history", "--json").json["data"]
    assert [(row["what"], row["outcome"]) for row in rows[:3]] == [
        ("deploy v4", "done"),
        ("resume v1", "done"),
        ("rollback v1", "partial"),
    ]


def test_another_machine_learns_from_the_other_hosts_that_one_was_away(small: Small) -> None:
    small.deployed("v1", "v2")
    away(small, "web2")
    assert small.run("-y").code == 14
    back(small, "web2")
    other = str(small.folder / "other")
    assert small.run("status", XDG_DATA_HOME=other).err == "  next      rollback resume\n"
    assert (small.run("resume", "-y", XDG_DATA_HOME=other).code, small.lives()) == (0, ["v1", "v1"])


def test_a_bad_release_that_is_live_without_one_host_is_rolled_back_and_not_spread(small: Small) -> None:
    """The host that was away still has the old release when it is back: that is where the others go."""
    small.deployed("v1")
    away(small, "web2")
    assert small.run("deploy", "v2", "-y", "--allow-unreachable", "1").code == 14
    back(small, "web2")
    assert (small.run("-y").code, small.lives()) == (0, ["v1", "v1"])
