"""Releases that answer 200 everywhere and are bad all the same: the log, a burst and the app's own suite know."""

from __future__ import annotations

import pytest

from tests.e2e.small import PLAYBOOK, Small

CHECKS = """
  - name: errors
    logs: {{file: shared/log, new_exceptions: on}}
  - name: burst
    timeout: 30s
    load:
      path: /login
      port: "{{{{host.vars.port}}}}"
      requests: 20
      concurrency: 2
      error_ratio: {{max: 50%}}
      p50: {{increase: {{ratio: 100%, difference: 100ms}}}}
  - name: suite
    exec: {{run: sh smoke.sh}}
    expect: {{exit_status: 0}}
"""
NOISY = """    if behaviour == "noisy" and asked.split()[1] == b"/login":
        try:
            {}["profile"]
        except KeyError:
            import traceback
            traceback.print_exc()
    if behaviour == "slow":
        time.sleep(0.3)
"""
_BEFORE = '    if behaviour == "silent":\n'


@pytest.fixture
def watched(small: Small) -> Small:
    """v4 logs an exception for every login, v5 is slow, v6 is what the suite does not like."""
    app = small.project / "app.py"
    app.write_text(app.read_text().replace(_BEFORE, NOISY + _BEFORE))
    for tag, behaviour in (("v4", "noisy"), ("v5", "slow"), ("v6", "good")):
        small.release(tag, behaviour)
    (small.project / "smoke.sh").write_text('echo "asked about $ROLLBACK_TAG"; test "$ROLLBACK_TAG" != v6\n')
    small.write(PLAYBOOK + CHECKS)
    return small


def test_what_no_status_shows_is_noticed_undone_and_verified(watched: Small) -> None:
    first = watched.run("deploy", "v1", "-y", "-v")
    assert (first.code, watched.lives()) == (0, ["v1", "v1"]), first.err
    assert "no release was live here before: nobody can say where its lines begin" in first.err

    for tag, told in (
        ("v4", "KeyError in serve (app.py), "),
        ("v5", "expected at most 100% or 100 ms more than before"),
        ("v6", "suite: exit status 1, expected exit status 0"),
    ):
        done = watched.run("deploy", tag, "-y")
        assert (done.code, watched.lives()) == (10, ["v1", "v1"]), done.err
        assert told in done.err
        assert "web1: 4 checks passed" in done.err  # on the way back, which has a switch of its own

    found = watched.run("verify")
    assert (found.code, "web1 web2: 3 checks passed, 1 skipped" in found.out) == (0, True), found.out
