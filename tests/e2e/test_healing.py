"""A host that lacks what a rollback goes back to is brought it, from wherever it can be had."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.e2e.small import Small


def emptied(small: Small, host: str) -> None:
    """As if it had been replaced: only what somebody put into `shared` is there."""
    root = small.root(host)
    subprocess.run(["chmod", "-R", "u+w", str(root)], check=True)
    for path in root.iterdir():
        if path.name != "shared":
            path.unlink() if path.is_symlink() else shutil.rmtree(path)


def without_git(small: Small) -> None:
    (small.project / ".git").rename(small.folder / "git-is-away")


def without_cache(small: Small) -> None:
    shutil.rmtree(small.folder / "home/.cache/rollback")


def test_a_deploy_brings_a_new_host_the_fallback_too(small: Small) -> None:
    small.deployed("v1", "v2")
    emptied(small, "web2")
    done = small.run("deploy", "v3", "-y")  # the bad one
    assert (done.code, small.lives()) == (10, ["v2", None])
    assert "brought to web2 first" in done.err
    assert small.run("deploy", "v2", "-y").code == 0
    assert small.lives() == ["v2", "v2"]


@pytest.mark.parametrize("cached", [True, False])
def test_a_rollback_brings_an_empty_host_what_git_no_longer_gives(small: Small, cached: bool) -> None:
    small.deployed("v1", "v2")
    emptied(small, "web2")
    without_git(small)
    if not cached:
        without_cache(small)
    done = small.run("--to", "v1", "-y")
    assert (done.code, small.lives()) == (0, ["v1", "v1"]), done.err
    assert ("fetching v1 from web1" in done.err) is not cached
    here, there = (next((small.root(host) / "releases").glob("v1-*")) for host in small.hosts)
    assert subprocess.run(["diff", "-r", str(here), str(there)], check=False).returncode == 0


def test_a_host_that_can_not_be_brought_it_is_pending_and_the_others_are_rolled_back(small: Small) -> None:
    small.deployed("v1", "v2")
    emptied(small, "web2")
    without_git(small)
    without_cache(small)
    file = next((small.root("web1") / "releases").glob("v1-*")) / "tag"
    file.chmod(0o644)
    file.write_text("changed by hand")
    done = small.run("--to", "v1", "-y", "--json")
    assert (done.code, small.lives()) == (14, ["v1", None]), done.err
    assert done.json["data"]["ending"]["away"] == ["web2"]
    assert "web1 can't give it" in done.err
    (small.folder / "git-is-away").rename(small.project / ".git")
    assert "rollback resume" in small.run("status").err
    assert (small.run("resume", "-y").code, small.lives()) == (0, ["v1", "v1"])
