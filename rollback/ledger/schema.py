"""The tables of a ledger, as the newest version has them. `versions/` says how older ones become it."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, MetaData, String, Table, Text, false
from sqlalchemy.schema import Index

METADATA = MetaData()
_ID = String(26).with_variant(String(26, collation="C"), "postgresql")  # sorted by bytes, whatever the database's own
_KEY = Text().with_variant(Text(collation="C"), "postgresql")

RECORDS = Table(
    "records",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("at", String(32), nullable=False),  # ISO 8601, UTC: SQLite keeps no zone
    Column("app", Text, nullable=False),
    Column("environment", Text, nullable=False),
    Column("operation", _KEY, nullable=False),
    Column("author", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("after", Text, nullable=False, server_default=""),  # see chain.py
    Column("digest", Text, nullable=False, server_default=""),
    Column("cut", Boolean, nullable=False, server_default=false()),
    Column("about", Text, nullable=False, server_default=""),  # 12 digits of the commit that was judged or started
    Column("tag", Text, nullable=False, server_default=""),  # that was started, percent-encoded
)
_PLACE = (RECORDS.c.app, RECORDS.c.environment)
Index("records_by_place", *_PLACE, RECORDS.c.id)
Index("records_by_operation", *_PLACE, RECORDS.c.operation)
Index("records_by_kind", *_PLACE, RECORDS.c.kind, RECORDS.c.id)
Index("records_by_commit", *_PLACE, RECORDS.c.about)
Index("records_by_tag", *_PLACE, RECORDS.c.tag)

VERSION = Table("alembic_version", METADATA, Column("version_num", String(32), primary_key=True))  # Alembic's own
