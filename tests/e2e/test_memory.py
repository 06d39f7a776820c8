"""What is remembered and asked for afterwards: on real hosts, an incident, its notes, its report, and the history."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.e2e.small import PLAYBOOK, Small


def test_an_incident_is_remembered_and_told(small: Small) -> None:
    small.write("timezone: Asia/Kolkata\n" + PLAYBOOK.lstrip())
    small.git("add", "playbooks")
    for tag, code in (("v1", 0), ("v2", 0), ("v3", 10)):
        assert small.run("deploy", tag, "-y").code == code
    began = datetime.now(UTC)
    _notes(small, began)
    _report(small)
    _history(small)
    _releases(small)
    _difference(small)


def _notes(small: Small, began: datetime) -> None:
    noted = small.run("note", "people <b>ring</b>", "--json")
    assert noted.json["data"]["incident"], noted.err
    assert datetime.fromisoformat(noted.json["data"]["at"]) >= began
    for time, why in (("quarter to ten", "is no time like"), ("2999-01-01", "is still to come"), ("99d", "30 days")):
        refused = small.run("note", "too late", "--at", time)
        assert (refused.code, why in refused.err) == (2, True), refused.err
    assert small.run("note", " ").code == 2


def _report(small: Small) -> None:
    told = small.run("postmortem")
    assert told.code == 0, told.err
    for said in (
        "v3 failed the check login and was taken back: v2 was live and verified",
        "| UTC | Asia/Kolkata | what happened |",
        "people \\<b>ring\\</b> (noted by",
        "| login | web1 |  | GET /login answered 500 | 200 |",
        "Release v3 (Ada)",
        "Files: behaviour, tag.",
        "Live when it ended: v2 on web1 web2.",
    ):
        assert said in told.out
    assert "too late" not in told.out
    assert small.run("postmortem").out == told.out
    page = small.run("postmortem", "last", "--html")
    assert (page.code, page.out.startswith("<!DOCTYPE html>"), "<svg" in page.out) == (0, True, True)
    assert small.run("postmortem", "--svg").out.startswith("<svg ")
    assert small.run("postmortem", "--svg", "--html").code == 2


def _history(small: Small) -> None:
    found = small.run("history", "--outcome", "rolled-back", "--tag", "v3", "--since", "1h", "--json").json["data"]
    assert [(row["what"], row["environment"]) for row in found] == [("deploy v3", "production")]
    assert small.run("history", "--author", "nobody").out == "no operation is like that\n"
    assert small.run("history", "--outcome", "splendid").code == 2


def _releases(small: Small) -> None:
    rows = small.run("releases", "--json").json["data"]
    assert {row["release"]["tag"]: row["verdict"] for row in rows} == {"v1": "good", "v2": "good", "v3": "bad"}
    assert all(row["size"] > 4096 for row in rows)


def _difference(small: Small) -> None:
    small.write("keep: 7\n" + PLAYBOOK.lstrip())
    small.git("add", "playbooks")
    small.release("v4")
    told = small.run("diff", "v3", "v4")
    assert (told.code, told.err) == (0, "  next      rollback releases\n")
    assert "v4 (" in told.out
    assert "keep: nothing → 7" in told.out
    back = small.run("diff", "v4", "v1")
    assert "0 commits and 2 files; it lacks 3 commits of v4" in back.out
    (small.project / ".git").rename(small.folder / "git")
    gone = small.run("diff", "v3", "v4")
    assert (gone.code, "there is no git repository around" in gone.err) == (3, True)
    assert "git could not tell here" in small.run("postmortem").out
