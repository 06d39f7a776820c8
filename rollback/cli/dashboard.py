"""`rollback dashboard`: a page on the loopback, or files; told by the ledger, and by the hosts now and then."""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rollback.cli import outlet
from rollback.cli.options import Options
from rollback.cli.place import Place
from rollback.cli.reply import Reply
from rollback.cli.session import Session
from rollback.cli.signals import Interrupted, Signals
from rollback.errors import UsageError
from rollback.report import words

if TYPE_CHECKING:
    from rollback.dashboard.acts import Acts
    from rollback.dashboard.pages import Pages


def dashboard(options: Options, port: int, every: float, allow_actions: bool, export: Path | None) -> Reply:
    """every: seconds between two looks at the hosts; 0: none."""
    if options.dry_run:
        raise UsageError("--dry-run: a dashboard has no plan to show", hint="rollback dashboard")
    if export is not None and (allow_actions or port):
        raise UsageError("--export writes files, which can neither act nor listen", hint="leave the other option out")
    with ExitStack() as stack:
        session = stack.enter_context(Session(options))
        places = {name: _place(options, name, stack) for name in _names(session)}
        return (
            _exported(session, places, every, export)
            if export
            else _served(session, places, port, every, allow_actions)
        )


def _names(session: Session) -> tuple[str, ...]:
    """The one that is named, or all."""
    return (session.environment.name,) if session.options.env else tuple(session.playbook.environments)


def _place(options: Options, name: str, stack: ExitStack) -> Place:
    mine = stack.enter_context(Session(replace(options, env=name)))
    mine.progress = mine.lines()
    return Place(mine)


def _exported(session: Session, places: Mapping[str, Place], every: float, folder: Path) -> Reply:
    from rollback.dashboard.export import export

    for place in places.values() if every else ():
        place.look()
    count = export(_pages(session, places, static=True), folder)
    said = f"wrote {words.count(count, 'page')}: {folder / 'index.html'}"
    return Reply({"pages": count, "folder": folder}, (said,), 0, said)


def _pages(session: Session, places: Mapping[str, Place], *, static: bool, csrf: str = "") -> Pages:
    from rollback.dashboard.links import Links
    from rollback.dashboard.pages import Acting, Pages

    acting = Acting(csrf) if csrf else None
    return Pages(session.playbook.app, places, Links(static), outlet.fit, acting)


def _served(session: Session, places: Mapping[str, Place], port: int, every: float, allow_actions: bool) -> Reply:
    try:
        from rollback.dashboard.door import Keys
        from rollback.dashboard.server import listening, serve
    except ModuleNotFoundError as error:
        missing = f"the dashboard needs {error.name}, which is not installed"
        raise UsageError(
            missing, hint="pip install '.[dashboard]' in rollback's checkout; --export DIR does without"
        ) from error
    keys, at = Keys(), listening(port)
    pages = _pages(session, places, static=False, csrf=keys.csrf if allow_actions else "")
    acts = _acts(session) if allow_actions else None
    ended = threading.Event()
    looking = [threading.Thread(target=one.keep_looking, args=(every, ended), daemon=True) for one in places.values()]

    def ready() -> None:
        story = outlet.story(session.options)
        story.write(f"http://127.0.0.1:{at.getsockname()[1]}/?token={keys.token}\n")
        story.flush()
        may = "it may roll back, freeze and mark" if acts else "it only reads"
        session.say(f"the dashboard of {session.playbook.app} is at the link above; {may}; Ctrl-C ends it")
        for place in places.values():
            place.folding.begin()
        for one in looking if every else ():
            one.start()

    try:
        with Signals(session.tell):
            serve(pages, acts, at, keys, ready)
    except Interrupted as by:
        return Reply(None, (), 128 + by.signal, "the dashboard was ended")
    finally:
        ended.set()
    return Reply(None, (), 0, "the dashboard was ended")


def _acts(session: Session) -> Acts:
    """-P: what lies in this folder is no part of rollback, whatever it is called."""
    from rollback.dashboard.acts import Acts

    return Acts((sys.executable, "-P", "-m", "rollback", f"--playbook={session.playbook.file}"))
