"""Before a deploy changes anything: are its hosts ready, and would there be a way back?"""

from __future__ import annotations

from collections.abc import Callable

from rollback.core.condition import Room
from rollback.core.ready import Wanted, findings, red
from rollback.errors import NotReady, RollbackError
from rollback.events import Noticed
from rollback.model import Finding, Kind, Phase, Plan
from rollback.operation.ports import Ports


def looking_over(plan: Plan, ports: Ports, *, force: bool) -> Callable[[], None]:
    """Begin to look the hosts over and do not wait; the judgement comes by calling what it gives.

    That raises NotReady, with nothing changed; forced, it only says what is wrong. A rollback waits for none of this.
    """
    if plan.kind is not Kind.DEPLOY or not any(step.phase is Phase.ACTIVATE for step in plan.steps):
        return lambda: None
    looked = ports.fleet.inspect(*((plan.fallback,) if plan.fallback else ()))

    def judge() -> None:
        hosts = [host for host, _ in plan.live]
        conditions = [one for one in looked() if one.host in hosts]
        # What lacks the fallback is brought it by this very plan, before anything else.
        wanted = Wanted(plan.fallback, ("here",), need=_need(plan, ports))
        faults = red(findings(conditions, wanted))
        if faults and not force:
            raise NotReady(_sentence(faults), hint="rollback check; or deploy with --force")
        for one in faults:
            ports.tell(Noticed(f"forced, though {_said(one)}"))

    return judge


def _need(plan: Plan, ports: Ports) -> Room:
    """Of a release that can't be packed nothing is known: bringing it will say why."""
    if not any(step.phase is Phase.UPLOAD and step.release == plan.target for step in plan.steps):
        return Room()
    try:
        return ports.fleet.need(plan.target)
    except RollbackError:
        return Room()


def _sentence(faults: tuple[Finding, ...]) -> str:
    more = f"; and {len(faults) - 1} more" if faults[1:] else ""
    return f"not ready: {_said(faults[0])}{more}"


def _said(fault: Finding) -> str:
    return f"{fault.check} on {fault.host}: {fault.observed}"
