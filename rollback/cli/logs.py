"""What nobody prints and yet gets printed: libraries' logs and warnings, and the last words of threads.

By default none of it is seen; with ROLLBACK_DEBUG=1 it goes to stderr, through the same outlet as everything.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from contextlib import suppress

from rollback.cli.options import Options
from rollback.cli.outlet import console, kept


def debugging() -> bool:
    return os.environ.get("ROLLBACK_DEBUG", "") not in {"", "0"}


def guard(options: Options) -> None:
    """From here on, for the whole process."""
    root = logging.getLogger()
    root.addHandler(_Logged(options) if debugging() else logging.NullHandler())
    if debugging():
        root.setLevel(logging.DEBUG)
    logging.captureWarnings(True)
    threading.excepthook = lambda died: _unexpected(options, died.exc_value)
    sys.unraisablehook = lambda lost: logging.getLogger("python").debug("not raised: %r", lost.exc_value)


def _unexpected(options: Options, error: BaseException | None) -> None:
    """A thread of ours died of a bug: the command goes on, and its end says how it went."""
    if error is not None:
        console(options, stderr=True).print(kept(error), soft_wrap=True)


class _Logged(logging.Handler):
    def __init__(self, options: Options) -> None:
        super().__init__()
        self._screen = console(options, stderr=True)
        self.setFormatter(logging.Formatter("%(asctime)s  %(name)s: %(message)s", "%H:%M:%S"))

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(OSError, ValueError):  # stderr is gone
            self._screen.print(self.format(record), soft_wrap=True)
