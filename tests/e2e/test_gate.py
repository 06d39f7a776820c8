"""The gate on real hosts: what any deploy left live, judged, recorded, and rolled back when the policy says so."""

from __future__ import annotations

import shutil

import pytest

from tests.cli.command import Ran
from tests.e2e.small import PLAYBOOK, Small
from tests.e2e.test_trouble import let_go, slow, until

BLIND = PLAYBOOK.partition("  - name: login")[0]


def live(small: Small, *tags: str) -> None:
    """Deployed one after the other by a playbook that does not look at the log-in: v3 goes through."""
    small.write(BLIND)
    for tag in tags:
        assert small.run("deploy", tag, "-y").code == 0
    small.write(PLAYBOOK)


def policy(small: Small, text: str) -> None:
    small.write(PLAYBOOK.replace("    verify:\n", f"    verify:\n      {text}\n"))


def told(ended: Ran) -> tuple[int, str]:
    return ended.code, ended.json["message"]


def verdicts(small: Small) -> dict[str, str]:
    return {row["release"]["tag"]: row["verdict"] for row in small.run("releases", "--json").json["data"]}


def test_a_good_release_is_confirmed_also_by_one_who_did_not_deploy_it(small: Small) -> None:
    live(small, "v1", "v2")
    runner = str(small.folder / "runner")
    gated = small.run("gate", "--release", "v2", "--json", XDG_DATA_HOME=runner)
    assert told(gated) == (0, "v2 is live and verified")
    rows = small.run("history", "--json").json["data"]
    assert [(row["what"], row["outcome"]) for row in rows[:2]] == [("gate v2", "done"), ("deploy v2", "done")]


def test_a_bad_release_is_rolled_back_quarantined_and_explained_again_by_show(small: Small) -> None:
    live(small, "v1", "v3")
    gated = small.run("gate")
    assert (gated.code, small.lives()) == (10, ["v1", "v1"]), gated.err
    assert "↩ v3 is bad; v1 is back and verified\n  rule      login: 2 failures > limit 0\n" in gated.out
    assert "  ✗ login on web1 web2: GET /login answered 500, expected 200  (" in gated.out
    assert "  back to   v1 (" in gated.out
    elsewhere = str(small.folder / "elsewhere")
    refused = small.run("deploy", "v3", "-y", XDG_DATA_HOME=elsewhere)
    assert (refused.code, "v3" in refused.err, "is bad since" in refused.err) == (3, True, True)
    rows = small.run("history", "--json", XDG_DATA_HOME=elsewhere).json["data"]
    assert [(row["what"], row["outcome"]) for row in rows[:2]] == [("rollback v1", "done"), ("gate v3", "rolled back")]
    shown = small.run("show", rows[1]["operation"], XDG_DATA_HOME=elsewhere).out
    same = [line for line in gated.out.splitlines() if not line.startswith("  took ")]
    assert "\n".join(same) in shown


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ("auto_rollback: off", "the policy says auto_rollback: off"),
        ("auto_rollback: ask", "the policy says auto_rollback: ask, and there is no terminal to ask in"),
    ],
)
def test_what_the_policy_leaves_is_left_and_marked(small: Small, wanted: str, why: str) -> None:
    live(small, "v1", "v3")
    policy(small, wanted)
    gated = small.run("gate", "--json")
    assert told(gated) == (11, f"v3 is bad and was left live: {why}")
    assert (gated.json["hint"], small.lives()) == ("rollback", ["v3", "v3"])
    assert verdicts(small) == {"v1": "good", "v3": "bad"}


def test_asked_and_agreed_to_beforehand_it_is_rolled_back(small: Small) -> None:
    live(small, "v1", "v3")
    policy(small, "auto_rollback: ask")
    assert (small.run("gate", "-y").code, small.lives()) == (10, ["v1", "v1"])


def test_with_nothing_to_go_back_to_it_stays(small: Small) -> None:
    live(small, "v3")
    code, said = told(small.run("gate", "--json"))
    assert (code, small.lives()) == (11, ["v3", "v3"])
    assert said.startswith("v3 is bad and was left live: nothing to go back to")


def test_a_way_back_that_does_not_work_either_strands_it(small: Small) -> None:
    live(small, "v1", "v3")
    for host in small.hosts:
        behaviour = next((small.root(host) / "releases").glob("v1-*")) / "behaviour"
        behaviour.chmod(0o644)
        behaviour.write_text("bad")
    gated = small.run("gate", "--json")
    assert (gated.code, gated.json["data"]["outcome"]) == (12, "stranded"), gated.err
    assert small.run("gate").code == 3


def test_a_dry_run_records_nothing(small: Small) -> None:
    live(small, "v1", "v3")
    gated = small.run("gate", "-n")
    assert (gated.code, small.lives()) == (11, ["v3", "v3"])
    assert "roll back to v1" in gated.err
    assert verdicts(small) == {"v1": "good", "v3": "good"}


def test_hosts_that_differ_are_not_good(small: Small) -> None:
    live(small, "v1")
    assert small.run("deploy", "v2", "-y", "--hosts", "web1").code == 0
    mixed = small.run("gate")
    assert (mixed.code, "the hosts differ: v2 on web1, v1 on web2" in mixed.err) == (3, True)
    pinned = small.run("gate", "--release", "v2", "--json")
    assert (pinned.code, pinned.json["data"]["outcome"]) == (13, "held")
    assert "the hosts differ: v2 on web1, v1 on web2" in pinned.json["message"]
    small.release("v4")
    nowhere = small.run("gate", "--release", "v4")
    assert (nowhere.code, "is live nowhere: v2 on web1, v1 on web2" in nowhere.err) == (3, True)


def test_a_bad_canary_is_told_from_the_others(small: Small) -> None:
    live(small, "v1")
    small.write(BLIND)
    assert small.run("deploy", "v3", "-y", "--hosts", "web1").code == 0
    small.write(PLAYBOOK)
    assert (small.run("gate", "--release", "v3").code, small.lives()) == (10, ["v1", "v1"])


def test_what_a_person_marked_bad_is_not_lifted_by_checks_that_pass(small: Small) -> None:
    live(small, "v1", "v2")
    assert small.run("mark", "bad", "v2", "--reason", "loses orders").code == 0
    code, said = told(small.run("gate", "--json"))
    assert (code, small.lives(), verdicts(small)["v2"]) == (13, ["v2", "v2"], "bad")
    assert "it passes its checks, and is bad since" in said
    assert "loses orders" in said


def test_a_host_that_does_not_answer_was_not_verified_unless_the_deploy_went_without(small: Small) -> None:
    live(small, "v1")
    small.hosts["web2"].stop()
    held = small.run("gate", "--json")
    assert (held.code, held.json["data"]["outcome"], small.lives()) == (13, "held", ["v1", "v1"])
    assert "reach on web2 could not be measured" in held.json["message"]
    assert small.run("deploy", "v2", "-y", "--allow-unreachable", "1").code == 14
    partial = small.run("gate", "--release", "v2", "--json")
    assert told(partial) == (14, "v2 is verified on all hosts that could be reached; pending: web2")


@pytest.mark.parametrize(("wanted", "code", "lives"), [("accept", 0, ["v2", "v2"]), ("rollback", 14, ["v1", "v2"])])
def test_what_could_not_be_measured_is_done_as_the_policy_says(
    small: Small, wanted: str, code: int, lives: list[str]
) -> None:
    live(small, "v1", "v2")
    policy(small, f"on_inconclusive: {wanted}")
    small.hosts["web2"].stop()
    assert (small.run("gate").code, small.lives()) == (code, lives)


def test_in_the_middle_of_a_deploy_there_is_nothing_to_judge(small: Small) -> None:
    live(small, "v1", "v2")
    slow(small, "restart.sh", "v4")
    with small.started("deploy", "v4", "-y") as process:
        until((small.root("web1") / "shared/slow").exists)
        gated = small.run("gate")
        let_go(small)
        process.communicate(timeout=60)
    assert (gated.code, process.returncode) == (4, 0), gated.err


def elsewhere(small: Small) -> None:
    """As another tool would leave it: `current` leads out of our releases, and nothing else of ours is there."""
    for host in small.hosts:
        root = small.root(host)
        shutil.copytree((root / "current").resolve(), root.parent / "app", dirs_exist_ok=True)
        (root / "current").unlink()
        shutil.rmtree(root / ".rollback")
        (root / "current").symlink_to("../app")


@pytest.mark.parametrize(("tag", "code"), [("v1", 0), ("v3", 11)])
def test_another_tools_deploy_is_verified_and_judged_and_not_touched(small: Small, tag: str, code: int) -> None:
    live(small, tag)
    small.write(PLAYBOOK.replace(', header: {{X-Release: "{{{{release.id}}}}"}}', ""))
    elsewhere(small)
    before = {host: sorted(map(str, small.root(host).iterdir())) for host in small.hosts}
    unnamed = small.run("gate")
    assert (unnamed.code, "it can't be told which release is live" in unnamed.err) == (3, True)
    gated = small.run("gate", "--release", tag)
    assert (gated.code, gated.err.count("is taken on your word")) == (code, 1), gated.err
    assert ("it was not deployed by this tool, which can't take it back" in gated.out) == (code == 11)
    assert {host: sorted(map(str, small.root(host).iterdir())) for host in small.hosts} == before


def test_old_findings_are_judged_again_with_todays_limits(small: Small) -> None:
    live(small, "v1", "v3")
    operation = small.run("gate", "--json").json["data"]["operation"]
    same = small.run("verify", "--replay", operation, "--json")
    assert told(same) == (0, "gate v3: was bad, would be bad today, too")
    tolerant = PLAYBOOK.replace("expect: {{status: 200}}", "expect: {{status: 200}}\n    failure_limit: 1")
    small.write(tolerant.replace("100ms, healthy_deadline", "300ms, healthy_deadline"))
    assert told(small.run("verify", "--replay", operation, "--json"))[1] == "gate v3: was bad, would be bad today, too"
    small.write(tolerant.replace("limit: 1", "limit: 2").replace("100ms, healthy_deadline", "300ms, healthy_deadline"))
    again = small.run("verify", "--replay", operation)
    assert again.out.startswith("gate v3: was bad, would be unknown today\n  then      login: 2 failures > limit 0\n")
    assert "never passed" in again.out
    assert "it would be held" in again.out
    assert "asking ended when v3 was found bad" in again.out
    assert small.run("verify", "--replay", "nothing").code == 3
