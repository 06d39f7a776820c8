"""The pages, as text. What comes from outside is cleaned by `finalize` and escaped by jinja2; no template does so."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from shlex import quote
from threading import Lock
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from rollback.core.explain import parts
from rollback.core.past import past
from rollback.core.recall import recalled
from rollback.core.times import times
from rollback.dashboard import bars, plot
from rollback.dashboard.acts import Act
from rollback.dashboard.glance import Glance, glance
from rollback.dashboard.grid import grid
from rollback.dashboard.links import Links
from rollback.dashboard.source import PAGE, Source
from rollback.model import JUDGED, Result
from rollback.report import ending, readiness, words
from rollback.report.evidence import told
from rollback.report.metrics import five, ratio, time
from rollback.text import clean

_TEMPLATES = Path(__file__).with_name("templates")


class NoSuchPage(LookupError):
    """`str()` says which."""


@dataclass(frozen=True, slots=True)
class Acting:
    """What forms need, where they are allowed. csrf: proves that the form was ours."""

    csrf: str


@dataclass(slots=True, eq=False)
class Pages:
    """Every page of the dashboard. fit: makes a text fit to be seen. May be used from several threads."""

    app: str
    sources: Mapping[str, Source]
    links: Links
    fit: Callable[[str], str]
    acting: Acting | None = None
    _glances: dict[str, tuple[object, Glance]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)
    _templates: Environment = field(init=False)

    def __post_init__(self) -> None:
        self._templates = _environment(self.fit)

    def home(self) -> str:
        seen = tuple(self._glance(name) for name in self.sources)
        lanes = plot.timeline([(one.name, one.rows) for one in seen])
        return self._render("home", "", glances=seen, timeline=lanes)

    def environment(self, name: str) -> str:
        one = self._glance(self._known(name).name)
        return self._render("environment", name, one=one, timeline=plot.timeline([(name, one.rows)]))

    def delivery(self, name: str) -> str:
        found = self._known(name).delivery()
        return self._render("delivery", name, found=found, five=five(found.whole), plots=bars.plots(found.groups))

    def operations(self, name: str, before: str = "") -> str:
        records = self._known(name).newest(PAGE, before)
        rows = past(records)
        older = rows[-1].operation if len(rows) == PAGE else ""
        return self._render("operations", name, rows=rows, before=before, older=older)

    def operation(self, name: str, start: str) -> str:
        """Raises: NoSuchPage."""
        source = self._known(name)
        mine = tuple(source.operation(start))
        rows = past(mine)
        if len(rows) != 1:
            raise NoSuchPage(f"no operation of {name} is called {start}, or more than one begins so")
        why = recalled(rows[0].operation, source.around(mine))
        return self._render(
            "operation", name, row=rows[0], why=why, grid=grid(mine), parts_of=parts(mine), times=times(mine)
        )

    def act(self, act: Act) -> str:
        """A command that was started here, and what it printed so far."""
        return self._render("act", act.environment, act=act, code=act.code, said=clean(act.said, 200_000))

    def refused(self, sentence: str) -> str:
        """What is said instead of a page."""
        return self._render("refused", "", sentence=sentence)

    def _known(self, name: str) -> Source:
        if name not in self.sources:
            raise NoSuchPage(f"no environment is called {name}")
        return self.sources[name]

    def _glance(self, name: str) -> Glance:
        """Folded again only when something is new."""
        source = self.sources[name]
        pulse = source.pulse()
        with self._lock:
            kept = self._glances.get(name)
            if kept is None or kept[0] != pulse:
                kept = self._glances[name] = (pulse, glance(source))
        return kept[1]

    def _render(self, template: str, environment: str, **values: Any) -> str:
        shared = {"app": self.app, "environments": tuple(self.sources), "here": environment, "links": self.links}
        page = self._templates.get_template(f"{template}.html.j2")
        return page.render(**shared, acting=self.acting, now=datetime.now(UTC), **values)


@cache
def _environment(fit: Callable[[str], str]) -> Environment:
    def finalize(value: object) -> object:
        return fit(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= _FILTERS
    made.globals |= {
        "version": importlib.metadata.version("rollback"),
        "width": plot.WIDTH,
        "frame": bars.FRAME,
        "judged": JUDGED,
    }
    for name in made.list_templates():
        made.get_template(name)  # compiled before anybody waits for it
    return made


def _ago(at: datetime, now: datetime) -> str:
    return f"{words.seconds(max(0.0, (now - at).total_seconds()))} ago"


def _counted(found: Sequence[Any]) -> str:
    """`12 passed, 1 failed`"""
    kinds = [one.telling.result for one in found]
    said = {Result.PASS: "passed", Result.FAIL: "failed", Result.SKIPPED: "skipped", Result.ERROR: "not asked"}
    return ", ".join(f"{kinds.count(kind)} {said.get(kind, str(kind))}" for kind in dict.fromkeys(kinds))


_FILTERS: dict[str, Callable[..., Any]] = {
    "ago": _ago,
    "clock": lambda at: words.clock((at,)),
    "counted": _counted,
    "hint": ending.hint,
    "hosts": words.hosts,
    "id_tag": words.id_tag,
    "mark": lambda outcome: ending.MARKS.get(outcome, ending.OTHERS)[0] if outcome else "…",
    "message": ending.message,
    "moment": words.moment,
    "named": words.named,
    "quote": quote,
    "ratio": ratio,
    "said": words.said,
    "seconds": words.seconds,
    "size": words.size,
    "skipped": lambda candidate: words.skipped(*candidate),
    "sign": lambda result: words.MARKS[result],
    "span": time,
    "start": words.start_of,
    "tag": words.tag,
    "takes": lambda expected: readiness.takes(expected).plain.strip().removeprefix("time").strip(),
    "told": lambda found: tuple(told(found, 50)),
    "tone": plot.tone,
    "way_back": ending.way_back,
}
