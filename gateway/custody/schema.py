"""What all tables are made of: the two stores, the type of numbers, and the form of a table."""

from __future__ import annotations

from sqlalchemy import BigInteger, Integer, MetaData, Table
from sqlalchemy.schema import SchemaItem

data = MetaData()
keys = MetaData()

# SQLite keeps an INTEGER PRIMARY KEY as the row's own number; BIGINT would cost a second index.
Number = BigInteger().with_variant(Integer, "sqlite")


def clustered(name: str, metadata: MetaData, *parts: SchemaItem) -> Table:
    """A table that *is* its primary key's index: one B-tree, no hidden row number."""
    return Table(name, metadata, *parts, sqlite_with_rowid=False)
