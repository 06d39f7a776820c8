"""A process that tells one message through Apprise: JSON on stdin, and why it could not on stdout.

Its words are read by us, never by people. It gives way to others, and ends by itself should nobody wait any more.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

_NICENESS = 10


def announce(asked: dict[str, Any]) -> str:
    """Why it was not told; "" when it was. asked: address, title, text, severity, seconds."""
    from apprise import Apprise, NotifyFormat

    post = Apprise()
    if not post.add(asked["address"]):
        return "Apprise does not know such an address"
    told: Any = post.notify(
        body=asked["text"], title=asked["title"], notify_type=asked["severity"], body_format=NotifyFormat.TEXT
    )
    return "" if told else _why(told)


def _why(told: Any) -> str:
    return "; ".join(str(entry.message) for entry in told.logs()) or "it was refused"


if __name__ == "__main__":
    os.nice(_NICENESS)
    asked = json.loads(sys.stdin.buffer.read())
    signal.alarm(asked["seconds"])
    why = announce(asked)
    os.write(1, why.encode("utf-8", "backslashreplace"))
    sys.exit(1 if why else 0)
