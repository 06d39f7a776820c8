"""The manual is complete, the ready playbooks load, and the JSON Schema agrees with both."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from rollback.playbook.amounts import Share
from rollback.playbook.faults import keys, models
from rollback.playbook.load import load
from rollback.playbook.read import read
from rollback.playbook.schema import Playbook
from rollback.playbook.schema_json import json_schema
from tests.playbook.written import contract

FOLDER = Path(__file__).parents[2] / "playbooks"
REFERENCE = FOLDER / "reference.yml"


def every_key(model: type[BaseModel]) -> set[tuple[str, str]]:
    found: dict[type[BaseModel], set[tuple[str, str]]] = {}
    waiting = [model]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found[one] = {(one.__name__, key) for key in keys(one)}
            waiting += [inner for field in keys(one).values() for inner in models(field.annotation)]
    return set().union(*found.values())


def keys_in(value: Any, model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    """(model, key) of everything that is set in a tree; the lists and mappings between two models are stepped over."""
    if isinstance(value, list):
        for one in value:
            yield from keys_in(one, model)
    elif isinstance(value, dict):
        for key, inner in value.items():
            field = keys(model).get(key)
            if field is None:  # a name of the user's: an environment's, a capture's
                yield from keys_in(inner, model)
                continue
            yield (model.__name__, key)
            for below in models(field.annotation):
                yield from keys_in(inner, below)


def test_the_manual_sets_every_key() -> None:
    assert every_key(Playbook) - set(keys_in(read(REFERENCE.read_bytes()).value, Playbook)) == set()


def test_every_key_of_the_manual_has_a_comment_near() -> None:
    lines = REFERENCE.read_text().splitlines()
    top = [line for line in lines if re.match(r"[a-z]+:", line)]
    assert [line for line in top if "#" not in line] == []


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yml")), ids=lambda path: path.stem)
def test_every_playbook_loads(path: Path) -> None:
    book = load(path)
    assert [book.environment(name, lambda _: ["web1"]).hosts for name in book.environments] != []


def test_the_ready_playbook_uses_only_what_is_built() -> None:
    book = load(FOLDER / "flask-gunicorn.yml")
    assert book.secret_names() == frozenset({"SMOKE_PASSWORD"})


def test_the_contracts_example_loads_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "shop.yml").write_text(contract())
    book = load(tmp_path / "shop.yml")
    environment = book.environment("production")
    gate = environment.verify.gate
    assert [(host.name, host.restart, dict(host.vars)) for host in environment.hosts] == [
        ("web1", "sudo -n systemctl reload shop", {}),
        ("web2", "sudo -n systemctl reload shop", {}),
        ("worker1", "sudo -n systemctl restart shop-worker", {"port": "8001"}),
    ]
    assert (environment.rollout.canary, environment.rollout.batch) == (1, Share(0.5))
    assert (gate.min_healthy_time, gate.healthy_deadline, gate.interval) == (2.0, 60.0, 1.0)
    assert [(check.name, check.kind) for check in book.checks] == [
        ("the right release everywhere", "http"),
        ("login", "flow"),
        ("service is up", "command"),
    ]
    assert book.checks[1].cases == ({"user": "complete"}, {"user": "no_profile"}, {"user": "corrupt_profile"})


def test_the_json_schema_knows_every_key_and_no_other() -> None:
    schema = json_schema()
    described = {("Playbook", key) for key in schema["properties"]}
    described |= {(name, key) for name, one in schema["$defs"].items() for key in one["properties"]}
    assert described == every_key(Playbook)
    assert all(one["additionalProperties"] is False for one in [schema, *schema["$defs"].values()])


def test_the_json_schema_takes_what_people_write() -> None:
    definitions = json_schema()["$defs"]
    hosts = definitions["WrittenEnvironment"]["properties"]["hosts"]["anyOf"]
    host = {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/WrittenHost"}]}
    assert hosts == [host, {"type": "array", "items": host, "minItems": 1}, {"$ref": "#/$defs/Inventory"}]
    assert definitions["Gate"]["properties"]["interval"]["default"] == "1s"
    assert "null" not in {one.get("type") for one in definitions["Check"]["properties"]["http"].get("anyOf", [])}
