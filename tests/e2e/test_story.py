"""The main job on real hosts: deploy, verify, go back by itself, go back by hand; and what the ledger says of it."""

from __future__ import annotations

import shutil

from tests.e2e.small import PLAYBOOK, Small


def test_the_incident_is_noticed_and_undone_on_the_canary_alone(small: Small) -> None:
    small.deployed("v1", "v2")
    bad = small.run("deploy", "v3", "-y", "--json")
    assert bad.code == 10, bad.err
    assert small.lives() == ["v2", "v2"]
    assert bad.json["message"] == "v3 is bad; v2 is back and verified"
    assert bad.json["data"]["outcome"] == "rolled back"
    assert "login on web1: GET /login answered 500, expected 200" in bad.err
    back = small.run("-y")
    assert back.code == 0, back.err
    assert small.lives() == ["v1", "v1"]


def test_rolling_back_twice_goes_further_and_then_has_nothing_left(small: Small) -> None:
    small.release("v4")
    small.deployed("v1", "v2", "v4")
    assert (small.run("-y").code, small.lives()) == (0, ["v2", "v2"])
    assert (small.run("-y").code, small.lives()) == (0, ["v1", "v1"])
    third = small.run("-y")
    assert (third.code, small.lives()) == (3, ["v1", "v1"])
    assert "nothing to go back to" in third.err


def test_back_to_a_release_by_its_tag_and_forward_again(small: Small) -> None:
    small.deployed("v1", "v2")
    assert (small.run("--to", "v1", "-y").code, small.lives()) == (0, ["v1", "v1"])
    refused = small.run("deploy", "v2", "-y")
    assert (refused.code, small.lives()) == (3, ["v1", "v1"])
    assert "rolled back by" in refused.err
    assert (small.run("deploy", "v2", "-y", "--force").code, small.lives()) == (0, ["v2", "v2"])


def test_a_bad_release_stays_quarantined_until_a_person_lifts_it(small: Small) -> None:
    small.deployed("v1")
    assert small.run("deploy", "v3", "-y").code == 10
    refused = small.run("deploy", "v3", "-y")
    assert (refused.code, small.lives()) == (3, ["v1", "v1"])
    assert "is bad since" in refused.err
    assert "rollback mark good v3" in refused.err
    assert small.run("mark", "good", "v3", "--reason", "login was mended by hand").code == 0
    assert small.run("deploy", "v3", "-y").code == 10


def test_marking_bad_quarantines_and_takes_it_out_of_the_fallbacks(small: Small) -> None:
    small.deployed("v1", "v2")
    marked = small.run("mark", "bad", "v1", "--reason", "leaks memory")
    assert marked.code == 0, marked.err
    assert small.run("-y").code == 3
    assert small.run("deploy", "v1", "-y").code == 3


def test_a_deploy_of_what_is_live_verifies_it_again(small: Small) -> None:
    small.deployed("v1")
    again = small.run("deploy", "v1", "-y")
    assert (again.code, small.lives()) == (0, ["v1", "v1"])
    assert "it is live there already" in again.err


def test_a_fresh_machine_learns_everything_from_the_hosts(small: Small) -> None:
    small.deployed("v1", "v2")
    shutil.rmtree(small.folder / "home")
    history = small.run("history", "--json")
    assert [row["what"] for row in history.json["data"]] == ["deploy v2", "deploy v1"]
    assert small.run("status", "--json").json["data"]["fallback"]["release"]["tag"] == "v1"
    assert (small.run("-y").code, small.lives()) == (0, ["v1", "v1"])


def test_a_rollback_needs_neither_repository_nor_ledger(small: Small) -> None:
    small.deployed("v1", "v2")
    elsewhere = small.folder / "elsewhere"
    shutil.copytree(small.project / "playbooks", elsewhere / "playbooks")
    shutil.rmtree(small.project / ".git")
    done = small.run("-y", cwd=elsewhere, ROLLBACK_LEDGER="sqlite:////proc/nowhere/ledger.sqlite3")
    assert (done.code, small.lives()) == (0, ["v1", "v1"]), done.err


def test_show_tells_the_whole_operation(small: Small) -> None:
    small.deployed("v1")
    assert small.run("deploy", "v3", "-y").code == 10
    shown = small.run("show")
    for part in ("started: deploy v3", "answered 500", "verdict: v3", "ended: rolled back", "live: web1 v1, web2 v1"):
        assert part in shown.out
    listed = small.run("history", "--json").json["data"]
    assert [(row["what"], row["outcome"]) for row in listed] == [("deploy v3", "rolled back"), ("deploy v1", "done")]
    assert small.run("show", listed[1]["operation"][:26], "--json").json["data"]["operation"]["what"] == "deploy v1"


def test_releases_verdicts_and_prune(small: Small) -> None:
    small.deployed("v1", "v2")
    assert small.run("deploy", "v3", "-y").code == 10
    rows = small.run("releases", "--json").json["data"]
    assert {row["release"]["tag"]: (row["verdict"], row["live_on"]) for row in rows} == {
        "v1": ("good", []),
        "v2": ("good", ["web1", "web2"]),
        "v3": ("bad", []),
    }
    nothing = small.run("prune", "-y")
    assert (nothing.code, nothing.out) == (0, "nothing to delete: every release on the hosts is needed\n")


def test_what_nothing_needs_any_more_is_deleted_after_a_good_deploy(small: Small) -> None:
    small.write(PLAYBOOK.replace("app: tiny", "app: tiny\nkeep: 1"))
    for tag in ("v4", "v5", "v6"):
        small.release(tag)
    small.deployed("v1", "v2", "v4", "v5", "v6")
    for host in small.hosts:
        there = {path.name.rpartition("-")[0] for path in (small.root(host) / "releases").iterdir()}
        assert there == {"v2", "v4", "v5", "v6"}
    assert small.run("prune", "-y").code == 0
    assert not list((small.root("web1") / "releases").glob("v2-*"))


def test_verify_and_check_change_nothing_and_say_how_it_stands(small: Small) -> None:
    small.deployed("v1", "v2")
    assert small.run("verify").code == 0
    ready = small.run("check")
    assert ready.code == 0, ready.err
    assert "way back    v1" in ready.err


def test_a_dry_run_shows_the_plan_and_changes_nothing(small: Small) -> None:
    small.deployed("v1")
    shown = small.run("deploy", "v2", "-n")
    assert (shown.code, small.lives()) == (0, ["v1", "v1"])
    assert "upload, prepare    web1 web2" in shown.out
    assert not any((small.root("web1") / "releases").glob("v2-*"))
