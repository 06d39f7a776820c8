"""The incident, told with the real commands and their real output, on a world that is made for it and goes with it.

What is claimed is checked: a story that does not go as it is told ends with exit code 1. Nothing here deploys, decides
or rolls back by itself: the commands do.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from rollback.cli.signals import Interrupted, Signals
from rollback.demo import commands, figures, needs, world
from rollback.demo.load import Count, Load
from rollback.demo.repository import BAD, BETTER, GOOD
from rollback.demo.voice import Voice
from rollback.demo.world import World
from rollback.model import Outcome

_SETTLE = 1.0  # seconds of people before and after a command, so that what it did to them shows
_DEPLOYED, _UNDONE = Outcome.DONE.exit_code, Outcome.ROLLED_BACK.exit_code


def run(hosts: int, keep: bool, out: TextIO | None = None) -> int:
    """Tell the story on a new world of so many hosts; everything goes to `out` (stdout), the commands' output, too.

    keep: leave the world running, and say how to go on. Answers 0 when it went as told, 1 when not, 128 + the signal's
    number when interrupted. Raises Refused when a program or a package is missing.
    """
    needs.require()
    voice = Voice(out or sys.stdout)
    with Signals(voice.later) as signals:
        try:
            return _on_a_new_world(hosts, keep, voice, signals)
        except Interrupted as interruption:
            voice.note("interrupted; everything that was started has been ended")
            return 128 + interruption.signal


def _on_a_new_world(hosts: int, keep: bool, voice: Voice, signals: Signals) -> int:
    folder, kept = world.new_folder(), False
    try:
        place = _built(folder, hosts, signals)
        code = Story(place, voice).tell()
        kept = keep
    finally:
        if not kept:
            with signals.shield():
                world.clear(folder)
    if kept:
        voice.how_to_go_on(place)
    return code


def _built(folder: Path, hosts: int, signals: Signals) -> World:
    """Not to be interrupted: a server that was started but not yet noted would stay."""
    with signals.shield():
        place = world.build(folder, hosts)
    if signals.last:
        raise Interrupted(signals.last)
    return place


class NotAsTold(Exception):
    """There is no going on from here: what comes next builds on it."""


@dataclass(slots=True)
class Story:
    """Told once. amiss: what did not go as it was told. operation: the incident's."""

    world: World
    voice: Voice
    amiss: list[str] = field(default_factory=list)
    operation: str = ""

    def tell(self) -> int:
        """0 when it went as told, else 1."""
        began = time.monotonic()
        self.voice.opening(self.world)
        try:
            self._acts()
        except NotAsTold as error:
            self.amiss.append(str(error))
        self.voice.ending(self.amiss, time.monotonic() - began)
        return 1 if self.amiss else 0

    def _acts(self) -> None:
        self.voice.act("The shop opens", f"{GOOD} goes to hosts that have nothing yet.")
        self._command(_DEPLOYED, "deploy", GOOD, "-y")
        with Load(self.world.url, self.world.names_by_address) as load:
            self.voice.act("A good release", f"People log in all the while, and {BETTER} goes out.")
            self._unharmed(self._among_people(load, _DEPLOYED, "deploy", BETTER, "-y"), f"the deploy of {BETTER}")
            self._incident(load)
            self.voice.act("A rollback by hand", f"Somebody wants {GOOD} back.")
            self._unharmed(self._among_people(load, _DEPLOYED, "--to", GOOD, "-y"), "the rollback by hand")
        self._command(0, "status")
        self.voice.act("Afterwards", "What there is to say about the incident, but for what only people know.")
        self._command(0, "postmortem", self.operation)

    def _incident(self, load: Load) -> None:
        self.voice.act("The incident's release", f"In {BAD}, 7 of the 10 people cannot log in. Nobody knows that yet.")
        count = self._among_people(load, _UNDONE, "deploy", BAD, "-y")
        shown = commands.data(self.world, "show", "last")
        self.operation = shown["operation"]["operation"][:12]
        told = figures.read(shown, BAD)
        if told.touched != (self.world.hosts[0].name,):
            self.amiss.append(f"{BAD} was live on {', '.join(told.touched) or 'no host'}, not on the canary alone")
        if len(told.parts) < len(figures.SAID):
            self.amiss.append("the ledger cannot tell all times of the incident")
        self.voice.figures(told, count, BAD)

    def _among_people(self, load: Load, expected: int, *arguments: str) -> Count:
        """A command while people use the shop; what was answered to them meanwhile."""
        since = datetime.now(UTC)
        load.over.wait(_SETTLE)
        self._command(expected, *arguments)
        load.over.wait(_SETTLE)
        count = load.count(since, datetime.now(UTC))
        self.voice.people(count, load.failures(since))
        return count

    def _unharmed(self, count: Count, what: str) -> None:
        """With one host there is nobody to serve people while it restarts."""
        if not count.asked:
            self.amiss.append(f"nobody used the shop during {what}")
        if count.failed and len(self.world.hosts) > 1:
            self.amiss.append(f"{count.failed} requests failed during {what}")

    def _command(self, expected: int, *arguments: str) -> None:
        self.voice.command(commands.typed(arguments))
        began = time.monotonic()
        code = commands.run(self.world, arguments, self.voice.out)
        self.voice.exit_code(code, time.monotonic() - began)
        if code != expected:
            raise NotAsTold(f"`{commands.typed(arguments)}` ended with exit code {code}, not {expected}")
