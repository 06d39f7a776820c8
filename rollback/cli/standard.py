"""Standard streams that were closed before we began, as by a daemon or `2>&-`.

Their numbers must not go to the next socket or file, which would then be written to by whoever prints; and nothing that
prints or asks must find no stream at all.
"""

from __future__ import annotations

import os
import sys


def secure() -> None:
    """Open what is closed to nowhere."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            _open(number)
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", errors="replace", closefd=False))


def _open(number: int) -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    if nowhere != number:
        os.dup2(nowhere, number)
        os.close(nowhere)
