"""Who is registered: organizations, clients and grants, as rows. ``registration`` adds the audit events.

A client's name is a label for people; its ``client_id`` is what it is known by, so two clients of one
organization may bear the same name while a key is being replaced.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, func, insert, select, update

from gateway.auth.actor import CEILING, Role
from gateway.auth.scopes import ScopeRefused, Scopes, parse
from gateway.auth.users import NO_TRUST, Trust
from gateway.custody import sandboxes
from gateway.custody.ids import Tenant
from gateway.custody.prepared import Prepared, Reading
from gateway.custody.sandboxes import Side
from gateway.custody.tables import access_grant, client, organization
from mappers.consent import Default

_TRUSTS_USERS, _BREAKS_GLASS = 1, 2


class RegistryRefused(ValueError):  # noqa: N818 - it reads as what happened
    """The registration cannot be made; the text says what to do instead."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A client before it has an id. Exactly one of ``jwks`` and ``jwks_url`` is given."""

    name: str
    role: Role
    scopes: Scopes
    jwks: str | None = None
    jwks_url: str | None = None
    fhir_endpoint: str | None = None
    trust: Trust = NO_TRUST


@dataclass(frozen=True, slots=True)
class Client:
    """A registered client. ``grants`` is empty for all but partners."""

    client_id: str
    name: str
    role: Role
    organization: Tenant
    scopes: Scopes
    jwks: str | None
    jwks_url: str | None
    fhir_endpoint: str | None
    created: int
    revoked: int | None
    trust: Trust = NO_TRUST


@dataclass(frozen=True, slots=True)
class Grant:
    """A partner's leave to read one organization's pseudonymous plans."""

    client_id: str
    tenant: Tenant
    organization: str
    created: int
    revoked: int | None
    profile: str | None = None
    consent: str = Default.OPT_OUT.value
    """What holds for patients who have said nothing."""


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms a grant is given: the release profile, and what silence means."""

    profile: str | None = None
    consent: Default = Default.OPT_OUT


THE_USUAL = Terms()


def check(draft: Draft) -> None:
    """Refuse what this role can never do, rather than register rights that would be ignored."""
    if not draft.name.strip():
        raise RegistryRefused("the name is empty")
    if not draft.scopes or draft.scopes.within(CEILING[draft.role]) != draft.scopes:
        raise RegistryRefused(
            f"a client of role {draft.role.value} may be given at most {CEILING[draft.role]}"
        )
    if (draft.jwks is None) == (draft.jwks_url is None):
        raise RegistryRefused("give either --jwks or --jwks-url")
    if draft.fhir_endpoint is not None and draft.role is not Role.EHR:
        raise RegistryRefused("only an EHR has a --fhir-endpoint")
    if draft.trust.break_glass and not draft.trust.users:
        raise RegistryRefused("--break-glass needs --trust-users: nobody breaks the glass without a name")


def add_organization(conn: Connection, name: str, now: int) -> Tenant:
    """The number of an organization, made when it is new."""
    found = find_organization(conn, name)
    if found is not None:
        return found
    if not name.strip():
        raise RegistryRefused("the organization's name is empty")
    number = Tenant((conn.execute(select(func.max(organization.c.number))).scalar() or 0) + 1)
    conn.execute(insert(organization).values(number=number, name=name, created=now))
    return number


def find_organization(conn: Connection, name: str) -> Tenant | None:
    found = conn.execute(select(organization.c.number).where(organization.c.name == name)).scalar()
    return None if found is None else Tenant(found)


def organization_names(conn: Connection) -> dict[Tenant, str]:
    rows = conn.execute(select(organization.c.number, organization.c.name))
    return {Tenant(number): name for number, name in rows}


def add_client(conn: Connection, client_id: str, owner: Tenant, draft: Draft, now: int) -> None:
    """Register a client under an id that the caller drew."""
    check(draft)
    conn.execute(
        insert(client).values(
            client_id=client_id,
            name=draft.name,
            role=draft.role.value,
            organization=owner,
            scope=str(draft.scopes),
            jwks=draft.jwks,
            jwks_url=draft.jwks_url,
            fhir_endpoint=draft.fhir_endpoint,
            created=now,
            trust=_TRUSTS_USERS * draft.trust.users + _BREAKS_GLASS * draft.trust.break_glass,
        )
    )


def find_client(conn: Connection, client_id: str) -> Client | None:
    row = conn.execute(select(client).where(client.c.client_id == client_id)).one_or_none()
    return None if row is None else _client(row)


def clients(conn: Connection) -> list[Client]:
    """All clients, oldest first, revoked ones too."""
    return [
        _client(row) for row in conn.execute(select(client).order_by(client.c.created, client.c.client_id))
    ]


def revoke_client(conn: Connection, client_id: str, now: int) -> Client:
    """End a client: its tokens are joined to it at each use, so they end with it."""
    found = find_client(conn, client_id)
    if found is None:
        raise RegistryRefused("no client has this id; see `careloom client list`")
    if found.revoked is None:
        conn.execute(update(client).where(client.c.client_id == client_id).values(revoked=now))
    return found


def add_grant(
    conn: Connection, client_id: str, organization_name: str, now: int, terms: Terms = THE_USUAL
) -> Tenant:
    """Let a partner read one organization's pseudonymous plans, on these terms."""
    tenant = _granting(conn, client_id, organization_name)
    _check_sides(conn, client_id, tenant)
    said = {"consent": terms.consent.value, "profile": terms.profile}
    values = {**said, "created": now, "revoked": None}
    known = conn.execute(update(access_grant).where(*_is(client_id, tenant)).values(**values))
    if not known.rowcount:
        conn.execute(insert(access_grant).values(client_id=client_id, tenant=tenant, **values))
    return tenant


def revoke_grant(conn: Connection, client_id: str, organization_name: str, now: int) -> Tenant:
    """End a grant; what the partner asks from now on no longer reaches that organization."""
    tenant = _granting(conn, client_id, organization_name)
    changed = conn.execute(
        update(access_grant)
        .where(*_is(client_id, tenant), access_grant.c.revoked.is_(None))
        .values(revoked=now)
    )
    if not changed.rowcount:
        raise RegistryRefused("there is no such grant; see `careloom grant list`")
    return tenant


def grants(conn: Connection) -> list[Grant]:
    """All grants, revoked ones too."""
    names = organization_names(conn)
    rows = conn.execute(select(access_grant).order_by(access_grant.c.client_id, access_grant.c.tenant))
    return [
        Grant(
            client_id=r.client_id,
            tenant=Tenant(r.tenant),
            organization=names[Tenant(r.tenant)],
            created=r.created,
            revoked=r.revoked,
            profile=r.profile,
            consent=r.consent,
        )
        for r in rows
    ]


_STANDING = (access_grant.c.client_id == bindparam("client_id"), access_grant.c.revoked.is_(None))
_GRANTED = Prepared(select(access_grant.c.tenant).where(*_STANDING).order_by(access_grant.c.tenant))
_PROFILES = Prepared(select(access_grant.c.tenant, access_grant.c.profile).where(*_STANDING))


def granted(at: Reading, client_id: str) -> tuple[Tenant, ...]:
    """The organizations that a partner may read now, in order."""
    return tuple(Tenant(number) for (number,) in _GRANTED.rows(at, client_id=client_id))


def opt_in(conn: Connection, client_id: str) -> frozenset[Tenant]:
    """Where a partner needs a patient's permit; a grant that says anything but opt-out asks for one."""
    rows = conn.execute(
        select(access_grant.c.tenant).where(
            access_grant.c.client_id == client_id, access_grant.c.consent != Default.OPT_OUT.value
        )
    )
    return frozenset(Tenant(row.tenant) for row in rows)


def profiles(at: Reading, client_id: str) -> dict[Tenant, str | None]:
    """The release profile of each of a partner's grants; None where it is the installation's."""
    return {Tenant(number): name for number, name in _PROFILES.rows(at, client_id=client_id)}


def of_side(conn: Connection, name: str, now: int, side: Side) -> Tenant:
    """The number of an organization on a side, made when it is new; the same name is not on both."""
    known = find_organization(conn, name)
    number = add_organization(conn, name, now) if known is None else known
    if known is None and side is not Side.REAL:
        sandboxes.mark(conn, number, side)
    if sandboxes.side_of(conn, number) is not side:
        raise RegistryRefused(
            "what is real and the sandbox never mix: use --sandbox for the sandbox and its partners alone"
        )
    return number


def sandbox(conn: Connection) -> Tenant:
    """The sandbox that is open."""
    found = sandboxes.found(conn)
    if found is None:
        raise RegistryRefused("no sandbox is open; `careloom sandbox open` makes one")
    return found


def _check_sides(conn: Connection, client_id: str, tenant: Tenant) -> None:
    found = find_client(conn, client_id)
    partners = Side.REAL if found is None else sandboxes.side_of(conn, found.organization)
    of_tenant = sandboxes.side_of(conn, tenant)
    if (partners, of_tenant) not in ((Side.REAL, Side.REAL), (Side.TRYING, Side.SANDBOX)):
        raise RegistryRefused(
            "what is real and the sandbox never mix: this client and this organization do not meet"
        )


def _granting(conn: Connection, client_id: str, organization_name: str) -> Tenant:
    found = find_client(conn, client_id)
    if found is None or found.revoked is not None:
        raise RegistryRefused("no client in use has this id; see `careloom client list`")
    if found.role is not Role.PARTNER:
        raise RegistryRefused("only a partner is given grants: an EHR reads its own organization, always")
    tenant = find_organization(conn, organization_name)
    if tenant is None:
        raise RegistryRefused("no organization has this name; it is made with its first client")
    return tenant


def _is(client_id: str, tenant: Tenant) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (access_grant.c.client_id == client_id, access_grant.c.tenant == tenant)


def _client(row: Row[Any]) -> Client:
    values = row._mapping
    return Client(
        client_id=values["client_id"],
        name=values["name"],
        role=Role(values["role"]),
        organization=Tenant(values["organization"]),
        scopes=parse_stored(values["scope"]),
        jwks=values["jwks"],
        jwks_url=values["jwks_url"],
        fhir_endpoint=values["fhir_endpoint"],
        created=values["created"],
        revoked=values["revoked"],
        trust=Trust(bool(values["trust"] & _TRUSTS_USERS), bool(values["trust"] & _BREAKS_GLASS)),
    )


def parse_stored(text: str) -> Scopes:
    """Scopes that we wrote ourselves; when they cannot be read they allow nothing."""
    try:
        return parse(text)
    except ScopeRefused:
        return Scopes(())
