"""Whose fault it is that nobody answers at the url: not the release's, when the hosts answer well. It asks nobody.

A gateway's own 502 is an answer, and stays one: it says that the app behind it is away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rollback.checks.gate import Reply
from rollback.model import Result

_AMISS = {Result.FAIL, Result.ERROR}


def told_apart(of_url: Sequence[Reply], of_hosts: Sequence[Reply], excused: frozenset[str]) -> tuple[Reply, ...]:
    """The replies of the url, asked just before or after those of the hosts. excused: checks that were red before."""
    results = {r.finding.result for r in of_hosts if r.finding.required and r.finding.check not in excused}
    healthy = Result.PASS in results and not results & _AMISS
    return tuple(_unheard(reply) if healthy and reply.silent else reply for reply in of_url)


def _unheard(reply: Reply) -> Reply:
    observed = f"nobody answers at the url, while the hosts do: {reply.finding.observed}"
    return replace(reply, finding=replace(reply.finding, result=Result.ERROR, observed=observed))
