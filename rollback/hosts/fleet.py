"""The hosts of one environment, reached together: each method is one phase on many hosts at once, one round trip each.

It carries out and reports; it decides nothing, and it never prints. One host's trouble is that host's finding and never
an exception, but for leases that others hold and secrets that are not set.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace

from rollback.core.condition import Condition, Room
from rollback.errors import RollbackError
from rollback.events import Event
from rollback.hosts import requests
from rollback.hosts.complete import Complete
from rollback.hosts.findings import of_change, of_running
from rollback.hosts.lease import Leases, MayTake, nobody
from rollback.hosts.look import Pack, commanded, fetched, journals, seen
from rollback.hosts.looked_over import looking_over
from rollback.hosts.pace import Pace
from rollback.hosts.packed import once, room
from rollback.hosts.pool import Pool
from rollback.hosts.protocol import Request
from rollback.hosts.reading import Ran
from rollback.hosts.remote import Reach
from rollback.hosts.requests import Package, Shared, Turn
from rollback.hosts.supply import supplied
from rollback.hosts.upload import Less, Upload, everything
from rollback.hosts.variables import Scene, Secrets, exported, surroundings, variables
from rollback.hosts.work import Work
from rollback.model import Confirm, Finding, Host, Release, Result, Sighting
from rollback.text import clean_line

Names = tuple[str, ...]
Findings = tuple[Finding, ...]


class Fleet:
    """`ttl`: seconds until a lease that is not renewed runs out. `package` is called at most once for a release; `less`
    says what of it a host needs that has another one. `pack` packs what `fetch` brought. `up` runs migrations."""

    def __init__(
        self,
        hosts: tuple[Host, ...],
        reach: Reach,
        *,
        app: str,
        environment: str,
        shared: Shared,
        prepare: tuple[str, ...],
        up: str = "",
        package: Callable[[Release], Package],
        less: Less = everything,
        pack: Pack,
        secrets: Secrets,
        tell: Callable[[Event], None],
        ttl: float = 60.0,
        pace: Pace = Pace(),  # noqa: B008 - frozen
    ) -> None:
        self._hosts = {host.name: host for host in hosts}
        self._pool = Pool(hosts, reach, pace)
        self._leases = Leases(self._hosts, self._pool, ttl, tell)
        self._work = Work(self._hosts, self._pool, self._leases, secrets.redact, tell)
        self._scene, self._shared, self._commands, self._up = Scene(app, environment), shared, prepare, up
        self._package, self._less, self._pack = once(package), less, pack
        self._secrets, self._tell, self._ttl = secrets, tell, ttl
        self._having = Complete()
        self._new: set[str] = set()  # ids of releases that this operation brought

    def begin(self) -> None:
        """Begin to connect, and do not wait: what goes wrong is said when the host is asked."""
        self._pool.begin()

    def sight(self) -> tuple[Sighting, ...]:
        """One per host, in their order; a host that could not be seen says so in `problem`."""
        return self._having.note(self._pool.each(tuple(self._hosts), lambda name: seen(self._pool, self._hosts[name])))

    @property
    def taken_away(self) -> str:
        """By whom the lease was taken away meanwhile, in a sentence; "" while it is ours."""
        return self._leases.taken_away

    def acquire(
        self, operation: str, holder: str, process: str = "-", may_take: MayTake = nobody
    ) -> tuple[Sighting, ...]:
        """Take the lease on every host that answers, and see them. Raises LeaseHeld (none is kept then), UsageError."""
        export = self._secrets.exported
        exports = {name: exported(host, (*self._commands, self._up), export) for name, host in self._hosts.items()}
        found = self._having.note(self._leases.acquire(operation, holder, process, may_take))
        before = {one.host: one.live for one in found}
        self._scene = replace(self._scene, operation=operation, exports=exports, before=before)
        self._new.clear()
        return found

    def heartbeat(self) -> AbstractContextManager[object]:
        """While it is entered, the leases are renewed."""
        return self._pool.pace.beating(self._leases.renew, self._ttl / 4)

    def upload(self, release: Release, hosts: Names) -> Findings:
        """Bring the release to the hosts that do not have it complete: what git gives, or else another host."""
        lacking = frozenset(host for host in hosts if not self._having.has(host, release))
        having = (host for host in self._hosts if self._having.has(host, release))
        try:
            package = supplied(release, self._package, having, self.fetch, self._tell) if lacking else None
        except RollbackError as error:
            said = f"{error} ({error.hint})" if error.hint else str(error)
            return tuple(self._work.found("upload", host, Result.FAIL, clean_line(said)) for host in hosts)
        if package is None:
            return tuple(self._there("upload", host) for host in hosts)
        self._new.add(release.id)
        bases = {host: self._having.base(host) for host in lacking}
        upload = Upload.of(self._work, package, bases, self._less)
        return self._each(hosts, lambda host: upload.to(host) if host in lacking else self._there("upload", host))

    def prepare(self, release: Release, hosts: Names) -> Findings:
        """Shared links, the playbook's commands, the seal. What is complete already is left alone."""
        return self._each(hosts, lambda host: self._prepare(host, release))

    def migrate(self, release: Release, hosts: Names, journal: bytes) -> Findings:
        """Run the playbook's migrations in the release's folder, on each of these hosts. journal: as in `activate`."""

        def build(host: Host, turn: Turn) -> Request:
            return requests.migrate(host, turn, release, self._up, surroundings(self._scene, host, release), journal)

        return self._each(hosts, lambda host: self._work.change("migrate", host, build, "migrated"))

    def activate(
        self,
        release: Release,
        hosts: Names,
        expected: tuple[str | None, ...],
        journal: bytes = b"",
        confirm: Confirm | None = None,
    ) -> Findings:
        """Drain, switch, restart. A failing drain stops it only on the way to a release that was brought just now.
        journal: the operation's records so far, left on each host before it is switched."""
        must = "drain" if release.id in self._new else "switch"

        def build(host: Host, turn: Turn) -> Request:
            own = surroundings(self._scene, host, release)
            return requests.activate(host, turn, release, expected, must, own, journal, confirm)

        return self._pool.each(hosts, lambda host: self._work.change("activate", host, build, "live"))

    def undrain(self, release: Release, hosts: Names) -> Findings:
        """One finding for each host that has such a command."""
        draining = tuple(host for host in hosts if self._hosts[host].undrain)

        def build(host: Host, turn: Turn) -> Request:
            return requests.undrain(host, turn, surroundings(self._scene, host, release))

        return self._pool.each(draining, lambda host: self._work.change("undrain", host, build, "takes users again"))

    def finish(self, hosts: Names, journal: bytes, holding: frozenset[str] = frozenset()) -> Findings:
        """Write the journal and give the lease back, wherever we hold one; on `holding` hosts intent and lease stay."""
        held = frozenset(self._leases.held())

        def one(name: str) -> Finding:
            keep = "stranded" if name in holding else None
            found = self._work.close(name, lambda host, turn: requests.finish(host, turn, journal, keep), "closed")
            self._leases.drop(name)
            return found

        return self._pool.each(tuple(host for host in hosts if host in held), one)

    def prune(self, hosts: Names, doomed: tuple[str, ...]) -> Findings:
        """Delete releases; a host keeps what is or was live on it, and what an intent names, whatever is asked."""
        self._having.drop(hosts, doomed)

        def build(host: Host, turn: Turn) -> Request:
            return requests.prune(host, turn, doomed)

        return self._pool.each(hosts, lambda host: self._work.change("prune", host, build, "pruned"))

    def journals(self, wanted: Mapping[str, Names]) -> bytes:
        """JSON lines of these operations (host -> their ids), as far as the hosts answer."""
        return journals(self._pool, self._hosts, wanted, self._tell)

    def note(self, hosts: Names, operation: str, journal: bytes) -> Findings:
        """Add a journal without a lease: a person's mark."""

        def one(name: str) -> Finding:
            answer = self._pool.ask(name, requests.note(self._hosts[name], operation, journal))
            return of_change(self._work.ask("note", name), answer, "noted")

        return self._pool.each(hosts, one)

    def fetch(self, host: str, release: Release) -> Package:
        """A release that this host has complete, packed for others that lack it. Raises HostError."""
        return fetched(self._pool, self._hosts[host], release, self._pack)

    def command(self, host: str, text: str, release: Release, timeout: float) -> Ran:
        """A check's command, in `current`. Raises HostError, UsageError."""
        one = self._hosts[host]
        values = {**self._secrets.exported(text), **variables(self._scene, one, release)}
        return commanded(self._pool, one, requests.command(one, text, timeout, values))

    def running(self, host: str, release: Release) -> Finding:
        """Does a process on the host live in another release's folder?"""
        question = self._work.ask("running", host)
        return of_running(question, self._pool.ask(host, requests.running(self._hosts[host], release)), release)

    def dial(self, host: str, address: str, port: int) -> socket.socket:
        """A socket to something the host can reach. Raises HostError, ConnectionRefusedError."""
        return self._pool.dial(host, address, port)

    def inspect(self, *releases: Release) -> Callable[[], tuple[Condition, ...]]:
        """Begin to look every host over, and these releases there; the answers come by calling what it gives."""
        return looking_over(self._pool, self._hosts.values(), releases, self._shared)

    def need(self, release: Release) -> Room:
        """What a host needs to receive it. Raises RollbackError."""
        return room(self._package(release))

    def close(self) -> None:
        """Hang up. What a host has begun it finishes alone. Leases that nothing was done with are given back first."""
        self._leases.give_back(self._leases.held())
        self._pool.close()

    def _each(self, hosts: Names, ask: Callable[[str], Finding]) -> Findings:
        """For what comes before the switch: once interrupted, nobody waits for it any more."""
        try:
            return self._pool.each(hosts, ask)
        except BaseException:
            self._pool.give_up()
            raise

    def _there(self, phase: str, host: str) -> Finding:
        return self._work.found(phase, host, Result.PASS, "already there")

    def _prepare(self, host: str, release: Release) -> Finding:
        def build(host: Host, turn: Turn) -> Request:
            values = surroundings(self._scene, host, release)
            return requests.prepare(host, turn, release, self._shared, self._commands, values)

        if self._having.has(host, release):
            return self._there("prepare", host)
        found = self._work.change("prepare", host, build, "prepared")
        if found.result is Result.PASS:
            self._having.add(host, release)
        return found
