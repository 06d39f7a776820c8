"""The records, as the first ledgers kept them."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, String, Text

revision = "1"
down_revision = None


def upgrade() -> None:
    bytewise = "C" if op.get_bind().dialect.name == "postgresql" else None
    texts = ("app", "environment", "author", "kind", "body")
    op.create_table(
        "records",
        Column("id", String(26, collation=bytewise), primary_key=True),
        Column("at", String(32), nullable=False),
        Column("operation", Text(collation=bytewise), nullable=False),
        *(Column(name, Text, nullable=False) for name in texts),
    )
    op.create_index("records_by_place", "records", ["app", "environment", "id"])
