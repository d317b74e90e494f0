"""What became of each proposal: which rule proposed it, and whether a clinician took it. About nobody.

``mark`` is a keyed hash of patient, act, rule and evidence: it tells the next worker that this proposal has
been counted, and nobody else anything. There is no patient, no act and no value in a row, so a count outlives
the record that it came from.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, LargeBinary, Text

from gateway.custody.schema import Number, clustered, data

OUTCOMES = ("open", "accepted", "declined", "moot")

rule_decision = clustered(
    "rule_decision",
    data,
    Column("tenant", Number, primary_key=True, autoincrement=False),
    Column("mark", LargeBinary, primary_key=True),
    Column("rule", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("since", Number, nullable=False),
    CheckConstraint("outcome IN ('open', 'accepted', 'declined', 'moot')", name="rule_decision_outcome"),
)
