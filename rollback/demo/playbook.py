"""The demo's playbook: the ready one for Flask and gunicorn, its comments kept, with this world's places put in."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rollback
from rollback.errors import Refused

_PACKAGE = Path(rollback.__file__).resolve().parent
_PREPARED = "what a release needs is on these hosts already; prove that it can be imported"


@dataclass(frozen=True, slots=True)
class Place:
    """A host of the world and the port of its gunicorn (on 127.0.0.1)."""

    name: str
    port: int


def ready_playbook(name: str) -> Path:
    """A playbook that comes with the package: inside it when installed, beside it in a checkout. Raises Refused."""
    places = (_PACKAGE / "playbooks" / f"{name}.yml", _PACKAGE.parent / "playbooks" / f"{name}.yml")
    for place in places:
        if place.is_file():
            return place
    raise Refused(f"the ready playbook {name}.yml is not where it belongs: {places[0]}", hint="install rollback again")


def write(world: Path, hosts: Sequence[Place], url: str) -> Path:
    """Write <world>/shop/playbooks/shop.yml and answer its path."""
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 120
    book = yaml.load(ready_playbook("flask-gunicorn"))
    _place(book, world)
    _place_environment(book["environments"], hosts, url)
    path = world / "shop" / "playbooks" / "shop.yml"
    path.parent.mkdir()
    with path.open("w") as file:
        yaml.dump(book, file)
    return path


def _place(book: Any, world: Path) -> None:
    book["app"] = "shop"
    book["root"] = f"{world}/hosts/{{{{host.name}}}}/srv/shop"
    book["ssh"] = {"config": str(world / "ssh_config"), "known_hosts": str(world / "known_hosts")}
    book["shared"] = {"dirs": ["instance"]}
    book["prepare"] = [f"{shlex.quote(sys.executable)} -B -c 'import shop'"]
    book.yaml_add_eol_comment(_PREPARED, "prepare")
    for key in ("restart", "drain", "undrain"):
        book[key] = shlex.quote(str(world / "bin" / f"{key}.sh"))


def _place_environment(environments: Any, hosts: Sequence[Place], url: str) -> None:
    for name in list(environments)[1:]:
        del environments[name]
    (environment,) = environments.values()
    environment["url"] = url
    environment["hosts"] = [{"name": host.name, "vars": {"port": str(host.port)}} for host in hosts]
    environment["verify"]["gate"] = {"min_healthy_time": "1s", "healthy_deadline": "30s", "interval": "200ms"}
