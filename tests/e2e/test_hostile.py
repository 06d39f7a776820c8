"""Everything that comes from outside is hostile here: tags, commits, paths, variables, hosts and apps.

Whatever the command, no control byte of theirs and no secret comes out: not on the terminal, not in a pipe, not in
JSON, not in a record.
"""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from rollback.ledger import codec
from rollback.ledger.ids import ulid
from rollback.text import clean
from tests.cli.command import Ran
from tests.e2e.small import Small

EVIL = "\x1b[2J\x1b]0;owned\x07\u202e\u2028\x9b31m\r\x7f[red]"
RAW = "\udcff\udc80"  # bytes that are no UTF-8
SECRETS = {"DEPLOY_TOKEN": "open\tsesame 41", "SMOKE_PASSWORD": 'it"s <barley>'}
TAG = "v4/$(id);'\u202e\u2028" + RAW
TERMINALS_OWN = re.compile(r"\x1b\[[\d;]*m|\x1b\[\?25[lh]|\x1b\[\d*A|\x1b\[2K|\r(?=\n|\x1b|$)|\r\n")

APP = """
import http.server, pathlib, sys, urllib.parse
here = pathlib.Path(__file__).resolve().parent
bad = (here / "behaviour").read_text().strip() == "bad"
evil = "EVIL".encode("unicode_escape").decode("ascii").encode().decode("unicode_escape").encode("utf-8", "ignore")
class App(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        said = urllib.parse.unquote_plus(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.answer(500 if bad else 200, b"got " + said.encode() + evil + b"\\xff\\0" + b"A" * 100_000)
    def do_GET(self):
        self.answer(200, b"fine")
    def answer(self, status, body):
        self.send_response(status, "So" + chr(27) + "[2J")
        self.send_header("X-Release", (chr(27) + "[31m") if bad else here.name)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
http.server.ThreadingHTTPServer.allow_reuse_address = True
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), App).serve_forever()
"""
PLAYBOOK = """
app: tiny
repository: ..
root: {root}/{{{{host.name}}}}/srv/tiny
ssh: {{config: {config}, connect_timeout: 5s}}
prepare:
  - sh prepare.sh
restart: |
  sh restart.sh; status=$?
  cat /proc/[0-9]*/cmdline >>"$ROLLBACK_ROOT/../../../arguments"
  echo "token ${{DEPLOY_TOKEN}}"; printf "\\033[2J\\342\\200\\256\\377\\0"
  exit $status
environments:
  production:
    hosts: {hosts}
    verify:
      gate: {{min_healthy_time: 100ms, healthy_deadline: 2s, interval: 100ms}}
checks:
  - name: login
    via: host
    port: "{{{{host.vars.port}}}}"
    flow:
      - request: {{post: /login, form: {{password: "${{SMOKE_PASSWORD}}"}}}}
        expect: {{status: 200, header: {{X-Release: "{{{{release.id}}}}"}}}}
    timeout: 2s
"""


def hidden(text: str) -> str:
    """What of a text could do something to a terminal."""
    return "".join(char for char in text if char != "\n" and not char.isprintable())


class Hostile(Small):
    """A small world whose every name and answer is hostile, and a folder for the operator with such a name."""

    terminal = ""

    def __enter__(self) -> Hostile:
        super().__enter__()
        self.write(PLAYBOOK)
        (self.project / "app.py").write_text(APP.replace("EVIL", EVIL.encode("unicode_escape").decode()))
        for tag, behaviour in (("v1", "good"), ("v2", "good"), (TAG, "bad"), ("v5", "fail-restart")):
            self.evil_release(tag, behaviour)
        self.place = self.folder / f"project {EVIL}{RAW}"
        shutil.copytree(self.project, self.place, symlinks=True)
        return self

    def evil_release(self, tag: str, behaviour: str) -> None:
        (self.project / "behaviour").write_text(behaviour)
        (self.project / "tag").write_text(tag.encode("utf-8", "surrogateescape").hex())
        self.git("add", ".")
        author = ["-c", f"user.name=Ada {EVIL.replace(chr(10), '')}"]
        self.git(*author, "commit", "-q", "-m", f"Release {EVIL}{RAW} https://ada:hunter2@git.example/x")
        self.git("tag", "-f", tag)

    def environ(self, **more: str) -> dict[str, str]:
        ci = {"GITHUB_ACTIONS": "true", "GITHUB_ACTOR": f"ada{EVIL}{RAW}", "GITHUB_RUN_ID": EVIL}
        server = {"GITHUB_SERVER_URL": "https://ada:hunter2@ci.example", "GITHUB_REPOSITORY": f"shop{EVIL}"}
        return super().environ(**ci, **server, **SECRETS, TMPDIR=str(self.folder / "tmp"), **more)

    def said(self, *words: str, **more: str) -> Ran:
        """Run, and nothing hidden or secret was said."""
        (self.folder / "tmp").mkdir(exist_ok=True)
        ran = self.run(*words, cwd=self.place, **more)
        harmless(ran.out + ran.err)
        return ran


def harmless(text: str) -> None:
    assert hidden(text) == ""
    for secret in (*SECRETS.values(), "hunter2", "sesame", "barley"):
        assert secret not in text
    assert "Traceback (most recent" not in text


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hostile]:
    before = os.umask(0)
    with Hostile(tmp_path_factory.mktemp("hostile")) as made:
        for tag in ("v1", "v2"):
            done = made.said("deploy", tag, "-y", "-v")
            assert done.code == 0, done.err
        bad = made.said("deploy", TAG, "-y", "-v")
        assert bad.code == 10, bad.err
        assert "login on web1" in bad.err
        made.terminal = in_a_terminal(made, "deploy", "v5", "-y", "-v")
        for host in made.hosts:
            haunt(made.root(host) / ".rollback")
        yield made
    os.umask(before)


def in_a_terminal(world: Hostile, *words: str) -> str:
    """What a person sees of a deploy that is undone."""
    environ = {**world.environ(), "TERM": "xterm-256color"}
    environ.pop("GITHUB_ACTIONS")
    command = [sys.executable, "-m", "rollback", *words]
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command, cwd=world.place, env=environ, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    said = b""
    with suppress(OSError):  # when the other side is closed
        while some := os.read(ours, 65536):
            said += some
    os.close(ours)
    assert process.wait() == 10
    return said.decode()


def haunt(state: Path) -> None:
    """What a host may hold after somebody else was there."""
    holder = "".join(f"%{byte:02X}" for byte in EVIL.encode())
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    now = int(float(Path("/proc/uptime").read_text().split()[0]))
    (state / "lease").write_text(f"01OPERATION 7 {boot} {now + 3600} {now} phase {holder}\n")
    (state / "previous").write_bytes(b"\x1b[2J\xff\n")
    lines = [path.read_bytes() for path in (state / "journal").iterdir()]
    for number, line in enumerate(line for many in lines for line in many.splitlines()[:2]):
        named = json.loads(line)
        named.update(id=ulid(), operation=ulid(), author=f"mallory {EVIL}")
        if "why" in named["body"]:
            named["body"]["why"] = EVIL
        (state / "journal" / f"{ulid()}.jsonl").write_bytes(b"\x1b[2J\xff\0\n" + json.dumps(named).encode() + b"\n")
        assert number < 20
    (state.parent / "releases" / f"odd {EVIL}").mkdir()


COMMANDS = [
    ["status"],
    ["releases"],
    ["history"],
    ["show"],
    ["check"],
    ["-y"],
    ["unlock"],
    ["deploy", TAG, "-n"],
    ["deploy", f"v9{EVIL}{RAW}", "-n"],
    ["deploy", f"v9{'x' * 100_000}", "-n"],
    ["mark", "bad", TAG, "--reason", f"{EVIL}{RAW} token=hunter2"],
    ["show", f"01{EVIL}{RAW}"],
    ["status", "-e", EVIL + RAW],
    ["status", "--hosts", EVIL + RAW],
    ["status", "-p", EVIL + RAW],
    [f"stat{EVIL}{RAW}"],
    [f"--{EVIL}"],
    ["init", "--host", f"web{EVIL}"],
]


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0] + str(len(str(words))))
def test_no_command_says_anything_hidden_or_secret(world: Hostile, words: list[str]) -> None:
    assert world.said(*words).code in {0, 2, 3, 4, 5}
    told = world.said(*words, "--json").json
    assert (hidden(told["message"]), hidden(told["hint"])) == ("", "")
    harmless(json.dumps(told["data"]))


def test_who_holds_a_lease_is_shown_without_being_obeyed(world: Hostile) -> None:
    assert "held by \\x1b[2J\\x1b]0;owned\\x07\\u202e\\u2028" in world.said("-y").err


def test_what_the_libraries_log_is_no_exception(world: Hostile) -> None:
    assert "paramiko.transport: " in world.said("verify", ROLLBACK_DEBUG="1").err


def test_in_a_terminal_only_our_own_colours_and_movements_come_out(world: Hostile) -> None:
    assert "\x1b[" in world.terminal
    assert "token [DEPLOY_TOKEN]" in world.terminal
    harmless(TERMINALS_OWN.sub("", world.terminal))


def strings(value: object, key: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        yield from (found for name, one in value.items() for found in strings(one, name))
    elif isinstance(value, list):
        yield from (found for one in value for found in strings(one, key))
    elif isinstance(value, str):
        yield key, value


def test_what_is_recorded_is_as_clean(world: Hostile) -> None:
    """On the hosts, too; but for a release's tag, which stays as it is."""
    own = [path for host in world.hosts for path in (world.root(host) / ".rollback/journal").glob("*.jsonl")]
    lines = [line for path in own for line in path.read_bytes().splitlines() if b"mallory" not in line]
    entries, _ = codec.from_lines(b"\n".join(lines))
    found = [pair for one in entries for pair in (("author", one.author), *strings(json.loads(one.body)))]
    assert len(found) > 100
    assert [text for key, text in found if key != "tag" and clean(text, 1 << 20) != text] == []


def test_no_secret_is_left_in_any_file_or_argument_list(world: Hostile) -> None:
    places = [world.folder / "home", world.folder / "tmp", *(world.root(host) / ".rollback" for host in world.hosts)]
    files = [path for place in places for path in place.rglob("*") if path.is_file()]
    arguments = world.folder / "fs" / "arguments"
    assert len(files) > 10
    assert b"restart.sh" in arguments.read_bytes()
    secrets = [secret.encode() for secret in (*SECRETS.values(), "hunter2")]
    assert [path for path in (*files, arguments) for secret in secrets if secret in path.read_bytes()] == []


def test_what_is_kept_on_our_machine_is_ours_alone(world: Hostile) -> None:
    """The umask would open it to everybody."""
    tops = [path for name in (".local", ".local/share", ".cache") for path in (world.folder / "home" / name).iterdir()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in tops if path.is_dir()} == {0o700}
    state = [path for path in (world.folder / "home/.local").rglob("*") if path.is_file()]
    assert state
    assert {stat.S_IMODE(path.stat().st_mode) for path in state} == {0o600}
