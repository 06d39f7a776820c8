"""What is told at one moment, and how it reaches templates and other programs. Already redacted and cleaned."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rollback.model import Release
from rollback.playbook.notify import Moment

SCHEMA = "rollback.moment/1"
TEST = "test"  # the moment of a test


@dataclass(frozen=True, slots=True)
class Message:
    """what: the command's word. at: UTC. release: what the operation is to bring, or what is judged. fallback: where a
    way back leads. reached: the release is live and verified. live: (host, tag). next: the command to type, or "".
    url: of the environment, run: of the CI's run, or ""."""

    moment: Moment | str
    app: str
    environment: str
    at: datetime
    headline: str
    what: str = ""
    operation: str = ""
    author: str = ""
    release: Release | None = None
    fallback: Release | None = None
    outcome: str = ""
    reached: bool = False
    details: tuple[str, ...] = ()
    live: tuple[tuple[str, str], ...] = ()
    pending: tuple[str, ...] = ()
    next: str = ""
    url: str = ""
    run: str = ""

    def values(self) -> dict[str, Any]:
        """What a template knows; see playbook.wording."""
        same = ("moment", "app", "environment", "headline", "what", "operation", "author", "next", "url", "run")
        return {
            **{name: str(getattr(self, name)) for name in same},
            "at": f"{self.at:%Y-%m-%d %H:%M:%S}Z",
            "release": _release(self.release) or dict.fromkeys(("tag", "commit", "id"), ""),
            "fallback": _release(self.fallback) or dict.fromkeys(("tag", "commit", "id"), ""),
            "details": list(self.details),
            "live": dict(self.live),
            "pending": list(self.pending),
        }

    def data(self) -> dict[str, Any]:
        """The JSON of a webhook: `schema`, the same values (release and fallback null where there is none), `outcome`
        and `at` in ISO 8601."""
        exact = {"release": _release(self.release), "fallback": _release(self.fallback), "at": self.at.isoformat()}
        return {"schema": SCHEMA, **self.values(), **exact, "outcome": self.outcome}


def _release(release: Release | None) -> dict[str, str] | None:
    return {"tag": release.tag, "commit": release.commit, "id": release.id} if release else None
