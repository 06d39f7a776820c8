"""What is sent of a release to a host that has another one, as the source room hands it over."""

from __future__ import annotations

from typing import Protocol

from rollback.model import Release


class Delta(Protocol):
    """What the source room sends of a release to a host that has another one, `base`, complete: see source/delta.py."""

    @property
    def base(self) -> Release: ...
    @property
    def changes(self) -> bytes: ...
    @property
    def archive(self) -> bytes: ...
    @property
    def digest(self) -> str: ...
    @property
    def whole(self) -> str: ...
    @property
    def moment(self) -> int: ...
