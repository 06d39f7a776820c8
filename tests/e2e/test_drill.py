"""A rollback, rehearsed on real hosts."""

from __future__ import annotations

from rollback.report.words import seconds
from tests.e2e.small import PLAYBOOK, Small


def with_url(small: Small) -> None:
    """Its users are web1's."""
    url = f"http://127.0.0.1:{small.ports['web1']}/login"
    small.write(PLAYBOOK.replace("    rollout:", f"    url: {url}\n    rollout:"))


def test_a_drill_goes_there_and_back_again_and_says_how_long_a_rollback_takes(small: Small) -> None:
    with_url(small)
    small.deployed("v1", "v2")
    done = small.run("drill", "-e", "production", "-y", "--json")
    assert (done.code, small.lives()) == (0, ["v2", "v2"]), done.err
    assert "and now back, as what any interrupted operation leaves" in done.err
    drill = done.json["data"]["drill"]
    assert drill["took"] > 0
    assert drill["asked"] > drill["failed"] >= 0
    rows = small.run("history", "--json").json["data"]
    assert [(row["what"], row["outcome"]) for row in rows[:2]] == [("resume v2", "done"), ("drill v1", "done")]
    assert "rehearsed: " in small.run("show", rows[1]["operation"]).out
    assert small.run("resume", "-y").out == "✓ nothing was left undone on production\n"
    back = small.run("-y", "--json")  # what was drilled is no less a fallback than before
    assert (back.code, small.lives()) == (0, ["v1", "v1"])


def test_a_drill_names_its_environment_and_needs_something_to_go_back_to(small: Small) -> None:
    unnamed = small.run("drill", "-y")
    assert (unnamed.code, "say which environment" in unnamed.err) == (2, True)
    assert small.run("deploy", "v1", "-y").code == 0
    alone = small.run("drill", "-e", "production", "-y")
    assert (alone.code, small.lives()) == (3, ["v1", "v1"])
    assert "nothing to go back to" in alone.err


def test_a_fallback_that_no_longer_works_is_found_by_the_drill_and_taken_back(small: Small) -> None:
    small.deployed("v1", "v2")
    behaviour = next((small.root("web1") / "releases").glob("v1-*")) / "behaviour"
    behaviour.chmod(0o644)
    behaviour.write_text("bad")
    done = small.run("drill", "-e", "production", "-y", "--json")
    assert (done.code, small.lives()) == (10, ["v2", "v2"]), done.err
    assert small.run("resume", "-y").out == "✓ nothing was left undone on production\n"


def test_check_quotes_the_last_drill(small: Small) -> None:
    small.deployed("v1", "v2")
    assert small.run("drill", "-e", "production", "-y").code == 0
    ready = small.run("check", "--json")
    assert ready.code == 0, ready.out
    assert ready.json["data"]["estimate"]["of"] == "drill v1"
    took = ready.json["data"]["rehearsed"]["drilled"]["took"]
    assert f"rehearsed   {seconds(took)} to restore, in the drill of " in small.run("check").err
