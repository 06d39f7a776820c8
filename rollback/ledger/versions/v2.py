"""What chains records to each other, and what they are found by: operation, kind, commit and tag."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from typing import Any

from alembic import op
from sqlalchemy import Boolean, Column, Text, column, false, select, table, update

revision = "2"
down_revision = "1"

_RECORDS = table("records", *map(column, ("id", "kind", "body", "about", "tag")))
_RELEASE = {"started": "target", "judged": "release", "marked": "release", "withdrawn": "release"}
_MANY = 1000


def upgrade() -> None:
    for name in ("after", "digest", "about", "tag"):
        op.add_column("records", Column(name, Text, nullable=False, server_default=""))
    op.add_column("records", Column("cut", Boolean, nullable=False, server_default=false()))
    for rows in _chunks():
        _fill(rows)
    for name, key in (("operation", "operation"), ("kind", "kind, id"), ("commit", "about"), ("tag", "tag")):
        op.create_index(f"records_by_{name}", "records", ["app", "environment", *key.split(", ")])


def _chunks() -> Iterator[list[Any]]:
    """By id, so that no more than one of them is held at a time."""
    last = ""
    wanted = select(_RECORDS.c.id, _RECORDS.c.kind, _RECORDS.c.body).where(_RECORDS.c.kind.in_(_RELEASE))
    while rows := list(op.get_bind().execute(wanted.where(_RECORDS.c.id > last).order_by(_RECORDS.c.id).limit(_MANY))):
        yield rows
        last = rows[-1].id


def _fill(rows: list[Any]) -> None:
    for row in rows:
        about, tag = _found(row.kind, row.body)
        op.get_bind().execute(update(_RECORDS).where(_RECORDS.c.id == row.id).values(about=about, tag=tag))


def _found(kind: str, body: str) -> tuple[str, str]:
    """What can't be read stands for nothing, as it did before."""
    try:
        release = json.loads(body)[_RELEASE[kind]]
        tag = os.fsencode(release["tag"])
        encoded = re.sub(rb"[^A-Za-z0-9._+@=,-]", lambda byte: b"%%%02X" % byte[0][0], tag).decode("ascii")
        return release["commit"][:12], encoded if kind == "started" else ""
    except (ValueError, KeyError, TypeError):
        return "", ""
