"""What conclusions rest on: the patients' resources that they name, and what those rest on in turn.

What an EHR sent speaks for itself. Only what Careloom derived, and a plan that a clinician changed, rests on
something; all of a page are followed together, so that a page costs as many queries as its deepest plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from gateway.custody.identity.vault import Vault
from gateway.custody.ids import TENANT_COMPARTMENT, Tenant
from gateway.custody.records import StoredVersion, load_all
from gateway.release import opened
from gateway.release.statements import Ref, ref
from gateway.stored import Resource
from mappers.r4 import references
from mappers.recommendations_to_careplan import SIGNABLE

PLAN = "CarePlan"


def rests_on_something(row: StoredVersion) -> bool:
    """Whether a row is a conclusion."""
    return row.origin != opened.EHR or row.type == PLAN


def grounds(vault: Vault, tenant: Tenant, rows: Sequence[StoredVersion]) -> Mapping[int, list[StoredVersion]]:
    """For each row of one tenant, by its number, the current versions of all that it rests on."""
    named: dict[int, set[Ref]] = {}
    known: dict[Ref, StoredVersion] = {}
    fresh = [row for row in rows if rests_on_something(row)]
    while fresh:
        halves = opened.clinical_halves(vault, tenant, fresh)
        named |= {row.write_no: set(_refs(half)) for row, half in zip(fresh, halves, strict=True)}
        wanted = set().union(*named.values()) - known.keys()
        with vault.database.read() as conn:
            found = load_all(conn, tenant, wanted)
        known |= {key: one for key, one in found.items() if _stands(one)}
        fresh = [one for one in known.values() if one.write_no not in named and one.origin != opened.EHR]
    return {row.write_no: _reached(row, named, known) for row in rows}


def _reached(
    row: StoredVersion, named: Mapping[int, set[Ref]], known: Mapping[Ref, StoredVersion]
) -> list[StoredVersion]:
    seen: dict[Ref, StoredVersion] = {}
    waiting = [row]
    while waiting:
        refs = named.get(waiting.pop().write_no, set()) - seen.keys()
        found = {key: known[key] for key in refs if key in known}
        seen |= found
        waiting += found.values()
    return [one for one in seen.values() if not _is_draft(one)]


def _is_draft(row: StoredVersion) -> bool:
    """Whether it is what a plan's line would have signed: it says the same, and rests on the same."""
    return row.origin != opened.EHR and row.type in SIGNABLE


def _refs(half: Resource | None) -> Iterable[Ref]:
    texts = () if half is None else references.references(half)
    return (found for text in texts if (found := ref(text)) is not None)


def _stands(row: StoredVersion) -> bool:
    return row.compartment != TENANT_COMPARTMENT and not row.deleted and row.clinical is not None
