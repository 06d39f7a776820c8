-- The tables of schema.py as SQLAlchemy makes them in SQLite: tests/ledger/test_versions.py holds them equal.
CREATE TABLE alembic_version (
  version_num VARCHAR(32) NOT NULL,
  PRIMARY KEY (version_num)
);
CREATE TABLE records (
  id VARCHAR(26) NOT NULL,
  at VARCHAR(32) NOT NULL,
  app TEXT NOT NULL,
  environment TEXT NOT NULL,
  operation TEXT NOT NULL,
  author TEXT NOT NULL,
  kind TEXT NOT NULL,
  body TEXT NOT NULL,
  "after" TEXT DEFAULT '' NOT NULL,
  digest TEXT DEFAULT '' NOT NULL,
  cut BOOLEAN DEFAULT 0 NOT NULL,
  about TEXT DEFAULT '' NOT NULL,
  tag TEXT DEFAULT '' NOT NULL,
  PRIMARY KEY (id)
);
CREATE INDEX records_by_commit ON records (app, environment, about);
CREATE INDEX records_by_kind ON records (app, environment, kind, id);
CREATE INDEX records_by_operation ON records (app, environment, operation);
CREATE INDEX records_by_place ON records (app, environment, id);
CREATE INDEX records_by_tag ON records (app, environment, tag);
