"""What the shell completes: environments and tags of the playbook that would be used. Silent when anything is amiss."""

from __future__ import annotations

import shlex

import typer

from rollback.cli.options import Options
from rollback.cli.session import Session
from rollback.errors import RollbackError


def _session(ctx: typer.Context) -> Session:
    given = {**(ctx.parent.params if ctx.parent else {}), **{k: v for k, v in ctx.params.items() if v is not None}}
    return Session(Options(playbook=given.get("playbook"), env=given.get("env")))


def environments(ctx: typer.Context) -> tuple[str, ...]:
    """Names of environments."""
    try:
        return tuple(_session(ctx).playbook.environments)
    except RollbackError:
        return ()


def tags(ctx: typer.Context) -> tuple[str, ...]:
    """Release tags of the repository, newest first; none that a shell or a terminal could take for something else."""
    try:
        session = _session(ctx)
        found = (release.tag for release in session.repository.releases(session.playbook.tags))
        return tuple(tag for tag in found if shlex.quote(tag) == tag and not tag.startswith("-"))
    except RollbackError:
        return ()
