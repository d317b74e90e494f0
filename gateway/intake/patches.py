"""Patches: a change that is sent in place of a resource, and applied to the resource as it stands.

A patch is read before anything is looked up. It is applied to what its sender would read now, for the version
that this is; when another writer moves the head meanwhile, it is applied anew.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from gateway.custody import records
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import Tenant
from gateway.identities import Identities
from gateway.intake.entries import Entry, Standing
from gateway.intake.local import localised
from gateway.intake.looking import Looking
from gateway.intake.rights import UNKNOWN, Rights, unmet
from gateway.refusal import Issue, Kind, Refused, refused
from gateway.stored import Resource, Stored, document
from mappers import lossless
from mappers.r4 import fhirpath_patch, json_patch, validate
from mappers.r4.patching import CannotPatch

JSON_PATCH = "application/json-patch+json"
_OWN = ("versionId", "lastUpdated")
"""What the server says of a version is seen by a patch and not stored by it."""


class Change(msgspec.Struct, frozen=True):
    """A patch of one kind."""

    document: Any
    apply: Callable[[Any, Any], Any]
    operations: str
    """Where its operations stand, to be followed by ``[n]``."""


def of_json(patch: Any, base: str = "") -> Change:
    """A JSON Patch (RFC 6902). What it makes is told relative to ``base``."""
    return Change(patch, _local(json_patch.applied, base), "")


def of_parameters(parameters: Any, base: str = "") -> Change:
    """A FHIRPath Patch. What it makes is told relative to ``base``."""
    return Change(parameters, _local(fhirpath_patch.applied, base), "Parameters.parameter")


def _local(apply: Callable[[Any, Any], Any], base: str) -> Callable[[Any, Any], Any]:
    return lambda standing, patch: localised(apply(standing, patch), base)


def opened(entries: Sequence[Entry], base: str = "") -> list[Entry]:
    """The entries, each PATCH of a bundle with its change in place of the resource that bears it."""
    return [
        _opened(entry, base) if entry.method == "PATCH" and entry.change is None else entry
        for entry in entries
    ]


def _opened(entry: Entry, base: str) -> Entry:
    change = of_entry(entry.resource, f"{entry.at}.resource", base)
    return replace(entry, resource=None, change=change)


def of_entry(resource: object, at: str, base: str = "") -> Change:
    """What the PATCH entry of a bundle bears: Parameters, or a Binary that is a JSON Patch."""
    body: Mapping[str, Any] = resource if isinstance(resource, dict) else {}
    if body.get("resourceType") == "Parameters":
        return of_parameters(body, base)
    if body.get("resourceType") == "Binary" and body.get("contentType") == JSON_PATCH:
        return of_json(_decoded(body.get("data"), f"{at}.data"), base)
    text = f"A PATCH entry needs Parameters, or a Binary of the type {JSON_PATCH}."
    raise refused(Kind.INVALID, "required", text, at)


def _decoded(data: object, at: str) -> Any:
    try:
        return lossless.loads(base64.b64decode(str(data or ""), validate=True))
    except (binascii.Error, ValueError):
        raise refused(Kind.INVALID, "structure", "The data are no JSON in base64.", at) from None


def applied(
    vault: Vault, looking: Looking, tenant: Tenant, rights: Rights, entries: Sequence[Entry]
) -> list[Entry]:
    """The entries, each PATCH with the resource that it leads to and the version that this was made from."""
    if not any(entry.change for entry in entries):
        return list(entries)
    identities = Identities(vault, tenant)
    refs = [(e.type, identities.stored(e.type, e.id or "")) if e.change else None for e in entries]
    wanted = [ref for ref in refs if ref is not None]
    with vault.database.read() as conn:
        heads = records.heads(conn, tenant, wanted)
    standing = looking.originals(tenant, [ref for ref in wanted if ref in heads and not heads[ref].deleted])
    for entry, ref in zip(entries, refs, strict=True):
        if ref is not None and ref not in standing and rights.are_filtered(entry):
            looking.beside(tenant, *ref)
    return [
        entry if ref is None else _applied(entry, standing.get(ref), ref in heads, rights)
        for entry, ref in zip(entries, refs, strict=True)
    ]


def _applied(entry: Entry, stored: Stored | None, known: bool, rights: Rights) -> Entry:
    if stored is None or stored.body is None:
        if entry.if_match is Standing.ANY:
            raise unmet(entry)
        if known and not rights.are_filtered(entry):
            raise refused(Kind.GONE, "deleted", "This resource was deleted.", entry.at)
        raise refused(Kind.NOT_FOUND, "not-found", UNKNOWN, entry.at)
    rights.check_before(entry, stored.body)
    change: Change = entry.change
    try:
        made = change.apply(document(stored), change.document)
    except CannotPatch as refusal:
        raise _refused(entry, change, refusal) from None
    return replace(entry, resource=_checked(entry, stored.body, made), base=stored.version)


def _refused(entry: Entry, change: Change, refusal: CannotPatch) -> Refused:
    number = "" if refusal.operation is None else f"[{refusal.operation}]"
    at = ".".join(part for part in (f"{entry.at}.resource" if entry.at else "", change.operations) if part)
    # A JSON Patch is an array itself, and lies encoded where it comes in a bundle.
    where = f"{at}{number}" if change.operations and number else at or f"$this{number}"
    text = f"Operation {refusal.operation}: {refusal.text}" if number else refusal.text
    kind, code = (Kind.UNPROCESSABLE, "conflict") if refusal.unmet else (Kind.INVALID, "structure")
    return refused(kind, code, text, where)


def _checked(entry: Entry, before: Resource, made: object) -> Resource:
    """What a patch made, if it can stand in the resource's place."""
    names = ("resourceType", "id")
    if not isinstance(made, dict) or any(made.get(name) != before.get(name) for name in names):
        text = "A patch cannot change what a resource is, or its id."
        raise refused(Kind.UNPROCESSABLE, "business-rule", text, entry.at)
    body = _without_own(made)
    root = f"{entry.at}.resource" if entry.at else entry.type
    found = validate.problems(body, root)
    if found:
        raise Refused(Kind.UNPROCESSABLE, [Issue(p.code, p.text, p.expression) for p in found])
    return body


def _without_own(made: Resource) -> Resource:
    meta = made.get("meta")
    if not isinstance(meta, dict):
        return made
    rest = {name: value for name, value in meta.items() if name not in _OWN}
    others = {name: value for name, value in made.items() if name != "meta"}
    return {**others, "meta": rest} if rest else others
