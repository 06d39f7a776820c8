"""Whose fault it is that nobody answers at the url: not the release's, when the hosts answer well. It asks nobody.

A gateway's own 502 is an answer, and stays one: it says that the app behind it is away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rollback.checks.gate import Reply
from rollback.model import Result
from rollback.text import hosts

_AMISS = {Result.FAIL, Result.ERROR}


def told_apart(of_url: Sequence[Reply], of_hosts: Sequence[Reply], telling: frozenset[str]) -> tuple[Reply, ...]:
    """The replies of the url, asked just before or after those of the hosts. telling: the checks that count there."""
    heard = [reply.finding for reply in of_hosts if reply.finding.required and reply.finding.check in telling]
    results = {finding.result for finding in heard}
    healthy = Result.PASS in results and not results & _AMISS
    there = hosts(tuple(dict.fromkeys(finding.host for finding in heard if finding.host)))
    return tuple(_unheard(reply, there) if healthy and _is_blamed(reply) else reply for reply in of_url)


def _is_blamed(reply: Reply) -> bool:
    return reply.silent and reply.finding.result is Result.FAIL


def _unheard(reply: Reply, there: str) -> Reply:
    observed = f"{reply.finding.observed}, though asked directly {there} answered: is the load balancer up?"
    return replace(reply, finding=replace(reply.finding, result=Result.ERROR, observed=observed))
