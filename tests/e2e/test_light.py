"""What a rollback loads, from Enter to its end: each library costs its user tens of milliseconds, every time."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.e2e.kept import Kept

_PROGRAM = """
import json, sys
from rollback.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""
# Of these a rollback by a ledger in a file, without a terminal, needs none. sqlalchemy alone is a third of a start.
_OTHERS = {
    *("alembic", "apprise", "git", "jinja2", "junitparser", "prometheus_client", "psycopg", "ruamel", "sqlalchemy"),
    *("rich.live", "rich.progress", "starlette", "rollback.report.board", "rollback.report.tables"),
    *("rollback.core.incident", "rollback.source.archive", "rollback.source.repository"),
}
_MOST = 195  # modules of ours


def test_a_rollback_loads_what_it_needs_and_no_more(small: Kept) -> None:
    small.deployed("v1", "v2")
    command = [sys.executable, "-c", _PROGRAM, "-y"]
    done = subprocess.run(command, cwd=small.project, env=small.environ(), capture_output=True, text=True, check=False)
    assert (done.returncode, small.lives()) == (0, ["v1", "v1"]), done.stderr
    loaded = set(json.loads(done.stderr.splitlines()[-1]))
    ours = {one for one in loaded if one.startswith("rollback.")}
    assert loaded & _OTHERS == set()
    assert len(ours) <= _MOST, sorted(ours)
