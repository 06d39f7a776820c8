"""After trouble: what a person rolled back is not deployed again by others, and a person may stop all deploys."""

from __future__ import annotations

from tests.cli.command import Ran
from tests.e2e.small import Small


def elsewhere(small: Small, *words: str) -> Ran:
    """From another machine, whose ledger is empty."""
    return small.run(*words, XDG_DATA_HOME=str(small.folder / "other"))


def test_what_a_person_rolled_back_is_refused_everywhere_until_somebody_lifts_it(small: Small) -> None:
    small.deployed("v1", "v2")
    assert small.run("-y", "--reason", "nobody can log in").code == 0
    refused = elsewhere(small, "deploy", "v2", "-y", "--json")
    assert (refused.code, small.lives()) == (3, ["v1", "v1"])
    said = refused.json["message"]
    assert said.startswith("v2 (")
    assert ": rolled back by " in said
    assert said.endswith(": nobody can log in")
    assert "(nobody can log in): neither a fallback nor deployed" in small.run("show", "last").out
    assert small.run("deploy", "v2", "-y", "--force").code == 0, "once it is verified again, that is over"
    assert small.run("deploy", "v2", "-y").code == 0
    assert small.run("-y").code == 0
    assert small.run("mark", "good", "v2", "--reason", "it was the load balancer").code == 0
    assert (small.run("deploy", "v2", "-y").code, small.lives()) == (0, ["v2", "v2"])


def test_a_frozen_environment_refuses_every_deploy_and_no_way_back(small: Small) -> None:
    small.deployed("v1", "v2")
    assert small.run("freeze", "--reason", " ").code == 2
    frozen = small.run("freeze", "--reason", "the database is moved")
    assert frozen.code == 0
    assert frozen.out.startswith("production: deploys are frozen since ")
    reason = "the database is moved"
    for ended in (small.run("deploy", "v1", "-y", "--json"), small.run("deploy", "v1", "-n", "--json")):
        assert (ended.code, ended.json["message"].endswith(reason)) == (3, True)
    refused = elsewhere(small, "deploy", "v1", "-y")
    assert (refused.code, small.lives()) == (3, ["v2", "v2"])
    assert reason in refused.err
    assert f": {reason}\n" in elsewhere(small, "status").out
    check = small.run("check")
    assert (check.code, reason in check.out) == (3, True)
    assert check.out.endswith("; a rollback could go ahead\n")
    assert (small.run("-y").code, small.lives()) == (0, ["v1", "v1"])
    small.release("v4")
    forced = small.run("deploy", "v4", "-y", "--force")
    assert (forced.code, "  forced    though deploys are frozen since" in forced.err) == (0, True)
    assert small.run("deploy", "v1", "-y").code == 3, "it was lifted once"
    assert elsewhere(small, "unfreeze", "--reason", "it is done").code == 0
    assert (small.run("deploy", "v1", "-y").code, small.lives()) == (0, ["v1", "v1"])
    assert small.run("unfreeze", "--reason", "again").out == "production is not frozen\n"
    whats = [row["what"] for row in small.run("history", "--json").json["data"]]
    assert (whats[1], whats.count("freeze")) == ("unfreeze", 1)
    assert "unfroze the environment: it is done" in small.run("show", history_of(small, "unfreeze")).out


def history_of(small: Small, what: str) -> str:
    rows = small.run("history", "--json").json["data"]
    return next(str(row["operation"]) for row in rows if row["what"] == what)


def test_a_dry_run_freezes_nothing(small: Small) -> None:
    assert small.run("freeze", "--reason", "x", "-n").out == "dry run: nothing was changed\n"
    assert small.run("unfreeze", "--reason", "x").out == "production is not frozen\n"
