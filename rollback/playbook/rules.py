"""What only the whole playbook can show: names used twice, questions no environment answers, limits out of reach."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rollback.model import View
from rollback.playbook import resolve
from rollback.playbook.scope import VARS, texts
from rollback.playbook.shape import Fault
from rollback.playbook.template import names

if TYPE_CHECKING:
    from rollback.playbook.check import Check
    from rollback.playbook.hosts import WrittenHost
    from rollback.playbook.schema import Playbook
    from rollback.playbook.settings import WrittenEnvironment


def faults(playbook: Playbook) -> Iterator[Fault]:
    """Every fault between the playbook's parts."""
    yield from _checks(playbook)
    yield from _idle(playbook)
    yield from _notify(playbook)
    for name, written in playbook.environments.items():
        for at, check in enumerate(playbook.checks):
            yield from _url(at, check, name, written)
            yield from _limits(at, check, name, written)
        if written.listed:
            yield from of_hosts(playbook, name, written, written.listed)


def of_hosts(
    playbook: Playbook, name: str, written: WrittenEnvironment, hosts: Sequence[WrittenHost]
) -> Iterator[Fault]:
    """Between the playbook and an environment's hosts, wherever they stand."""
    yield from _roots(playbook, name, written, hosts)
    yield from _order(name, written, hosts)
    for at, check in enumerate(playbook.checks):
        yield from _vars(playbook, at, check, name, written, hosts)


def _checks(playbook: Playbook) -> Iterator[Fault]:
    seen: set[str] = set()
    for at, check in enumerate(playbook.checks):
        if check.name in seen:
            yield Fault(("checks", at, "name"), f'"{check.name}" is already the name of a check')
        seen.add(check.name)
    if not any(check.severity == "required" and "gate" in check.phase for check in playbook.checks):
        yield Fault(("checks",), "none is required in the gate: no release could ever be found bad")


def _idle(playbook: Playbook) -> Iterator[Fault]:
    if any(written.verify.watch for written in playbook.environments.values()):
        return
    for at, check in enumerate(playbook.checks):
        if "gate" not in check.phase:
            yield Fault(("checks", at, "phase"), "is for the watch only, and no environment has verify.watch")


def _notify(playbook: Playbook) -> Iterator[Fault]:
    seen: set[str] = set()
    for at, target in enumerate(playbook.notify):
        if target.name in seen:
            yield Fault(("notify", at, "name"), f'"{target.name}" is already the name of a target')
        seen.add(target.name)
        for place, name in enumerate(target.environments or ()):
            if name not in playbook.environments:
                known = ", ".join(playbook.environments)
                yield Fault(
                    ("notify", at, "environments", place), f'no environment is called "{name}"; there is {known}'
                )


def _roots(playbook: Playbook, name: str, written: WrittenEnvironment, hosts: Sequence[WrittenHost]) -> Iterator[Fault]:
    """One fault is enough where every host has it."""
    found: dict[str, Fault] = {}
    for host in hosts:
        try:
            resolve.root(playbook, name, written, host)
        except ValueError as wrong:
            found.setdefault(str(wrong).replace(host.name, ""), Fault(("root",), str(wrong)))
    yield from found.values()


def _order(name: str, written: WrittenEnvironment, hosts: Sequence[WrittenHost]) -> Iterator[Fault]:
    roles = {role for host in hosts for role in host.roles}
    for at, role in enumerate(written.rollout.order):
        if role not in roles:
            known = ", ".join(sorted(roles)) or "none"
            path = ("environments", name, "rollout", "order", at)
            yield Fault(path, f'no host of {name} has the role "{role}"; there is {known}')


def _url(at: int, check: Check, name: str, written: WrittenEnvironment) -> Iterator[Fault]:
    if written.url is not None:
        return
    absolute = check.http is not None and check.http.url is not None
    own = check.prometheus or check.exec
    if View.URL in check.views and not own and not absolute:
        yield Fault(("checks", at), f"is asked via url, and environments.{name} has no url")
    elif any("url" in names(text) for _, text in texts(check)):
        yield Fault(("checks", at), f"uses {{{{url}}}}, and environments.{name} has no url")


def _limits(at: int, check: Check, name: str, written: WrittenEnvironment) -> Iterator[Fault]:
    windows = {"gate": written.verify.gate, "watch": written.verify.watch}
    for key in ("failure_limit", "consecutive_failure_limit"):
        limit = getattr(check, key)
        for phase in check.phase:
            window = windows[phase]
            if limit is not None and window is not None and limit >= window.samples:
                sampled = f"the {phase} of {name} asks {window.samples} {'time' if window.samples == 1 else 'times'}"
                yield Fault(("checks", at, key), f"{limit} can never be exceeded: {sampled}")


def _vars(
    playbook: Playbook, at: int, check: Check, name: str, written: WrittenEnvironment, hosts: Sequence[WrittenHost]
) -> Iterator[Fault]:
    used = {(path, one) for path, text in texts(check) for one in names(text) if one.startswith(VARS)}
    for path, one in sorted(used, key=str):
        key = one.removeprefix(VARS)
        without = [host.name for host in hosts if key not in resolve.variables(playbook, written, host)]
        if without:
            yield Fault(("checks", at, *path), f"{{{{{one}}}}}: no vars.{key} on {', '.join(without[:5])} of {name}")
