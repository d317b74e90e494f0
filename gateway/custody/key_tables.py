"""The key store's tables: a database of its own, never backed up with the data that its keys open."""

from __future__ import annotations

from sqlalchemy import Column, Integer, LargeBinary, Table, Text

from gateway.custody.schema import Number, clustered, keys

__all__ = ["IDENTITY_KEY_TABLES", "clinical_key", "clinical_root", "identity_key", "identity_root", "keys"]


def _key_table(name: str) -> Table:
    return clustered(
        name,
        keys,
        Column("tenant", Number, primary_key=True, autoincrement=False),
        Column("subject", LargeBinary, primary_key=True),
        Column("purpose", Text, primary_key=True),
        Column("generation", Integer, primary_key=True, autoincrement=False),
        Column("root_version", Integer, nullable=False),
        Column("wrapped", LargeBinary, nullable=False),
        Column("created", Number, nullable=False),
    )


clinical_key = _key_table("clinical_key")
identity_key = _key_table("identity_key")


def _root_table(name: str) -> Table:
    # Root keys as a key service sealed them: all machines of an installation find the newest version in one
    # place. Empty where the provider is a file.
    return Table(
        name,
        keys,
        Column("version", Integer, primary_key=True, autoincrement=False),
        Column("sealed_by", Text, nullable=False),
        Column("sealed", LargeBinary, nullable=False),
        Column("created", Number, nullable=False),
    )


clinical_root = _root_table("clinical_root")
identity_root = _root_table("identity_root")

IDENTITY_KEY_TABLES = ("identity_key", "identity_root")
