"""A rollback where much is broken on the operator's machine: it works, and says what it could not record.

Afterwards a healthy machine, which learns from the hosts, shows the operation in its history.
"""

from __future__ import annotations

import os
import pty
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.cli.command import Ran
from tests.e2e.small import Small
from tests.e2e.test_trouble import let_go, slow, until


@pytest.fixture
def ready(small: Small) -> Small:
    """v2 is live, and v1 is what a rollback goes back to."""
    small.deployed("v1", "v2")
    return small


def went_back(small: Small, done: Ran, *said: str) -> None:
    """To v1, everywhere; each of these stands in one line of what it said."""
    assert (done.code, small.lives()) == (0, ["v1", "v1"]), done.err
    for part in said:
        assert len([line for line in done.err.splitlines() if part in line]) == 1, (part, done.err)
    assert "Traceback" not in done.err + done.out
    remembered(small)


def remembered(small: Small) -> None:
    """On a machine that has never seen this environment."""
    fresh = small.folder / "fresh"
    fresh.mkdir(exist_ok=True)
    history = small.run("history", "--json", HOME=str(fresh))
    newest = history.json["data"][0]
    assert (newest["what"], newest["outcome"]) == ("rollback v1", "done"), history.err


def database(small: Small) -> Path:
    (path,) = (small.folder / "home/.local/share/rollback").glob("*.sqlite3")
    return path


WAITS = "records wait in"


# The ledger


@contextmanager
def corrupt(path: Path) -> Iterator[None]:
    path.write_bytes(b"this is no database\n" * 500)
    yield


@contextmanager
def a_directory(path: Path) -> Iterator[None]:
    for one in path.parent.glob(f"{path.name}*"):
        one.unlink()
    path.mkdir()
    yield
    path.rmdir()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """By another process's transaction, which does not end."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    yield
    other.close()


@contextmanager
def on_a_full_disk(path: Path) -> Iterator[None]:
    folder = path.parent
    aside = folder.with_name("aside")
    folder.rename(aside)
    folder.mkdir()
    with mounted(folder, "size=64k"):
        (folder / "filler").write_bytes(b"x" * 65536)
        yield
    shutil.rmtree(folder)
    aside.rename(folder)


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "test", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """For root, too, whom no mode keeps out: what was there stays to be read."""
    if os.getuid() != 0:
        folder.chmod(0o555)
        yield
        folder.chmod(0o755)
        return
    subprocess.run(["mount", "--bind", "-o", "ro", str(folder), str(folder)], check=True)
    subprocess.run(["mount", "-o", "remount,bind,ro", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("broken", [corrupt, a_directory, locked, on_a_full_disk])
def test_a_ledger_that_can_not_be_used(ready: Small, broken: Callable[[Path], object]) -> None:
    if broken is on_a_full_disk and os.getuid() != 0:
        pytest.skip("only root may mount a small disk")
    with broken(database(ready)):  # type: ignore[attr-defined]
        done = ready.fresh("-y")
    went_back(ready, done, WAITS)


def test_what_waits_is_added_once_the_ledger_is_back(ready: Small) -> None:
    with locked(database(ready)):
        assert ready.fresh("-y").code == 0
    waiting = ready.folder / "home/.local/state/rollback/waiting"
    assert len(list(waiting.iterdir())) == 1
    assert ready.run("history", "--json").json["data"][0]["what"] == "rollback v1"
    assert list(waiting.iterdir()) == []


def test_a_ledger_that_is_nowhere(ready: Small) -> None:
    went_back(ready, ready.fresh("-y", ROLLBACK_LEDGER="sqlite:////proc/nowhere/ledger.sqlite3"), WAITS)


# The operator's machine


def test_a_home_folder_that_is_read_only(ready: Small) -> None:
    with read_only(ready.folder / "home"):
        done = ready.fresh("-y")
    went_back(ready, done, "this machine keeps no record, the hosts' journals do")


def test_no_home_folder_at_all(ready: Small) -> None:
    went_back(ready, ready.fresh("-y", HOME="/proc/nowhere"), "this machine keeps no record, the hosts' journals do")


def test_home_is_not_set(ready: Small, tmp_path: Path) -> None:
    """As under cron or a systemd unit; the passwd file says where it is then."""
    environment = {key: value for key, value in ready.environ().items() if key != "HOME"}
    state = {"XDG_STATE_HOME": str(tmp_path / "state"), "XDG_DATA_HOME": str(tmp_path / "data")}
    went_back(ready, run(ready, "-y", environment={**environment, **state}))


def test_no_folder_for_temporary_files(ready: Small) -> None:
    with read_only(ready.folder / "home"):
        done = ready.fresh("-y", TMPDIR="/nonexistent")
    went_back(ready, done)


def test_a_cache_that_can_not_be_written(ready: Small) -> None:
    ready.release("v4")
    done = ready.fresh("deploy", "v4", "-y", XDG_CACHE_HOME="/proc/nowhere")
    assert (done.code, ready.lives()) == (0, ["v4", "v4"]), done.err


def test_standard_input_that_is_closed(ready: Small) -> None:
    went_back(ready, run(ready, "-y", before="exec 0<&-;"))


def test_standard_error_that_is_closed(ready: Small) -> None:
    went_back(ready, run(ready, "-y", before="exec 2>&-;"))


@pytest.mark.skipif(os.getuid() != 0, reason="only root may become another user")
def test_a_user_without_a_name() -> None:
    """As in a CI container that runs as a number; HOME is somebody else's then, too."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder, Small(Path(folder)) as small:
        small.deployed("v1", "v2")
        ssh, nobody = small.folder / "ssh", 48213
        for path in (small.folder, ssh, ssh / "ssh_config", ssh / "known_hosts"):
            path.chmod(path.stat().st_mode | 0o055)
        os.chown(ssh / "client_key", nobody, nobody)
        environment = {key: value for key, value in small.environ().items() if key not in {"USER", "LOGNAME"}}
        become = f"exec setpriv --reuid {nobody} --regid {nobody} --clear-groups"
        done = run(small, "-y", before=become, environment=environment)
        os.chown(ssh / "client_key", 0, 0)
        went_back(small, done, "this machine keeps no record, the hosts' journals do")


def run(small: Small, *words: str, before: str = "", environment: dict[str, str] | None = None) -> Ran:
    """Through a shell that sees to something first."""
    command = f'{before} exec "$@"' if before.endswith(";") else f'{before or "exec"} "$@"'
    done = subprocess.run(
        ["sh", "-c", command, "sh", sys.executable, "-m", "rollback", *words],
        cwd=small.project,
        env=environment or small.environ(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


# Git


def only_the_playbook(small: Small) -> Path:
    elsewhere = small.folder / "elsewhere"
    shutil.copytree(small.project / "playbooks", elsewhere / "playbooks")
    return elsewhere


def test_a_folder_that_holds_only_the_playbook(ready: Small) -> None:
    elsewhere = only_the_playbook(ready)
    shutil.rmtree(ready.project / ".git")
    done = ready.fresh("-y", cwd=elsewhere)
    ready.git("init", "-q")
    went_back(ready, done)


def test_a_repository_that_does_not_exist(ready: Small) -> None:
    playbook = ready.project / "playbooks/tiny.yml"
    playbook.write_text(playbook.read_text().replace("repository: ..", "repository: /nonexistent/tiny"))
    went_back(ready, ready.fresh("-y"))


def test_no_git_program(ready: Small, tmp_path: Path) -> None:
    ssh = tmp_path / "bin"
    ssh.mkdir()
    (ssh / "ssh").symlink_to(shutil.which("ssh") or "ssh")
    went_back(ready, ready.fresh("-y", PATH=str(ssh)))


def test_a_shallow_clone(ready: Small) -> None:
    clone = ready.folder / "clone"
    ready.git("clone", "-q", "--depth", "1", f"file://{ready.project}", str(clone))
    shutil.copytree(ready.project / "playbooks", clone / "playbooks")
    went_back(ready, ready.fresh("-y", cwd=clone))


def test_a_release_that_no_host_and_no_repository_has_is_refused_in_a_sentence(ready: Small) -> None:
    shutil.rmtree(ready.project / ".git")
    refused = ready.run("--to", "v9", "-y")
    assert (refused.code, ready.lives()) == (3, ["v2", "v2"])
    assert "releases on the hosts: v1, v2" in refused.err


# Names


def test_no_name_service_but_addresses_in_the_ssh_config(ready: Small) -> None:
    """Every look-up waits in vain for a server that does not answer."""
    if os.getuid() != 0:
        pytest.skip("only root may give a process a resolv.conf of its own")
    silent = ready.folder / "resolv.conf"
    silent.write_text("nameserver 192.0.2.1\noptions timeout:30\n")
    before = f"exec unshare --mount sh -c 'mount --bind {silent} /etc/resolv.conf && exec \"$@\"' sh"
    went_back(ready, run(ready, "-y", before=before))


# A terminal that goes away


@pytest.fixture
def slow_ready(small: Small) -> Small:
    """v5 is live and v4 the way back, and a restart waits until it is let go."""
    let_go(small)
    for tag in ("v4", "v5"):
        slow(small, "restart.sh", tag)
        assert small.run("deploy", tag, "-y").code == 0
    for host in small.hosts:
        for name in ("go", "slow"):
            (small.root(host) / "shared" / name).unlink()
    return small


def finished(small: Small) -> None:
    assert small.lives() == ["v4", "v4"]
    newest = small.run("history", "--json").json["data"][0]
    assert (newest["what"], newest["outcome"]) == ("rollback v4", "done")


def test_a_reader_of_the_output_that_goes_away(slow_ready: Small) -> None:
    with slow_ready.started("-y") as process:
        until((slow_ready.root("web1") / "shared/slow").exists)
        for stream in (process.stdout, process.stderr):
            assert stream is not None
            stream.close()
        let_go(slow_ready)
        assert process.wait(timeout=60) == 141
    finished(slow_ready)


def test_a_terminal_that_goes_away(slow_ready: Small) -> None:
    """Its process gets SIGHUP, and can write to nobody any more."""
    person, terminal = pty.openpty()
    process = subprocess.Popen(
        ["setsid", "--ctty", sys.executable, "-m", "rollback", "-y"],
        cwd=slow_ready.project,
        env=slow_ready.environ(TERM="xterm"),
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    until((slow_ready.root("web1") / "shared/slow").exists)
    os.close(person)
    let_go(slow_ready)
    process.wait(timeout=60)
    finished(slow_ready)
