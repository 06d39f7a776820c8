"""Which process holds a lease: told to hosts, so that whoever comes later on the same machine can tell that it is gone.

A word of four parts joined by commas: boot id, process namespace, process id, and the moment of that boot at which the
process began (in clock ticks: a process id is used again, the two together are not).
"""

from __future__ import annotations

import os
from pathlib import Path

UNKNOWN = "-"


def own() -> str:
    """This process; UNKNOWN where there is no /proc."""
    try:
        pid = os.getpid()
        return ",".join((*_here(), str(pid), _began(pid)))
    except (OSError, IndexError):
        return UNKNOWN


def is_dead(process: str) -> bool:
    """Whether it is known that this process no longer lives; never of one on another machine, or of another boot."""
    words = process.split(",")
    try:
        if len(words) != 4 or tuple(words[:2]) != _here() or not words[2].isdecimal():
            return False
        return _began(int(words[2])) != words[3]
    except ProcessLookupError:
        return True
    except FileNotFoundError:
        return not _answers(int(words[2]))
    except (OSError, IndexError):
        return False


def _here() -> tuple[str, str]:
    """In another namespace the same number is another process."""
    namespace = Path("/proc/self/ns/pid").readlink().name
    boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    return boot, "".join(filter(str.isdecimal, namespace))


def _began(pid: int) -> str:
    """proc(5), field 22 of stat; the second, the command's name, may hold blanks and brackets. A zombie has ended."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    if fields[0] in {"Z", "X"}:
        raise ProcessLookupError(pid)
    return fields[19]


def _answers(pid: int) -> bool:
    """Where /proc is mounted so that other users' processes are hidden, not to be seen is not to be gone."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
