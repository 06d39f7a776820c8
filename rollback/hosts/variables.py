"""What the playbook's commands find in their environment on a host: who they are, and the secrets that they name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from rollback.model import Host, Release

_UNFIT = re.compile(r"[^A-Z0-9_]", re.ASCII)


@dataclass(frozen=True, slots=True)
class Scene:
    """What an operation's commands have in common. exports: the secrets of each host's own commands. before: id of what
    was live on each host when the lease was taken."""

    app: str
    environment: str
    operation: str = ""
    exports: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))
    before: Mapping[str, str | None] = field(default_factory=lambda: MappingProxyType({}))


class Secrets(Protocol):
    """Those that the playbook names."""

    def exported(self, command: str) -> dict[str, str]: ...
    def redact(self, text: str) -> str: ...


def surroundings(scene: Scene, host: Host, release: Release) -> dict[str, str]:
    """Of the host's own commands. Ours last: a secret can't pose as one of them."""
    return {**scene.exports[host.name], **variables(scene, host, release)}


def variables(scene: Scene, host: Host, release: Release) -> dict[str, str]:
    return {
        "ROLLBACK_APP": scene.app,
        "ROLLBACK_ENVIRONMENT": scene.environment,
        "ROLLBACK_OPERATION": scene.operation,
        "ROLLBACK_HOST": host.name,
        "ROLLBACK_RELEASE": release.id,
        "ROLLBACK_TAG": release.tag,
        "ROLLBACK_COMMIT": release.commit,
        "ROLLBACK_PREVIOUS": scene.before.get(host.name) or "",
        "ROLLBACK_ROOT": host.root,
        **{f"ROLLBACK_VAR_{_UNFIT.sub('_', name.upper())}": value for name, value in host.vars.items()},
    }


def exported(host: Host, commands: tuple[str, ...], export: Callable[[str], dict[str, str]]) -> dict[str, str]:
    """The secrets that the host's own commands name. Raises UsageError when one is not set."""
    own = (*commands, *(one for one in (host.restart, host.drain, host.undrain) if one))
    return {name: value for command in own for name, value in export(command).items()}
