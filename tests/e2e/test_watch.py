"""What goes wrong only after a while: the watch after the last wave notices it."""

from __future__ import annotations

import re

import pytest

from tests.e2e.small import PLAYBOOK, Small

WATCHED = PLAYBOOK.replace("    verify:\n", "    verify:\n      watch: {{duration: 6s, interval: 500ms}}\n")


@pytest.fixture
def watched(small: Small) -> Small:
    """v1 is live; after the next deploy the hosts are watched for six seconds."""
    assert small.run("deploy", "v1", "-y").code == 0
    small.write(WATCHED)
    return small


def test_a_release_that_fails_only_later_is_noticed_and_undone_everywhere(watched: Small) -> None:
    watched.release("v4", "late")
    planned = watched.run("deploy", "v4", "-n")
    assert "watch              web1 web2 for 6.0 s" in planned.out
    done = watched.run("deploy", "v4", "-y")
    assert (done.code, watched.lives()) == (10, ["v1", "v1"]), done.err
    assert "watch     v4 on web1 web2\n" in done.err
    assert "login on web1: GET /login answered 500" in done.err or "login on web2: GET /login answered 500" in done.err


def test_a_good_release_is_watched_to_the_end_and_a_rollback_is_not(watched: Small) -> None:
    done = watched.run("deploy", "v2", "-y")
    assert (done.code, watched.lives()) == (0, ["v2", "v2"]), done.err
    watched_for = done.err.partition("watch     v2 on web1 web2\n")[2]
    counted = re.search(r"✓ web1 web2: (\d+) checks passed", watched_for)
    assert counted is not None
    assert int(counted[1]) > 10
    back = watched.run("-y")
    assert (back.code, watched.lives()) == (0, ["v1", "v1"])
    assert "watch" not in back.err
