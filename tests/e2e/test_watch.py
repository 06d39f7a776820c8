"""What goes wrong only after a while: the watch after the last wave notices it, and so does the long watch."""

from __future__ import annotations

import re
import signal
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.cli.command import Ran
from tests.e2e.small import PLAYBOOK, Small, free_port

WATCHED = PLAYBOOK.replace("    verify:\n", "    verify:\n      watch: {{duration: 6s, interval: 500ms}}\n")
LONG = WATCHED.replace("500ms}}", "500ms, rollback_within: {within}}}")


@pytest.fixture
def watched(small: Small) -> Small:
    """v1 is live; after the next deploy the hosts are watched for six seconds."""
    assert small.run("deploy", "v1", "-y").code == 0
    small.write(WATCHED)
    small.release("v4", "late")
    return small


def begun(small: Small, *words: str, until: str) -> tuple[subprocess.Popen[str], str]:
    """A command that runs, and what it has said up to the line with these words."""
    process = small.started(*words)
    assert process.stderr is not None
    said = ""
    while until not in said:
        line = process.stderr.readline()
        assert line, said
        said += line
    return process, said


def ended(begun: tuple[subprocess.Popen[str], str]) -> Ran:
    process, said = begun
    out, err = process.communicate(timeout=120)
    return Ran(process.returncode, out, said + err)


def breaks(small: Small, host: str) -> None:
    (small.root(host) / "shared/broken").touch()


def test_what_fails_in_the_pause_after_the_canary_never_comes_to_another_host(watched: Small) -> None:
    """It lasts a minute, unless something is amiss."""
    watched.write(WATCHED.replace("{{canary: 1}}", "{{canary: 1, pause: 60s}}"))
    planned = watched.run("deploy", "v4", "-n")
    assert "activate, verify, pause web1 for 1 min 0 s" in planned.out
    assert "  takes     about 1 min " in planned.out
    running = begun(watched, "deploy", "v4", "-y", until="pause     v4 on web1 for 1 min 0 s")
    breaks(watched, "web1")
    done = ended(running)
    assert (done.code, watched.lives()) == (10, ["v1", "v1"]), done.err
    assert "✗ login on web1: GET /login answered 500, expected 200" in done.err
    assert "v4 on web2" not in done.err


def test_a_release_that_fails_only_later_is_noticed_and_undone_everywhere(watched: Small) -> None:
    planned = watched.run("deploy", "v4", "-n")
    assert "watch              web1 web2 for 6.0 s" in planned.out
    running = begun(watched, "deploy", "v4", "-y", until="watch     v4 on web1 web2")
    breaks(watched, "web2")
    done = ended(running)
    assert (done.code, watched.lives()) == (10, ["v1", "v1"]), done.err
    assert "✗ login on web2: GET /login answered 500, expected 200" in done.err
    assert "login on web1" not in done.err


def test_a_good_release_is_watched_to_the_end_and_a_rollback_is_not(watched: Small) -> None:
    done = watched.run("deploy", "v2", "-y")
    assert (done.code, watched.lives()) == (0, ["v2", "v2"]), done.err
    watched_for = done.err.partition("watch     v2 on web1 web2 for 6.0 s\n")[2]
    counted = re.search(r"✓ web1 web2: (\d+) checks passed", watched_for)
    assert counted is not None
    assert int(counted[1]) > 10
    back = watched.run("-y")
    assert (back.code, watched.lives()) == (0, ["v1", "v1"])
    assert "watch" not in back.err


def test_the_long_watch_tells_each_change_once_and_says_it_to_prometheus(watched: Small) -> None:
    """Also when it is begun anew; what was deployed too long ago it leaves alone."""
    watched.write(PLAYBOOK)
    assert watched.run("deploy", "v4", "-y").code == 0
    watched.write(LONG.replace("{within}", "1s"))
    address = f"127.0.0.1:{free_port()}"
    running = begun(watched, "watch", "--for", "8s", "--metrics", address, until="is good")
    breaks(watched, "web1")
    said = ended(running)
    assert (said.code, watched.lives()) == (11, ["v4", "v4"]), said.err
    assert said.err.count("is good: every required check passed") == 1
    assert said.err.count("is bad: login: 1 failure > limit 0") == 1
    again = watched.run("watch", "--for", "1s")
    assert again.code == 11
    assert "is bad" not in again.err
    rows = watched.run("history", "--json").json["data"]
    assert [row["what"] for row in rows[:2]] == ["watch: bad", "watch: good"]


def test_its_metrics_are_of_the_last_round(watched: Small) -> None:
    watched.write(LONG.replace("{within}", "1s"))
    address = f"127.0.0.1:{free_port()}"
    running = begun(watched, "watch", "--for", "4s", "--metrics", address, until="is good")
    text = httpx.get(f"http://{address}/metrics").text
    ended(running)
    assert 'rollback_verdict{environment="production",grade="good"} 1.0' in text
    assert 'rollback_check_ok{case="",check="login",environment="production",host="web2"} 1.0' in text
    assert 'rollback_live{environment="production",host="web1",tag="v1"} 1.0' in text


def test_the_long_watch_rolls_back_just_after_a_deploy_and_never_twice(watched: Small) -> None:
    watched.write(PLAYBOOK)
    assert watched.run("deploy", "v4", "-y").code == 0
    watched.write(LONG.replace("{within}", "5m"))
    running = begun(watched, "watch", "--for", "12s", until="is good")
    breaks(watched, "web1")
    done = ended(running)
    assert (done.code, watched.lives()) == (0, ["v1", "v1"]), done.err
    assert done.err.count("rolling back: it was deployed less than") == 1
    assert "v1 (" in done.err.rpartition("is good")[0]


def test_a_dry_run_rolls_nothing_back_and_records_nothing(watched: Small) -> None:
    watched.write(PLAYBOOK)
    assert watched.run("deploy", "v4", "-y").code == 0
    breaks(watched, "web1")
    watched.write(LONG.replace("{within}", "5m"))
    done = watched.run("watch", "-n", "--for", "2s")
    assert (done.code, watched.lives()) == (11, ["v4", "v4"]), done.err
    assert done.err.count("it would be rolled back, and this is a dry run") == 1
    assert watched.run("history", "--json").json["data"][0]["what"] == "deploy v4"


def test_it_ends_when_it_is_told_to_and_says_how_it_stands(watched: Small) -> None:
    watched.write(LONG.replace("{within}", "5m"))
    process, said = running = begun(watched, "watch", until="is good")
    process.send_signal(signal.SIGTERM)
    done = ended(running)
    assert (done.code, done.out) == (143, "production is good: every required check passed\n"), said
    assert watched.run("watch", "-q", "--for", "1s").err == ""


def test_a_rollback_that_has_begun_is_finished_before_it_ends(watched: Small) -> None:
    watched.write(PLAYBOOK)
    assert watched.run("deploy", "v4", "-y").code == 0
    watched.write(LONG.replace("{within}", "5m"))
    breaks(watched, "web1")
    running = begun(watched, "watch", until="activate on web1: live")
    running[0].send_signal(signal.SIGTERM)
    assert (ended(running).code, watched.lives()) == (143, ["v1", "v1"])


def test_what_can_not_be_watched_is_wrong_usage(small: Small) -> None:
    refused = small.run("watch")
    assert (refused.code, refused.out) == (2, "")
    assert "environments.production has no verify.watch" in refused.err
    assert "verify: {watch: {duration: 5m, interval: 15s}}" in refused.err
    small.write(WATCHED)
    assert "--metrics 127.0.0.1:x: can't listen there" in small.run("watch", "--metrics", "127.0.0.1:x").err


@pytest.mark.parametrize("example", ["rollback-watch.service", "supervisor.conf"])
def test_the_ready_units_start_what_there_is(watched: Small, example: str) -> None:
    written = (Path(__file__).parents[2] / "playbooks/watch" / example).read_text()
    words = re.findall(r"^(?:ExecStart|command)=\S+/rollback (.+)$", written, re.MULTILINE)
    assert len(words) == 1
    there = words[0].replace("9464", str(free_port())).split()
    done = watched.run(*there, "--for", "1s")
    assert done.code == 0, done.err
