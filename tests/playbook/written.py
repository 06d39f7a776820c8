"""A good playbook to spoil, and how it is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from rollback.errors import PlaybookInvalid
from rollback.playbook.load import parse
from rollback.playbook.schema import Playbook

GOOD = """\
app: shop
root: /srv/shop
environments:
  production:
    hosts: [web1]
checks:
  - name: up
    http: {path: /healthz}
    expect: {status: 200}
"""


def read(text: str | bytes) -> Playbook:
    data = text if isinstance(text, bytes) else text.encode()
    return parse(data, Path("/repo/playbooks/shop.yml"), "playbooks/shop.yml")


def faults(text: str | bytes) -> list[str]:
    with pytest.raises(PlaybookInvalid) as caught:
        read(text)
    assert caught.value.exit_code == 2
    assert caught.value.hint
    return [line.removeprefix("playbooks/shop.yml:") for line in caught.value.faults]


def contract() -> str:
    """The example that the product was promised with."""
    return (Path(__file__).parent / "contract.yml").read_text()
