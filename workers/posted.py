"""A hospital's own definitions as rules: the active ones of a tenant, from their clinical halves.

Read when the number of what was decided about rules has changed, which each write of a definition raises. A
rule that cannot be read any more, because an act that it names is gone, is logged by its name and not run.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial

import structlog
from sqlalchemy import Connection

from gateway.custody import cipher, records
from gateway.custody.errors import KeyGone
from gateway.custody.ids import TENANT_COMPARTMENT, StoredId, Tenant, pseudonym
from gateway.custody.keyring import ClinicalKey
from gateway.custody.opening import Clinic, derived_id
from gateway.custody.records import CLINICAL_COLUMN, StoredVersion
from mappers import lossless
from mappers.facts import Evidence
from workers.engine.applying.posted import Acts, Posted, Unreadable, rule
from workers.engine.applying.runnable import runs
from workers.engine.definitions import Guideline, Knowledge, State

PLAN, ACTIVITY = "PlanDefinition", "ActivityDefinition"
TYPES = (f"{PLAN}/", f"{ACTIVITY}/")
"""How references to definitions begin."""

log = structlog.get_logger()


def with_posted(clinic: Clinic, conn: Connection, tenant: Tenant, knowledge: Knowledge) -> Knowledge:
    """The knowledge with the rules of one hospital beside those of all."""
    plans = [one for one in _definitions(clinic, conn, tenant, PLAN) if runs(one.half)]
    if not plans:
        return knowledge
    own = {name: one for one in _definitions(clinic, conn, tenant, ACTIVITY) for name in _names(one)}
    acts = Acts(knowledge.offers, own, partial(_name, clinic, tenant))
    rules = [found for found in (_rule(one, acts) for one in plans) if found is not None]
    by_id = sorted(rules, key=lambda one: one.rule.id)
    return replace(
        knowledge,
        guidelines=(*knowledge.guidelines, *(one for one in by_id if one.state is State.ON)),
        shadowed=(*knowledge.shadowed, *(one for one in by_id if one.state is State.SHADOW)),
    )


def _rule(found: Posted, acts: Acts) -> Guideline | None:
    try:
        return rule(found, acts)
    except Unreadable:
        log.error("posted rule not run", rule=found.name, version=found.version)
        return None


def _names(found: Posted) -> Iterator[str]:
    """By what a rule may name an act: its reference, its url, its url with the version."""
    yield f"{ACTIVITY}/{found.half['id']}"
    url, version = found.half.get("url"), found.half.get("version")
    if url:
        yield str(url)
        if version:
            yield f"{url}|{version}"


def _definitions(clinic: Clinic, conn: Connection, tenant: Tenant, type_: str) -> list[Posted]:
    stored = records.compartment(conn, tenant, TENANT_COMPARTMENT, type_)
    if not stored:
        return []
    keys = clinic.clinical.fetch(tenant, (TENANT_COMPARTMENT,))
    key = keys.get(TENANT_COMPARTMENT)
    if key is None:
        raise KeyGone
    return [
        Posted(_half(key, one), _evidence(one), _name(clinic, tenant, f"{type_}/{pseudonym(one.id)}"))
        for one in stored
        if one.clinical is not None
    ]


def _evidence(stored: StoredVersion) -> Evidence:
    return Evidence(f"{stored.type}/{pseudonym(stored.id)}/_history/{stored.version}")


def _half(key: ClinicalKey, stored: StoredVersion) -> Mapping[str, lossless.Json]:
    place = cipher.Place(
        stored.tenant, TENANT_COMPARTMENT, stored.type, stored.id, stored.version, CLINICAL_COLUMN
    )
    found: Mapping[str, lossless.Json] = lossless.loads(cipher.unseal(key, place, stored.clinical or b""))
    return found


def _name(clinic: Clinic, tenant: Tenant, text: str) -> str:
    """The name of a rule or act: a keyed hash, short enough to be read out."""
    found: StoredId = derived_id(clinic.clinical.index_key(tenant), TENANT_COMPARTMENT, "Rule", text)
    return f"posted-{base64.b32encode(found).decode().lower()[:12]}"
