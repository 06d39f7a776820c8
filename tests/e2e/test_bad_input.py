"""Bad input gets one clear sentence, what to do next, and the exit code of the contract; and nothing live changes."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.command import Ran
from tests.e2e.small import PLAYBOOK, Small


def clear(ran: Ran, code: int, *parts: str) -> None:
    assert ran.code == code, ran.err
    for part in parts:
        assert part in ran.err
    assert "Traceback (most recent" not in ran.err
    assert "next " in ran.err


def test_no_playbook(small: Small, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    clear(small.run("status", cwd=empty), 2, "playbook", "rollback init")


def test_two_playbooks(small: Small) -> None:
    small.write(PLAYBOOK, "other")
    clear(small.run("status"), 2, "other", "tiny", "-p")
    assert small.run("status", "-p", "tiny").code == 0


def test_every_fault_of_a_playbook_at_once(small: Small) -> None:
    path = small.write(PLAYBOOK.replace("canary: 1", "canery: 1").replace("restart: sh", "restrat: sh"))
    clear(small.run("status"), 2, f"{path.name}:", "canery", '"canary"', '"restart"')


def test_an_unknown_environment(small: Small) -> None:
    clear(small.run("status", "-e", "produktion"), 2, "production")


def test_an_unknown_host(small: Small) -> None:
    clear(small.run("status", "--hosts", "db*"), 2, "db*", "web1 web2")


def test_an_unknown_tag(small: Small) -> None:
    clear(small.run("deploy", "v11", "-y"), 3, "there is no tag v11")


def test_a_hostile_tag_is_a_tag_like_any_other(small: Small) -> None:
    for tag in ("v1;touch${IFS}x", "v1$(id)", "v/a\u202eb", "v'\"&"):
        small.release(tag)
        done = small.run("deploy", tag, "-y")
        assert done.code == 0, done.err
        assert "\u202e" not in done.err + done.out
    assert not [path for path in small.folder.rglob("x") if path.name == "x"]
    clear(small.run("deploy", "-y", "--", "-rf"), 3, "there is no tag -rf")


def test_a_moved_tag(small: Small) -> None:
    small.deployed("v1")
    small.git("tag", "-f", "v1", "v2")
    clear(small.run("deploy", "v1", "-y"), 3, "tag v1 was moved")
    assert small.lives() == ["v1", "v1"]


def test_a_wrong_host_key(small: Small) -> None:
    known = small.folder / "ssh/known_hosts"
    lines = known.read_text().splitlines()
    one, two = (line.split(" ", 1) for line in lines)
    known.write_text(f"{one[0]} {two[1]}\n{two[0]} {two[1]}\n")
    clear(small.run("deploy", "v1", "-y"), 3, "web1", "known_hosts", "SHA256:")


def test_a_dead_host(small: Small) -> None:
    small.deployed("v1")
    small.hosts["web2"].stop()
    clear(small.run("deploy", "v2", "-y"), 3, "web2")
    assert small.lives() == ["v1", "v1"]
    seen = small.run("status")
    assert seen.code == 0
    assert "web2" in seen.out


def test_a_dead_host_in_a_rollback_is_pending(small: Small) -> None:
    small.deployed("v1", "v2")
    small.hosts["web2"].stop()
    done = small.run("-y")
    assert (done.code, small.lives()) == (14, ["v1", "v2"]), done.err
    assert "web2" in done.out


def test_no_host_in_reach(small: Small) -> None:
    for host in small.hosts.values():
        host.stop()
    clear(small.run("-y"), 5, "web1", "web2")
    clear(small.run("status"), 5, "web1", "web2")


def test_a_wrong_user(small: Small) -> None:
    small.write(PLAYBOOK.replace("connect_timeout: 5s", "connect_timeout: 5s, user: nobody"))
    clear(small.run("deploy", "v1", "-y"), 3, "nobody", "web1")


def test_a_missing_root(small: Small) -> None:
    shutil.rmtree(small.root("web2"))
    clear(small.run("deploy", "v1", "-y"), 3, "web2", str(small.root("web2")), "does not exist")


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """For root, too, whom no mode keeps out."""
    if os.getuid() != 0:
        folder.chmod(0o555)
        yield
        folder.chmod(0o755)
        return
    subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "test", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_root_that_is_not_writable(small: Small) -> None:
    root = small.root("web2")
    with read_only(root):
        clear(small.run("deploy", "v1", "-y"), 3, "web2", "writ", str(root))
        assert small.run("check").code == 3
    assert small.live("web1") is None


def test_a_current_that_is_a_real_directory(small: Small) -> None:
    (small.root("web1") / "current").mkdir()
    clear(small.run("deploy", "v1", "-y"), 3, "web1", "current")


def test_a_prepare_that_fails(small: Small) -> None:
    small.deployed("v1")
    small.release("v4", "fail-prepare")
    done = small.run("deploy", "v4", "-y")
    assert (done.code, small.lives()) == (5, ["v1", "v1"])
    assert "no matching distribution" in done.out + done.err
    assert "nothing live changed" in done.out


def test_a_restart_that_fails(small: Small) -> None:
    small.deployed("v1")
    small.release("v4", "fail-restart")
    done = small.run("deploy", "v4", "-y")
    assert (done.code, small.lives()) == (10, ["v1", "v1"]), done.err
    assert "unit app.service failed" in done.out + done.err


@pytest.mark.parametrize("behaviour", ["dead", "silent"])
def test_an_app_that_never_gets_healthy(small: Small, behaviour: str) -> None:
    small.deployed("v1")
    small.release("v4", behaviour)
    done = small.run("deploy", "v4", "-y")
    assert (done.code, small.lives()) == (10, ["v1", "v1"]), done.err


def test_a_first_release_ever_that_is_bad_is_left_live(small: Small) -> None:
    done = small.run("deploy", "v3", "-y")
    assert (done.code, small.lives()) == (11, ["v3", None]), done.err
    assert "there is no known-good release to go back to" in done.out


def test_a_rollback_with_nothing_to_go_back_to(small: Small) -> None:
    clear(small.run("-y"), 3, "nothing to go back to")
    assert small.run("deploy", "v1", "-y").code == 0
    clear(small.run("-y"), 3, "nothing to go back to")


@pytest.mark.parametrize("words", [["deploy", "v1"], []])
def test_no_terminal_and_no_yes(small: Small, words: list[str]) -> None:
    if not words:
        small.deployed("v1", "v2")
    clear(small.run(*words), 2, "--yes")


def test_what_is_red_before_the_deploy(small: Small) -> None:
    small.deployed("v1")
    subprocess.run(["kill", (small.root("web1") / "shared/pid").read_text().strip()], check=True)
    clear(small.run("deploy", "v2", "-y"), 3, "red before the deploy", "web1")
    assert small.lives() == ["v1", "v1"]
    assert (small.run("deploy", "v2", "-y", "--force").code, small.lives()[0]) == (13, "v2")
