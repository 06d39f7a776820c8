"""One environment, as the dashboard asks about it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from rollback.cli.delivered import delivered
from rollback.cli.latest import Latest
from rollback.cli.look import over
from rollback.cli.session import Session
from rollback.core.metrics import DEFAULT_WINDOW, Metrics, metrics
from rollback.core.near import around
from rollback.core.rollout import waves
from rollback.dashboard.source import Seen
from rollback.errors import RollbackError
from rollback.events import Noticed
from rollback.ledger.place import SQLITE, file_of, resolved
from rollback.model import Record

if TYPE_CHECKING:
    from rollback.source.commits import Commits

_SOON = 1.0  # seconds: at least so long between two looks
_SELDOM = 3.0  # seconds: what can't be looked at cheaply counts as new so often


class Place:
    """A dashboard.source.Source."""

    def __init__(self, session: Session, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._session, self._clock = session, clock
        self.name, self.url = session.environment.name, session.environment.url
        names = tuple(host.name for host in session.hosts)
        self.waves = len(waves(names, session.rollout.back))
        self._seen: Seen | None = None
        self._shelf = session.ledger.shelf
        self.folding = Latest(lambda: (self._files(), self._hour()), self._fold)
        self._commits = lru_cache(maxsize=1)(self._ask)

    def now(self) -> Sequence[Record]:
        return self._session.near().every

    def newest(self, count: int, before: str = "") -> Sequence[Record]:
        """Names are cheap: so many more of them are asked for until enough are older."""
        wanted, seen = count, -1
        while True:
            names = self._shelf.newest(wanted)
            older = sorted(one for one in names if not before or one < before)[-count:]
            if len(older) == count or len(names) == seen:
                return self._shelf.read(frozenset(older))
            wanted, seen = 4 * wanted, len(names)

    def operation(self, start: str) -> Sequence[Record]:
        names = self._shelf.beginning(start)
        return self._shelf.read(names) if len(names) == 1 else ()

    def around(self, mine: Sequence[Record]) -> Sequence[Record]:
        return around(self._shelf, mine)

    def delivery(self) -> Metrics:
        """As it was last folded; anew when the ledger may have grown, or an hour is over."""
        return self.folding.value()

    def _hour(self) -> datetime:
        return self._clock().replace(minute=0, second=0, microsecond=0)

    def _fold(self) -> Metrics:
        begin = self._hour() - timedelta(seconds=DEFAULT_WINDOW)
        found = delivered(self._session.ledger, begin, partial(self._commits, begin))
        return metrics(found.made, found.ways, found.lead_times, begin, self._clock(), (self.name,), "week")

    def _ask(self, _: datetime, base: str | None, wanted: tuple[str, ...]) -> Commits:
        """Of git, which is not asked the same again within the hour. Raises: Refused, which is not kept."""
        return self._session.repository.commits(base, wanted)

    def seen(self) -> Seen | None:
        return self._seen

    def pulse(self) -> object:
        return self._files(), self._seen and self._seen.at, self.folding.version

    def _files(self) -> object:
        """When the ledger was last written to, as far as that shows in its files."""
        book = self._session.playbook
        url = resolved(os.environ.get("ROLLBACK_LEDGER") or book.ledger, book.file, book.app)
        if not url.startswith(SQLITE):
            return int(time.monotonic() / _SELDOM)
        path = file_of(url)
        wal = _mark(path.with_name(f"{path.name}-wal"))
        return _mark(path), wal if wal and wal[1] else None  # whoever only reads makes an empty one, too

    def look(self) -> None:
        """See the hosts, and learn what their journals know and the ledger does not."""
        try:
            sightings = self._session.sight()
        except RollbackError as error:
            self._session.tell(Noticed(f"the hosts of {self.name} could not be seen: {error}"))
        else:
            self._seen = Seen(self._clock(), tuple(map(over, sightings)))

    def keep_looking(self, every: float, ended: threading.Event) -> None:
        """every: seconds between two looks. Sooner when the ledger grew: then hosts are other than they were."""
        while not ended.is_set():
            was, next_look = self._files(), time.monotonic() + every
            self.look()
            ended.wait(_SOON)
            while time.monotonic() < next_look and self._files() == was and not ended.is_set():
                ended.wait(_SOON)


def _mark(path: Path) -> tuple[int, int] | None:
    """(when it was changed, size); None when there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
