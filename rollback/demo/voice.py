"""How the story sounds: every word of it that is not a command's own output."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TextIO

from rollback.demo import figures
from rollback.demo.figures import INCIDENT, SAID, Figures, spoken
from rollback.text import clean_line

if TYPE_CHECKING:
    from rich.table import Table

    from rollback.demo.load import Answer, Count
    from rollback.demo.world import World
    from rollback.events import Event

_SHOWN = 5


class Voice:
    """Speaks to `out`: in colour on a terminal, in plain lines elsewhere."""

    def __init__(self, out: TextIO) -> None:
        from rollback.report.screen import Screen

        self.out = out
        width = None if out.isatty() else 120
        self._console = Screen(out, str, width=width)

    def opening(self, world: World) -> None:
        names = ", ".join(host.name for host in world.hosts)
        self._say("The incident, replayed on this machine", "bold")
        self._say("Real sshd, gunicorn and nginx; a real git repository; the real commands with what they say.")
        if len(world.hosts) == 1:
            self._say("With a single host nobody serves while it restarts: some requests are going to fail.", "yellow")
        self._say(f"Hosts: {names}. Load balancer: {world.url}. Everything is in {world.folder}", "dim")

    def act(self, title: str, what: str) -> None:
        self._console.print()
        self._console.rule(title, align="left", style="bold")
        self._say(what)

    def command(self, line: str) -> None:
        self._console.print()
        self._verbatim(f"$ {line}", "bold cyan")

    def exit_code(self, code: int, seconds: float) -> None:
        self._say(f"exit code {code}, after {seconds:.1f} s", "dim")

    def people(self, count: Count, failures: Sequence[Answer]) -> None:
        """What the shop's people had of it."""
        served = ", ".join(f"{release} by {_names(hosts)}" for release, hosts in sorted(count.releases.items()))
        style = "red" if count.failed else "green"
        self._say(f"people meanwhile: {count.asked} requests, {_failed(count)}; served {served or 'by nobody'}", style)
        for one in failures[:_SHOWN]:
            answered = f"answered {one.status}" if one.status else clean_line(one.trouble)
            self._say(f"  {one.at:%H:%M:%S} {one.asked} as {one.user}: {answered} ({one.host})", "dim")

    def figures(self, told: Figures, count: Count, tag: str) -> None:
        self._console.print()
        self._console.print(_beside(told))
        self._say(f"first failing finding → {tag} undone and verified: {spoken(told.restored)}")
        served = count.releases.get(tag, frozenset[str]())
        self._say(f"{tag} was live on: {_names(told.touched)}; people were served by it on: {_names(served)}")
        self._say(f"people's requests meanwhile: {count.asked}, {_failed(count)}")

    def note(self, text: str) -> None:
        self._say(text, "yellow")

    def later(self, _: Event) -> None:
        """A signal came while it can't be obeyed."""
        self.note("one moment: what was started is being ended")

    def ending(self, amiss: Sequence[str], seconds: float) -> None:
        self._console.print()
        for sentence in amiss:
            self._say(f"✗ not as told: {sentence}", "bold red")
        if not amiss:
            self._say(f"✓ it went as told, in {seconds:.0f} s", "bold green")

    def how_to_go_on(self, world: World) -> None:
        self._console.print()
        self._say("The world is still running. To go on playing with it:", "bold")
        for line in (
            f"cd {world.shop}",
            f"export PATH={world.folder}/bin:$PATH    # its keys and ledger",
            "rollback status",
            "deploy v1.1.0 --force    # refused without: it was taken back by hand",
            "rollback postmortem --html > incident.html    # of the last incident",
            f"curl -i {world.url}/healthz",
            f"{world.folder}/stop.sh    # ends and removes everything",
        ):
            self._verbatim(f"  {line}")

    def _say(self, text: str, style: str = "") -> None:
        """A terminal's lines are broken between words, a log's not at all."""
        self._console.print(text, style=style, soft_wrap=not self.out.isatty())

    def _verbatim(self, line: str, style: str = "") -> None:
        """To be copied: a break that we made would be copied, too."""
        self._console.print(line, style=style, soft_wrap=True)


def _beside(told: Figures) -> Table:
    from rich.box import SIMPLE
    from rich.table import Table

    table = Table("", "the incident", "here", box=SIMPLE, pad_edge=False)
    for part, said in SAID.items():
        here = told.parts.get(part)
        table.add_row(said, spoken(INCIDENT[part]), spoken(here) if here is not None else "?")
    whole = sum(INCIDENT.values(), figures.NO_TIME)
    table.add_row("altogether", spoken(whole), spoken(told.whole), style="bold")
    for column in table.columns[1:]:
        column.justify = "right"
    return table


def _failed(count: Count) -> str:
    where = ", ".join(f"{number} on {host}" for host, number in sorted(count.failed_on.items()))
    return f"{count.failed} failed ({where})" if count.failed else "none failed"


def _names(hosts: Iterable[str]) -> str:
    return ", ".join(sorted(hosts)) or "no host"
