"""Verification of a trail of which a part is archived, and of the archives themselves.

Who reads notes and rows while somebody archives must see the rows first: a note is signed before rows go, so
every row that a snapshot lacks is spoken of by a note that is read after it began. With checkpoints it is the
other way round: they are read before, since a log only grows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select

from gateway.custody import checkpoint, coverage, partitions, verify
from gateway.custody.archive import notes, taking
from gateway.custody.checkpoint import Witness
from gateway.custody.coverage import Due
from gateway.custody.database import Database
from gateway.custody.export import verifier
from gateway.custody.ids import SYSTEM, Tenant
from gateway.custody.note import Checkpoint
from gateway.custody.signing import Signer
from gateway.custody.tables import audit_event, audit_head, organization
from gateway.custody.verify import Archived, Fault, Progress, Report, unheard

MANIFEST = "manifest"
_NOBODYS = "the log belongs to no organization"


@dataclass(frozen=True, slots=True)
class Against:
    """What the trail is compared with beside its own notes.

    ``archives``: a folder of archives, to be looked at too; ``outside``: what was signed and is kept where
    nobody of this system writes; ``due``: by when a head is to be signed; ``progress`` hears how far it is.
    """

    due: Due
    archives: Path | None = None
    outside: Mapping[Tenant, Witness] = field(default_factory=dict)
    progress: Progress = unheard


def verified(database: Database, folder: Path, signer: Signer, against: Against) -> Report:
    """The report on every log."""
    witnesses = checkpoint.beside(checkpoint.witnesses(folder, signer), against.outside)
    with database.read() as conn:
        partitions.hold(conn)
        archived = notes.every(folder, signer)
        report = verify.verify(conn, witnesses, archived, against.progress)
        found = [*report.faults, *_strangers(conn), *_unsaid(taking.marks(conn), archived)]
        found += coverage.uncovered(conn, witnesses, archived, against.due)
        found += coverage.ahead(conn, lambda log: checkpoint.stands(folder, log, signer).taken)
    if against.archives is not None:
        found += faults(against.archives, archived, signer)
    return replace(report, faults=tuple(found))


def _strangers(conn: Connection) -> Iterator[Fault]:
    """A log is its organization's: one of nobody's was put in, or its organization was taken out."""
    known = {SYSTEM, *conn.scalars(select(organization.c.number))}
    there = {
        log for table in (audit_event, audit_head) for log in conn.scalars(select(table.c.log).distinct())
    }
    for log in sorted(there - known):
        last = conn.scalar(select(func.max(audit_event.c.seq)).where(audit_event.c.log == log))
        yield Fault(Tenant(log), 0, last if type(last) is int else 0, _NOBODYS)


def _unsaid(marks: Mapping[Tenant, tuple[int, int]], archived: Archived) -> Iterator[Fault]:
    for log, (size, _) in sorted(marks.items()):
        said = archived[log].size if log in archived else 0
        if size > said:
            yield Fault(
                log, said, size - 1, "the database says that these events are archived, and no note does"
            )


@dataclass(frozen=True, slots=True)
class _Part:
    """One stretch of a log in an archive: the trees before and behind it, in hexadecimal."""

    first: int
    end: int
    before: Sequence[str]
    behind: Sequence[str]


def faults(archives: Path, archived: Archived, signer: Signer) -> list[Fault]:
    """What is wrong with the archives below a folder: in them, between them, or beside their notes."""
    found: list[Fault] = []
    parts: dict[Tenant, list[_Part]] = {}
    for place in sorted(path.parent for path in archives.rglob(MANIFEST)):
        told, wrong = _read(place, signer)
        found += wrong
        for one in told:
            part = _Part(one["first"], one["end"], one["before"], one["head"]["frontier"])
            parts.setdefault(Tenant(one["log"]), []).append(part)
    for log, note in archived.items():
        found += _chain(log, sorted(parts.get(log, []), key=lambda part: part.first), note)
    return found


def _read(place: Path, signer: Signer) -> tuple[list[dict[str, Any]], list[Fault]]:
    why = "none of our keys"
    for key in (public.public_bytes_raw() for public in signer.trusted):
        try:
            told, _ = verifier.manifest(place, key)
            report = verifier.verify(place, key)
        except (verifier.Broken, OSError, ValueError, KeyError, TypeError) as error:
            why = str(error)
            continue
        return told["logs"], [Fault(**fault) for fault in report["faults"]]
    return [], [Fault(Tenant(0), 0, 0, f"the archive {place.name} cannot be trusted: {why}")]


def _chain(log: Tenant, parts: Sequence[_Part], note: Checkpoint) -> Iterator[Fault]:
    """Each stretch goes on where the one before ends, and they lead to the tree that the note says."""
    size, behind = 0, list[str]()
    for part in parts:
        if part.end > note.size:
            break
        if part.first > size:
            yield Fault(log, size, part.first - 1, "no archive here holds these events")
        elif list(part.before) != behind:
            yield Fault(log, part.first, part.end - 1, "the archive does not go on where the one before ends")
        size, behind = part.end, list(part.behind)
    if size < note.size:
        yield Fault(log, size, note.size - 1, "no archive here holds these events")
    elif behind != [subtree.hex() for subtree in note.frontier]:
        yield Fault(log, 0, size - 1, "the archives do not lead to the tree that was signed")
