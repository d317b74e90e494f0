"""By which knowledge plans are made: what workers went over to, and what the gateway decided about rules.

Workers write the first row and the answers in shadow; all else they only read. A pack is public knowledge and
a switch or a recall is somebody's decision about a rule: none of it is about a patient. What a rule in shadow
answers is: it stands as a keyed hash, which says only which answers are alike.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Integer, LargeBinary, Table, Text

from gateway.custody.schema import Number, clustered, data

adopted_knowledge = clustered(
    "adopted_knowledge",
    data,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("digest", Text, nullable=False),
    Column("since", Number, nullable=False),
    CheckConstraint("one = 1", name="adopted_knowledge_one"),
)

# Raised with every change of the three tables below: a worker reads one row to know that there is none.
knowledge_change = clustered(
    "knowledge_change",
    data,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("number", Number, nullable=False),
    CheckConstraint("one = 1", name="knowledge_change_one"),
)

knowledge_pack = Table(
    "knowledge_pack",
    data,
    Column("id", Text, primary_key=True),
    Column("version", Text, nullable=False),
    # The pack's files as one JSON object, path to text.
    Column("files", LargeBinary, nullable=False),
    # Who signed it; without one, why it was taken all the same.
    Column("publisher", Text),
    Column("reason", Text),
    Column("since", Number, nullable=False),
    CheckConstraint("publisher IS NOT NULL OR reason IS NOT NULL", name="knowledge_pack_answered_for"),
)

rule_switch = clustered(
    "rule_switch",
    data,
    Column("tenant", Number, primary_key=True, autoincrement=False),
    Column("rule", Text, primary_key=True),
    # Blank: as the rule was published; only its thresholds are the hospital's.
    Column("state", Text),
    Column("thresholds", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("since", Number, nullable=False),
    CheckConstraint("state IN ('on', 'off', 'shadow')", name="rule_switch_state"),
)

rule_recall = clustered(
    "rule_recall",
    data,
    Column("rule", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("since", Number, nullable=False),
)

shadow_answer = clustered(
    "shadow_answer",
    data,
    Column("tenant", Number, primary_key=True, autoincrement=False),
    Column("patient", LargeBinary, primary_key=True),
    Column("rule", Text, primary_key=True),
    Column("version", Text, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    Column("since", Number, nullable=False),
)

KNOWLEDGE_RIGHTS = {
    "adopted_knowledge": frozenset({"SELECT", "INSERT", "UPDATE"}),
    "knowledge_change": frozenset({"SELECT"}),
    "knowledge_pack": frozenset({"SELECT"}),
    "rule_switch": frozenset({"SELECT"}),
    "rule_recall": frozenset({"SELECT"}),
    "shadow_answer": frozenset({"SELECT", "INSERT", "UPDATE"}),
}
"""What the workers' side may do with them."""
