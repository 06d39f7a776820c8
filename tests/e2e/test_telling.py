"""People are told what happens, by webhook, mail and GitHub, and an operation does not notice whether they hear it."""

from __future__ import annotations

import runpy
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.cli.command import Ran
from tests.e2e.small import PLAYBOOK, Small
from tests.e2e.test_watch import WATCHED
from tests.notify.receivers import Got, Hub, Mails, Web, mails, web
from tests.warm import begun

SHOP = "http://shop.example.com"
ENVIRON = {
    "HUB_SECRET": "between-us-two",
    "GITHUB_TOKEN": "letmein",
    "GITHUB_ACTIONS": "",
    "ROLLBACK_ENV": "production",
}
NOTIFY = """
notify:
  - name: the hub
    webhook: {{url: "HOOK/deploys", secret: "${{HUB_SECRET}}"}}
    timeout: 60s
  - name: the mailing list
    apprise: "mailto://127.0.0.1:MAIL?from=rollback@example.com&to=team@example.com&format=text&mode=insecure"
    moments: [bad, rolled_back, stranded, alert, recovered]
  - name: github
    github: {{repository: acme/shop, api: "GITHUB/api/v3"}}
  - name: those who test
    webhook: {{url: "HOOK/staging", secret: "${{HUB_SECRET}}"}}
    environments: [staging]
"""


@dataclass
class Told:
    """Everybody who is told, and the world that tells them."""

    small: Small
    hook: Web
    hub: Hub
    github: Web
    post: Mails

    def write(self, playbook: str = PLAYBOOK, notify: str = NOTIFY) -> None:
        for name, value in (("HOOK", self.hook.url), ("GITHUB", self.github.url), ("MAIL", str(self.post.port))):
            notify = notify.replace(name, value)
        staging = "environments:\n  staging: {{hosts: [web9], vars: {{port: 1}}}}\n"
        written = playbook.replace("environments:\n", staging).replace(
            "production:\n", f"production:\n    url: {SHOP}\n"
        )
        self.small.write(written + notify)

    def run(self, *words: str, **more: str) -> Ran:
        return self.small.run(*words, cwd=None, **{**ENVIRON, **more})

    def live(self, *tags: str) -> None:
        """They are deployed and heard of, one after the other, whatever was there before: another test may have run."""
        there = self.small.lives()[0]
        for tag in tags[tags.index(there) + 1 :] if there in tags else tags:
            assert self.run("deploy", tag, "-y", "--force").code == 0
        for got in (self.hook.got, self.post.got):
            got.clear()

    def moments(self) -> list[str]:
        """Since this was last asked."""
        said = [one.json["moment"] for one in self.hook.got]
        self.hook.got.clear()
        return said


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    hub = Hub("/api/v3")
    with Small(tmp_path_factory.mktemp("told")) as small, web() as hook, web(hub) as github, mails() as post:
        world = Told(small, hook, hub, github, post)
        world.write()
        small.release("v4", "late")
        yield world


def is_genuine(got: Got, secret: bytes, seen: set[tuple[str, str]], later: float = 0.0) -> bool:
    """As the ready receiver says."""
    ready = runpy.run_path(str(Path(__file__).parents[2] / "playbooks/notify/receiver.py"))
    genuine: bool = ready["is_genuine"](got.headers, got.body, secret, seen, time.time() + later)
    return genuine


def test_a_bad_deploy_is_told_with_its_reason_to_each_in_their_way(told: Told) -> None:
    told.live("v1")
    done = told.run("deploy", "v3", "-y", "--force", CI="true", BUILD_URL="https://ci.example.com/7")
    assert (done.code, told.small.lives()) == (10, ["v1", "v1"]), done.err
    assert "told" not in done.err, "nothing went wrong"
    started, over = told.hook.got
    seen: set[tuple[str, str]] = set()
    assert [is_genuine(one, b"between-us-two", seen) for one in (started, over)] == [True, True]
    assert not is_genuine(over, b"between-us-two", seen), "it came already"
    assert not is_genuine(over, b"between-us-two", set(), later=3600)
    for forged in (
        replace(over, body=over.body + b" "),
        replace(over, headers={**over.headers, "x-rollback-timestamp": "1"}),
    ):
        assert not is_genuine(forged, b"between-us-two", set())
    assert not is_genuine(over, b"between-us-too", set())
    assert (started.json["moment"], over.json["moment"]) == ("started", "rolled_back")
    assert started.json["headline"].startswith("the deploy of v3 (")
    assert over.json["headline"] == "v3 is bad; v1 is back and verified"
    assert (over.json["release"]["tag"], over.json["fallback"]["tag"]) == ("v3", "v1")
    assert over.json["live"] == {"web1": "v1", "web2": "v1"}
    assert over.json["run"] == "https://ci.example.com/7"
    assert any("GET /login answered 500, expected 200" in line for line in over.json["details"])
    mail = told.post.until(1)[-1]
    assert mail["Subject"] == "tiny on production: v3 is bad; v1 is back and verified"
    assert "GET /login answered 500, expected 200" in mail.get_content()
    assert "next: rollback show " in mail.get_content()
    assert told.hub.states()[-1] == ("v3", ["in_progress", "failure"])
    last = told.hub.statuses[told.hub.deployments[-1]["id"]][-1]
    assert (last["environment_url"], last["log_url"]) == ("http://shop.example.com", "https://ci.example.com/7")
    assert last["description"] == "v3 is bad; v1 is back and verified"


def test_a_rollback_by_hand_is_told_from_its_beginning_and_what_was_live_is_inactive(told: Told) -> None:
    told.live("v1", "v2")
    assert told.run("--to", "v1", "-y", "--reason", "nobody can log in").code == 0
    assert [one.json["details"][0] for one in told.hook.got] == ["reason: nobody can log in"] * 2
    assert [one.json["headline"].partition(" (")[0] for one in told.hook.got] == [
        "a rollback to v1",
        "v1 is live and verified",
    ]
    assert told.moments() == ["started", "rolled_back"]
    assert told.hub.states()[-2:] == [
        ("v2", ["in_progress", "success", "inactive"]),
        ("v1", ["in_progress", "success"]),
    ]


def test_nobody_who_does_not_hear_holds_anything_up(told: Told) -> None:
    """The receiver answers only once the release is live: had anybody waited, it would never be."""
    told.live("v1")
    told.hook.gate.clear()

    def live() -> None:
        while told.small.lives() != ["v2", "v2"]:
            time.sleep(0.02)
        told.hook.gate.set()

    watching = threading.Thread(target=live, daemon=True)
    watching.start()
    done = told.run("deploy", "v2", "-y", "--force")
    watching.join(30)
    assert (done.code, told.moments()) == (0, ["started", "good"]), done.err
    assert "told" not in done.err, "it was heard in time, when it was live"


def test_what_could_not_be_told_is_a_line_after_the_outcome_and_changes_no_exit_code(told: Told) -> None:
    told.live("v1", "v2")
    told.hook.answers += [(403, {}, {"message": "who are you?"})] * 2
    told.github.answers += [(404, {}, {"message": "Not Found"})] * 2
    done = told.run("--to", "v1", "-y")
    assert done.code == 0, done.err
    missing = "127.0.0.1 answered 404 to POST /api/v3/repos/acme/shop/deployments: Not Found"
    after = done.err.rpartition("next  ")[2].splitlines()[1:]
    assert after == [
        "! the hub was not told (started): 127.0.0.1 answered 403 to POST /deploys: who are you?",
        "! the hub was not told (rolled_back): 127.0.0.1 answered 403 to POST /deploys: who are you?",
        f"! github was not told (started): {missing}",
        f"! github was not told (rolled_back): {missing}",
    ]
    told.moments()


def test_a_missing_secret_stops_nobody(told: Told) -> None:
    told.live("v1")
    without = {name: value for name, value in ENVIRON.items() if name != "HUB_SECRET"}
    done = told.small.run("freeze", "--reason", "we move", cwd=None, **without)
    assert done.code == 0
    assert "! the hub was not told (frozen): the playbook names ${HUB_SECRET}, which is not set" in done.err
    assert told.run("unfreeze", "--reason", "we moved").code == 0
    assert told.moments() == ["unfrozen"]


def test_a_trial_says_of_each_target_whether_it_was_told(told: Told) -> None:
    told.live("v1")
    looked = told.run("notify")
    assert (looked.code, told.hook.got) == (0, [])
    assert looked.out.splitlines() == [
        "✓ the hub: webhook, every moment",
        "✓ the mailing list: apprise, bad rolled_back stranded alert recovered",
        "✓ github: github, every moment",
    ]
    tried = told.run("notify", "--test", GITHUB_TOKEN="wrong")
    assert tried.code == 5, tried.err
    assert tried.out.splitlines() == [
        "✓ the hub was told by webhook",
        "✓ the mailing list was told by apprise",
        "✗ github was not told (test): 127.0.0.1 answered 401 to GET /api/v3/repos/acme/shop/deployments:"
        " Bad credentials",
    ]
    assert told.moments() == ["test"]
    assert told.run("notify", "--test", "--json").json["data"][2]["problem"] == ""


def test_the_long_watch_tells_each_change_once_and_a_gate_what_it_found(told: Told) -> None:
    broken = told.small.root("web1") / "shared/broken"
    told.live("v1", "v4")
    told.write(WATCHED.replace("duration: 6s", "duration: 1s"))
    watching = begun(told.small.folder, "watch", cwd=told.small.project, environ=told.small.environ(**ENVIRON))
    while "is good" not in watching.err:
        time.sleep(0.02)
    broken.touch()
    told.hook.until(1)
    shown = told.run("status")
    assert "\n✗ the watch: v4 (" in shown.out
    assert shown.err.endswith("next      rollback\n")
    broken.unlink()
    alert, good = told.hook.until(2)
    watching.send(signal.SIGTERM)
    assert watching.wait().code == 143
    assert alert.json["headline"].endswith("is bad: login: 1 failure > limit 0")
    assert good.json["headline"].endswith("is good again: every required check passed")
    assert "the watch" not in told.run("status").out
    assert told.moments() == ["alert", "recovered"]

    broken.touch()
    assert told.run("deploy", "v1", "-y").code == 3, "red before the deploy"
    started, over = told.hook.got
    assert (started.json["moment"], over.json["moment"]) == ("started", "abandoned")
    assert over.json["headline"].startswith("refused, nothing was changed: red before the deploy: login on web1")
    assert told.hub.states()[-1] == ("v1", ["in_progress", "inactive"])
    told.moments()
    assert told.run("gate").code == 10
    found = [one.json["headline"].partition(" (")[0] for one in told.hook.got]
    assert found[0] == "v4 is bad, and is rolled back: login: 1 failure > limit 0"
    assert (found[1].partition(" v")[0], told.moments()) == ("a rollback to", ["bad", "started", "rolled_back"])
    broken.unlink()
    told.write()
