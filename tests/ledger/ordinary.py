"""Runs something as a person whom file modes bind: tests may run as root, who may write everywhere."""

from __future__ import annotations

import ctypes
import os
import traceback
from collections.abc import Callable

_VERSION_3 = 0x20080522
_NO_CAPABILITY = (ctypes.c_uint32 * 6)()


def as_an_ordinary_person(deed: Callable[[], None]) -> None:
    """Raises AssertionError, with the traceback, when the deed raises anything."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os._exit(_done(deed, writing))
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = pipe.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status == 0, told


def _done(deed: Callable[[], None], writing: int) -> int:
    try:
        header = (ctypes.c_uint32 * 2)(_VERSION_3, 0)
        if ctypes.CDLL(None, use_errno=True).capset(header, _NO_CAPABILITY):
            raise OSError(ctypes.get_errno(), "capset")
        deed()
    except BaseException:
        os.write(writing, traceback.format_exc().encode()[-60_000:])
        return 1
    return 0
