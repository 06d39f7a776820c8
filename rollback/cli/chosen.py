"""Which of an environment's hosts `--hosts` means. Pure."""

from __future__ import annotations

from fnmatch import fnmatchcase

from rollback.errors import UsageError
from rollback.model import Host
from rollback.text import clean_line, hosts


def chosen(every: tuple[Host, ...], wanted: str | None, environment: str) -> tuple[Host, ...]:
    """All, or those that match the comma-separated names and globs. Raises: UsageError when one matches nothing."""
    if wanted is None:
        return every
    patterns = [one.strip() for one in wanted.split(",") if one.strip()]
    idle = [p for p in patterns if not any(fnmatchcase(host.name, p) for host in every)]
    if idle or not patterns:
        raise UsageError(
            f"--hosts: no host of {environment} is called {clean_line(', '.join(idle)) or 'nothing'}",
            hint=f"its hosts: {hosts([host.name for host in every], 20)}",
        )
    return tuple(host for host in every if any(fnmatchcase(host.name, p) for p in patterns))
