"""A value that takes long to make: shown as it was last, while it is made anew."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from rollback.errors import RollbackError

T = TypeVar("T")


class Latest(Generic[T]):
    """key: cheap, and another one when the value may be another. make: may raise. May be used from several threads."""

    def __init__(self, key: Callable[[], object], make: Callable[[], T]) -> None:
        self._key, self._make = key, make
        self._kept: tuple[object, T] | None = None
        self._making = threading.Lock()

    @property
    def version(self) -> object:
        """Another one whenever there is another value."""
        return self._kept and self._kept[0]

    def value(self) -> T:
        """The first one is waited for; later ones are made in the background."""
        kept = self._kept
        if kept is None:
            with self._making:
                return self._anew() if self._kept is None else self._kept[1]
        if kept[0] != self._key():
            self.begin()
        return kept[1]

    def begin(self) -> None:
        """Make it in the background, unless that is going on."""
        if self._making.acquire(blocking=False):
            threading.Thread(target=self._behind, daemon=True).start()

    def _behind(self) -> None:
        try:
            self._anew()
        except RollbackError:
            self._kept = None  # whoever asks next makes it, and hears why
        finally:
            self._making.release()

    def _anew(self) -> T:
        key = self._key()  # before it is made: what comes meanwhile counts as new
        value = self._make()
        self._kept = key, value
        return value
