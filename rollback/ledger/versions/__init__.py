"""One file for each version of the tables, in Alembic's words. What was released here is never changed again."""
