"""For whoever receives a webhook of rollback's: is it genuine, fresh, and new? Python 3.11, nothing else."""

import hashlib
import hmac
import time
from collections.abc import Mapping

OLDEST = 300  # seconds; clocks differ, and a message may be tried again


def is_genuine(
    headers: Mapping[str, str], body: bytes, secret: bytes, seen: set[tuple[str, str]], now: float | None = None
) -> bool:
    """headers: by their names in lower case. body: exactly as it came. seen: what was received before; keep it for
    OLDEST seconds. now: seconds of UTC's epoch."""
    sent, operation = headers["x-rollback-timestamp"], headers["x-rollback-operation"]
    signed = b".".join((sent.encode(), operation.encode(), body))
    expected = "sha256=" + hmac.new(secret, signed, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, headers["x-rollback-signature"]):
        return False
    if abs((time.time() if now is None else now) - int(sent)) > OLDEST:
        return False
    message = operation, headers["x-rollback-moment"]
    return message not in seen and not seen.add(message)
