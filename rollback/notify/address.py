"""Whatever Apprise can tell: it is loaded and asked in a process of its own (`announce.py`), which takes no time from
the operation, hears no Ctrl-C, and is ended when its time is up."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from rollback.notify.message import Message
from rollback.notify.post import NotTold
from rollback.text import clean_line

_ANNOUNCE = Path(__file__).with_name("announce.py")  # it needs nothing else of ours
_SEVERITY = {
    "good": "success",
    "rolled_back": "warning",
    "partial": "warning",
    "held": "warning",
    "bad": "failure",
    "stranded": "failure",
    "alert": "failure",
    "recovered": "success",
}


@dataclass(frozen=True, slots=True)
class Address:
    """address: with its secrets filled in."""

    name: str
    timeout: float
    address: str = field(repr=False)
    chosen: Callable[[Message], bool]
    words: Callable[[Message], tuple[str, str]]  # title and text

    def wants(self, message: Message) -> bool:
        return self.chosen(message)

    def tell(self, message: Message, due: float) -> None:
        title, text = self.words(message)
        severity = _SEVERITY.get(str(message.moment), "info")
        left = max(0.0, due - time.monotonic())
        said = {"address": self.address, "title": title, "text": text, "severity": severity, "seconds": int(left) + 2}
        try:
            done = subprocess.run(
                [sys.executable, "-P", str(_ANNOUNCE)],
                input=json.dumps(said).encode(),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                timeout=left,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise NotTold(f"no answer within {self.timeout:g} s") from None
        except OSError as error:
            raise NotTold(f"no process could be started: {error.strerror}") from None
        if done.returncode != 0:
            raise NotTold(clean_line(done.stdout) or f"it ended with {done.returncode}")
