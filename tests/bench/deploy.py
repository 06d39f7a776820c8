"""How long a deploy takes and what it sends, beside rsync and `git archive | ssh tar x`, on real sshd on loopback.

`python -m tests.bench.deploy [--hosts 10] [--runs 5]`: 2,000 files, 20 MB; v2 changes 1 % of the files of v1. All ways
are run in turn, from the same state. `rollback` is the whole command: start, plan, lease, preflight, upload, manifest
check, seal, switch, restart, verification, journal; its upload, what the others do, is also shown alone. The network is
one of our own, so that its counters count nothing else.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from rollback.demo.sshd import start

FILES, SIZE = 2_000, 20_000_000
PLAYBOOK = """
app: bench
repository: ..
root: {root}/{{{{host.name}}}}
ssh: {{config: {config}}}
restart: "true"
environments:
  production: {{hosts: [{hosts}], verify: {{gate: {{min_healthy_time: 0s, interval: 100ms}}}}}}
checks: [{{name: live, command: test -f REVISION, expect: {{exit_status: 0}}}}]
"""


Figures = tuple[float, int]  # seconds, bytes sent


def now() -> Figures:
    return time.perf_counter(), _sent()


def since(began: Figures, ended: Figures) -> Figures:
    return ended[0] - began[0], ended[1] - began[1]


class Bench:
    """The hosts, each a folder of its own behind an sshd of its own."""

    def __init__(self, folder: Path, count: int, stack: ExitStack) -> None:
        self.folder, self.project = folder, folder / "project"
        self.names = [f"web{number}" for number in range(1, count + 1)]
        for number, name in enumerate(self.names, start=11):
            stack.enter_context(start(folder / "ssh", name, f"127.0.1.{number}"))
        _make_releases(self.project)
        (self.project / "playbooks").mkdir()
        text = PLAYBOOK.format(root=folder / "fs", config=folder / "ssh/ssh_config", hosts=", ".join(self.names))
        (self.project / "playbooks/bench.yml").write_text(text)
        for tag in ("v1", "v2"):
            (folder / tag).mkdir()
            self.shell(f"git archive {tag} | tar x -C {folder / tag}")

    def shell(self, command: str) -> dict[str, Figures]:
        """In the project's folder; its user has a home of the bench's own. When each of its lines began, by the word
        after the time of day."""
        keep = {key: value for key, value in os.environ.items() if not key.startswith(("XDG_", "ROLLBACK_"))}
        environ = {**keep, "HOME": str(self.folder / "home"), "GIT_CONFIG_GLOBAL": os.devnull}
        pipe, said, seen = subprocess.PIPE, [], dict[str, Figures]()
        with subprocess.Popen(
            command, shell=True, cwd=self.project, env=environ, stdout=pipe, stderr=subprocess.STDOUT, text=True
        ) as running:
            assert running.stdout is not None
            for line in running.stdout:
                said.append(line)
                seen.setdefault((line.split() * 2)[1], now()) if line.strip() else None
        if running.returncode:
            raise SystemExit(f"{command}: {''.join(said)}")
        return seen

    def deploy(self, tag: str) -> Figures:
        """What its upload took: from the line that says that it begins to that of the first switch."""
        seen = self.shell(f"{sys.executable} -m rollback deploy {tag} --yes")
        return since(seen["upload"], seen["activate"])

    def on_each(self, command: str) -> None:
        """{} is the host's name. All at once."""
        self.shell(f"printf '%s\\n' {' '.join(self.names)} | xargs -P {len(self.names)} -I{{}} sh -c '{command}'")

    def rsync(self) -> None:
        way = f'rsync -rlpc -e "ssh -F {self.folder}/ssh/ssh_config" --link-dest=../v1/ {self.folder}/v2/'
        self.on_each(f"{way} {{}}:{self.folder}/fs/{{}}/releases/v2/")

    def archive(self, *pipe: str) -> None:
        packed, unpacked = pipe or ("cat", "cat")
        ssh = f"ssh -F {self.folder}/ssh/ssh_config {{}}"
        to = f"{self.folder}/fs/{{}}/releases/v1"
        self.on_each(f'git archive v1 | {packed} | {ssh} "mkdir -p {to} && {unpacked} | tar x -C {to}"')

    def put(self, state: Path | None, *, home: bool) -> None:
        """The hosts as they were in that state; None: empty. home: what this machine remembered then, too."""
        for name in ("fs", *(["home"] if home else [])):
            shutil.rmtree(self.folder / name, ignore_errors=True)
            if state is not None:
                subprocess.run(["cp", "-a", state / name, self.folder / name], check=True)
        for name in ("home", *(f"fs/{host}" for host in self.names)):
            (self.folder / name).mkdir(parents=True, exist_ok=True)

    def keep(self, state: str) -> Path:
        for name in ("fs", "home"):
            shutil.copytree(self.folder / name, self.folder / state / name, symlinks=True)
        return self.folder / state


def _make_releases(project: Path) -> None:
    """Deterministic; two fifths of the files are incompressible."""
    rng = random.Random(1)
    weights = [rng.lognormvariate(0, 1.2) for _ in range(FILES)]
    paths = [project / f"pkg{n % 40:02}/mod{n % 5}/file{n:04}.{'bin' if n % 5 < 2 else 'py'}" for n in range(FILES)]
    for path, weight in zip(paths, weights, strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_content(rng, max(64, int(weight * SIZE / sum(weights))), path.suffix))
    git = ["git", "-C", str(project), "-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    subprocess.run(["git", "init", "-q", project], check=True)
    for tag in ("v1", "v2"):
        subprocess.run([*git, "add", "."], check=True)
        subprocess.run([*git, "commit", "-q", "-m", tag], check=True)
        subprocess.run([*git, "tag", tag], check=True)
        for path in rng.sample(paths, FILES // 100):
            path.write_bytes(_content(rng, path.stat().st_size, path.suffix))


def _content(rng: random.Random, size: int, suffix: str) -> bytes:
    if suffix == ".bin":
        return rng.randbytes(size)
    words = [rng.randbytes(rng.randint(1, 4)).hex().encode() for _ in range(400)]
    return b" ".join(rng.choices(words, k=size // 3 + 2))[:size]


def _sent() -> int:
    """Bytes over the loopback so far, TCP's and IP's headers among them."""
    (line,) = (one for one in Path("/proc/self/net/dev").read_text().splitlines() if one.strip().startswith("lo:"))
    return int(line.partition(":")[2].split()[0])


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--hosts", type=int, default=10)
    options.add_argument("--runs", type=int, default=5)
    asked = options.parse_args()
    if not shutil.which("rsync"):
        options.error("it needs rsync, which is not here: apt-get install rsync")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, ExitStack() as stack:
        bench = Bench(Path(folder), asked.hosts, stack)
        bench.put(None, home=True)
        bench.deploy("v1")
        there = bench.keep("there")
        bench.put(None, home=False)
        bench.archive()
        plain = bench.keep("plain")
        ways: dict[str, tuple[Path | None, bool, Callable[[], Figures | None]]] = {
            "first deploy: git archive | ssh tar x": (None, False, bench.archive),
            "first deploy: the same, zstd": (None, False, lambda: bench.archive("zstd -3", "zstd -d")),
            "first deploy: rollback": (None, True, lambda: bench.deploy("v1")),
            "1 % changed: rsync --link-dest": (plain, False, bench.rsync),
            "1 % changed: rollback": (there, True, lambda: bench.deploy("v2")),
        }
        if not shutil.which("zstd"):
            del ways["first deploy: the same, zstd"]
        took: dict[str, list[Figures]] = {}
        for _ in range(asked.runs):
            for name, (state, home, way) in ways.items():
                bench.put(state, home=home)
                began = now()
                upload = way()
                took.setdefault(name, []).append(since(began, now()))
                if upload:
                    took.setdefault(f"{name}, its upload", []).append(upload)
                print(name, *took[name][-1], *(upload or ()), file=sys.stderr, flush=True)
    print(f"{asked.hosts} hosts, median of {asked.runs} (least, most)\n")
    print("| way | s | MB on the wire |\n| --- | --- | --- |")
    for name, runs in took.items():
        seconds, sent = ([run[part] for run in runs] for part in (0, 1))
        wall = f"{statistics.median(seconds):.2f} ({min(seconds):.2f}, {max(seconds):.2f})"
        print(f"| {name} | {wall} | {statistics.median(sent) / 1e6:.2f} |")


if __name__ == "__main__":
    if os.environ.get("OUR_NETWORK") != "yes":
        run = 'ip link set lo up && exec "$@"'
        words = [sys.executable, "-m", "tests.bench.deploy", *sys.argv[1:]]
        os.environ["OUR_NETWORK"] = "yes"
        os.execvp("unshare", ["unshare", "-n", "sh", "-c", run, "sh", *words])
    main()
