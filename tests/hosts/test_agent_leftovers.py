"""What an operation that was cut off leaves on a host, and that its last word clears it away."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from pathlib import Path

from rollback.hosts.protocol import Answer
from tests.hosts.contract import NEW, OLD, Stage


def test_closing_ends_the_preparation_that_still_runs(stage: Stage, root: Path) -> None:
    stage.acquire()
    stage.stage(NEW)
    answers: list[Answer] = []
    preparing = threading.Thread(target=lambda: answers.append(stage.prepare(NEW, "sleep 60")))
    preparing.start()
    while not (root / ".rollback/preparing").is_file():
        time.sleep(0.01)
    assert stage.finish().status == "ok"
    preparing.join()
    assert [answer.status for answer in answers] == ["failed"]
    assert (stage.seen().lease, stage.seen().releases) == (None, ())


def test_closing_does_not_end_what_another_operation_prepares(stage: Stage, root: Path) -> None:
    stage.acquire()
    with subprocess.Popen(["sleep", "60"]) as other:
        (root / ".rollback/preparing").write_text(f"OP2 7 {other.pid}\n")
        stage.finish()
        assert other.poll() is None
        other.kill()


def test_what_never_became_complete_is_cleared_away(stage: Stage, root: Path) -> None:
    stage.acquire()
    stage.bring(OLD)
    stage.stage(NEW)
    assert stage.prepare(NEW, "exit 3").status == "failed"
    for name in ("incoming/OP0", "trash/x", "sealing"):
        (root / ".rollback" / name).mkdir(parents=True)
    assert stage.finish().status == "ok"
    assert [path.name for path in (root / "releases").iterdir()] == [OLD.id]
    assert sorted(path.name for path in (root / ".rollback").iterdir()) == [
        *("answer", "ballast", "busy", "complete", "journal", "mutex", "next", "staged", "token")
    ]


def test_a_folder_that_is_not_ours_stays(stage: Stage, root: Path) -> None:
    (root / "releases/20260101").mkdir(parents=True)
    stage.acquire()
    stage.finish()
    assert (root / "releases/20260101").is_dir()


def test_a_complete_release_whose_folder_was_deleted_is_brought_again(stage: Stage, root: Path) -> None:
    stage.acquire()
    stage.bring(OLD, NEW)
    subprocess.run(["chmod", "-R", "u+w", str(root / "releases" / NEW.id)], check=True)
    shutil.rmtree(root / "releases" / NEW.id)
    assert stage.seen().releases == (OLD,)
    assert stage.stage(NEW).status == "ok"
    assert (stage.seen().releases, stage.seen().partial) == ((OLD,), (NEW.id,))
    assert stage.activate(NEW, None).status == "incomplete"
    assert stage.prepare(NEW).status == "ok"
    assert stage.activate(NEW, None).status == "ok"


def test_who_comes_to_help_a_stranded_host_takes_its_lease_at_once(stage: Stage) -> None:
    stage.acquire()
    stage.finish(keep="stranded")
    lease = stage.seen().lease
    assert lease is not None
    assert (lease.operation, lease.live, lease.phase) == ("OP1", False, "stranded")
    assert stage.acquire("OP2").first("taken") == "OP1 ada@laptop stale"
