"""How ids look to whoever reads: the tenant sees its own, a partner sees ids that no other partner sees.

Clinical halves name everything by pseudonyms, which nobody outside may see as they stand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from gateway.custody.identity import links
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import StoredId, Tenant, parse_pseudonym
from gateway.stored import Resource
from mappers.plan_identity import PLAN_SYSTEM
from mappers.r4 import references

OWN_SYSTEMS = "urn:careloom:"
"""What the systems of our own identifiers begin with: their values are made of stored ids."""
IDENTIFIER = "Identifier"

Show = Callable[[str, StoredId], str]
"""The id that stands for a resource (type, stored id) before a certain reader."""
Ref = tuple[str, StoredId]


def partner_view(vault: Vault, organization: Tenant) -> Show:
    """A partner sees every id, also of what an EHR sent, under its own organization's key."""
    return vault.outside(organization).show


def tenant_view(vault: Vault, tenant: Tenant, resources: Iterable[Resource]) -> Show:
    """The tenant sees its own ids; what Careloom derived has ids made for it."""
    return own_view(vault, tenant, {ref for r in resources for ref in _pseudonyms(r)})


def own_view(vault: Vault, tenant: Tenant, refs: Iterable[Ref]) -> Show:
    """The same for resources of which no more than type and stored id is known."""
    own = _own_ids(vault, tenant, sorted(refs))
    outside = vault.outside(tenant)

    def show(type_: str, stored: StoredId) -> str:
        return own.get((type_, stored)) or outside.show(type_, stored)

    return show


def _own_ids(vault: Vault, tenant: Tenant, refs: Sequence[Ref]) -> dict[Ref, str]:
    with vault.database.glance() as at:
        found = links.get(at, tenant, refs)
    keys = vault.identity.fetch(tenant, {link.compartment for link in found.values()})
    # What was moved to somebody who was erased later has no way back: an id is made for it.
    known = [(ref, link, keys.get(link.compartment)) for ref, link in found.items()]
    return {ref: links.open_link(key, link) for ref, link, key in known if key is not None}


def _pseudonyms(resource: Resource) -> Iterable[Ref]:
    for text in references.references(resource):
        ref = _parse(text)
        if ref is not None:
            yield ref


def _parse(text: str) -> Ref | None:
    found = references.parse(text)
    if not isinstance(found, references.Literal):
        return None
    stored = parse_pseudonym(found.id)
    return None if stored is None else (found.type, stored)


def dress(resource: Resource, show: Show) -> Resource:
    """A clinical half with every pseudonym replaced by what this reader sees."""

    def change(text: str) -> str:
        ref = _parse(text)
        if ref is None:
            return text
        _, _, version = text.partition("/_history/")
        return f"{ref[0]}/{show(*ref)}" + (f"/_history/{version}" if version else "")

    dressed = references.rewrite(resource, change)
    stored = parse_pseudonym(str(resource.get("id", "")))
    if stored is not None:
        dressed = {**dressed, "id": show(str(resource["resourceType"]), stored)}
    named: Resource = _identifiers(dressed, (str(resource.get("id", "")), str(dressed.get("id", ""))), show)
    return named


def _identifiers(value: Any, own: tuple[str, str], show: Show) -> Any:
    """Identifiers at any depth: one that kept its stored form would let two partners join what they hold.

    ``own`` is the resource's id as it is stored and as it is shown: its identifiers may say it again.
    """
    if isinstance(value, list):
        return [_identifiers(item, own, show) for item in value]
    if not isinstance(value, dict):
        return value
    if str(value.get("system", "")).startswith(OWN_SYSTEMS) and "value" in value:
        return {**value, "value": _identifier(value, own, show)}
    return {key: _identifiers(item, own, show) for key, item in value.items()}


def _identifier(identifier: Resource, own: tuple[str, str], show: Show) -> Any:
    text = str(identifier["value"])
    if identifier["system"] == PLAN_SYSTEM or text == own[0]:
        return own[1]
    stored = parse_pseudonym(text)
    return identifier["value"] if stored is None else show(IDENTIFIER, stored)
