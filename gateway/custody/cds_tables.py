"""The table of cards that were given over CDS Hooks: the gateway's own, workers have no right here."""

from __future__ import annotations

from sqlalchemy import Column, Index, LargeBinary, Text

from gateway.custody.schema import Number, clustered, data

cds_card = clustered(
    "cds_card",
    data,
    Column("tenant", Number, primary_key=True, autoincrement=False),
    Column("uuid", Text, primary_key=True),
    Column("service", Text, nullable=False),
    Column("patient", LargeBinary, nullable=False),
    Column("act", Text, nullable=False),
    # Lists as JSON: rules with versions, and the uuids of suggestions.
    Column("rules", Text, nullable=False),
    Column("suggestions", Text, nullable=False),
    Column("given", Number, nullable=False, index=True),
    Column("outcome", Text),
    Column("reason", Text),
    Column("decided", Number),
    Index("cds_card_patient", "tenant", "patient"),
)
