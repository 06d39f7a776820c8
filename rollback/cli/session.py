"""The composition root: from the options to a playbook, an environment, its fleet, ledger, checks and repository.

Everything is made when it is first asked for, so that a command imports only what it uses.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rollback.cli.chosen import chosen
from rollback.cli.logs import debugging
from rollback.cli.options import Options
from rollback.cli.outlet import console, prose, secrets
from rollback.core.history import known_releases
from rollback.core.left import unfinished, unheard
from rollback.core.near import Near, Regarded, known, near
from rollback.core.plan import Known
from rollback.core.rollout import Rollout, rollout
from rollback.errors import UsageError
from rollback.events import Event
from rollback.model import Host, Release, Sighting
from rollback.operation.ports import Policy

if TYPE_CHECKING:
    from rollback.checks.suite import Checks
    from rollback.hosts.fleet import Fleet
    from rollback.ledger.store import Ledger
    from rollback.playbook.schema import Environment, Playbook
    from rollback.playbook.secrets import Secrets
    from rollback.report.board import Board
    from rollback.report.progress import Lines, Notices
    from rollback.source.packed import Package
    from rollback.source.repository import Repository


class Session:
    """One command's rooms. Use as a context manager: it closes what was opened."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.sightings: tuple[Sighting, ...] = ()
        self.regarded = Regarded()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        for name in ("fleet", "ledger"):
            if name in self.__dict__:
                self.__dict__[name].close()
        self.progress.__exit__()

    @cached_property
    def playbook(self) -> Playbook:
        from rollback.playbook.find import find
        from rollback.playbook.load import load

        return load(find(self.options.playbook, Path.cwd()))

    @cached_property
    def environment(self) -> Environment:
        from rollback.source.inventory import ask

        return self.playbook.environment(self.options.env, lambda one: ask(one, self.playbook.file.parent))

    @cached_property
    def hosts(self) -> tuple[Host, ...]:
        """The environment's hosts, or those that `--hosts` names."""
        return chosen(self.environment.hosts, self.options.hosts, self.environment.name)

    @cached_property
    def secrets(self) -> Secrets:
        return secrets()

    @cached_property
    def progress(self) -> Lines | Board | Notices:
        from rollback.report.board import Board

        screen = prose(self.options)
        if not screen.is_terminal or "CI" in os.environ or self.options.json or debugging():
            return self.lines()
        names = tuple(host.name for host in self.hosts)
        return Board(screen, names, verbose=bool(self.options.verbose), limits=self.policy.limits)

    def lines(self) -> Lines:
        """Progress that scrolls, also in a terminal."""
        from rollback.report.progress import Lines

        return Lines(prose(self.options), verbose=bool(self.options.verbose))

    def tell(self, event: Event) -> None:
        self.progress(event)

    @cached_property
    def fleet(self) -> Fleet:
        from rollback.cli.less import less
        from rollback.hosts.fleet import Fleet
        from rollback.hosts.remote import over
        from rollback.hosts.ssh import connect
        from rollback.source.carried import carried

        book = self.playbook
        return Fleet(
            self.hosts,
            over(connect),
            app=book.app,
            environment=self.environment.name,
            shared=book.shared,
            prepare=book.prepare,
            up=(book.migrations and book.migrations.up) or "",
            package=self.package,
            less=lambda package, base: less(self, package, base),
            pack=carried,
            secrets=self.secrets,
            tell=self.tell,
        )

    @cached_property
    def checks(self) -> Checks:
        from rollback.checks.suite import Checks

        fleet = self.fleet
        return Checks(
            self.playbook,
            self.environment,
            dial=fleet.dial,
            command=fleet.command,
            running=fleet.running,
            secrets=self.secrets,
            tell=self.tell,
        )

    @cached_property
    def repository(self) -> Repository:
        from rollback.source.repository import Repository

        return Repository.open(self.playbook.repository)

    @cached_property
    def ledger(self) -> Ledger:
        from rollback.cli.ledgers import opened

        return opened(self)

    @cached_property
    def author(self) -> tuple[str, tuple[tuple[str, str], ...]]:
        """Who, and from where."""
        from rollback.ledger.author import author
        from rollback.source.user import git_user

        return author(os.environ, git_user(self.playbook.repository))

    @property
    def holder(self) -> str:
        """Who holds a lease, as others are told: `ada@laptop`."""
        name, origin = self.author
        return f"{name}@{dict(origin).get('machine', 'somewhere')}"

    def package(self, release: Release) -> Package:
        from platformdirs import user_cache_path

        from rollback.source.package import package

        return package(lambda: self.repository, release, self.playbook.build, user_cache_path("rollback"))

    def near(self) -> Near:
        """What of the ledger bears on what was seen last, and on what was regarded."""
        return near(self.ledger.shelf, self.sightings, self._names, self.regarded)

    def regard(self, *names: Release | str) -> None:
        """From here on `near` knows these, too: releases, or tags."""
        for one in names:
            tag, digits = (one.tag, {one.commit[:12]}) if isinstance(one, Release) else (one, set())
            self.regarded |= Regarded(frozenset({tag}), frozenset(digits))

    @property
    def _names(self) -> frozenset[str]:
        return frozenset(host.name for host in self.environment.hosts)

    def sight(self) -> tuple[Sighting, ...]:
        """See the hosts and learn what they know. The ledger's room is loaded while they let us in."""
        self.fleet.begin()
        _ = self.ledger
        sightings = self.fleet.sight()
        self.learn(sightings)
        return sightings

    def learn(self, sightings: Sequence[Sighting]) -> None:
        """Add the operations that the hosts' journals know and the ledger does not (or does not know the end of)."""
        self.sightings = tuple(sightings)
        there = frozenset(name for one in sightings for name in one.journals)
        wanted = unheard(sightings, self.ledger.shelf.known(there) - set(unfinished(self.near().recent)))
        if wanted:
            self.ledger.merge(self.fleet.journals(wanted))

    def known(self) -> Known:
        return known(self.near(), self._names)

    def releases(self, sightings: Sequence[Sighting]) -> Mapping[str, Release]:
        """Every release that the hosts or the ledger know, by id."""
        seen = {release.id: release for sighting in sightings for release in sighting.releases}
        return {**known_releases(self.near().every), **seen}

    @cached_property
    def rollout(self) -> Rollout:
        return rollout(self.environment, self.hosts)

    @cached_property
    def policy(self) -> Policy:
        its, keep, within = self.environment.verify, self.playbook.keep, self.environment.confirm_within
        limits = {check.name: check.limits for check in self.playbook.checks}
        return Policy(its.auto_rollback, its.on_inconclusive, its.preflight, keep, limits, confirm_within=within)

    def require_usable(self) -> None:
        """Before anything begins: every secret must be there."""
        for name in sorted(self.playbook.secret_names()):
            self.secrets.resolve(f"${{{name}}}")

    def ask(self, question: str) -> bool:
        """Yes or no. Raises: UsageError when there is no terminal to ask in."""
        if self.options.yes:
            return True
        if not sys.stdin.isatty():
            raise UsageError("there is no terminal to ask in", hint="add --yes to go on without being asked")
        self.progress.__exit__()
        console(self.options, stderr=True).print(f"{question} [y/N] ", end="")
        answer = sys.stdin.readline()
        if not answer.endswith("\n"):
            self.say("")  # Ctrl-D left the cursor behind the question
        return answer.strip().lower() in {"y", "yes"}

    def say(self, *lines: Any) -> None:
        """Prose, on stderr."""
        from rollback.report.layout import put

        screen = prose(self.options)
        for line in lines:
            put(screen, line)
