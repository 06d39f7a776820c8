"""What `rollback` rolls back in the benchmark: a repository with three releases, and a playbook for so many hosts."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.bench.app import FIRST

TOP = Path(__file__).parents[2]
TAGS = ("v1.0.2", "v1.0.3", "v1.0.4")
OLD, NEW = TAGS[-2:]
_FILES = 8
_PLAYBOOK = """\
app: bench
repository: ..
root: /srv/app
ssh: {{config: {config}, connect_timeout: 30s}}
restart: cp -T REVISION /srv/app/shared/running
environments:
  production:
    hosts: [{hosts}]
    rollout: {{canary: 0, batch: 100%}}
    verify: {{gate: {{min_healthy_time: 0s, healthy_deadline: 30s, interval: 100ms}}}}
checks:
  - name: the right release
    http: {{path: /, port: "{{{{host.vars.port}}}}"}}
    expect: {{status: 200, header: {{X-Release: "{{{{release.tag}}}}"}}}}
"""


@dataclass(frozen=True)
class Project:
    """home: of the operator; the checkout and all that `rollback` remembers are in it."""

    home: Path
    ssh_config: Path

    @property
    def checkout(self) -> Path:
        return self.home / "bench"

    def make(self) -> None:
        self.checkout.mkdir(parents=True)
        self._git("init", "-q", "-b", "main")
        for tag in TAGS:
            for number in range(_FILES):
                (self.checkout / f"file{number:02}.txt").write_text(f"{tag} {number}\n" * 50)
            self._git("add", ".")
            self._git("commit", "-q", "-m", tag)
            self._git("tag", tag)

    def write_playbook(self, names: tuple[str, ...]) -> None:
        hosts = ", ".join(f'{{name: {name}, vars: {{port: "{FIRST + int(name[1:])}"}}}}' for name in names)
        path = self.checkout / "playbooks/bench.yml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(_PLAYBOOK.format(config=self.ssh_config, hosts=hosts))

    def deploy(self, tag: str) -> None:
        """To its end; it becomes known good by the checks, as anywhere."""
        command = [sys.executable, "-m", "rollback", "deploy", tag, "-y"]
        done = subprocess.run(
            command, cwd=self.checkout, env=self.environ(), capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"deploy {tag} ended with {done.returncode}:\n{done.stdout}{done.stderr}")

    def environ(self) -> dict[str, str]:
        """Nothing of the user's own takes part, and compiled files are kept, as an installed tool's are."""
        theirs = ("ROLLBACK_", "XDG_", "GIT", "SSH_", "ANSIBLE_", "PYTHON")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(theirs) and name != "CI"}
        return {**kept, "HOME": str(self.home), "PYTHONPATH": str(TOP), "GIT_CONFIG_GLOBAL": os.devnull}

    def _git(self, *words: str) -> None:
        author = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
        subprocess.run(["git", "-C", str(self.checkout), *author, *words], check=True, env=self.environ())
