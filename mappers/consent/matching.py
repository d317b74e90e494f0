"""Whether a provision's own constraints hold for a request: true, false, or not to be told (law 8).

Alternatives of one constraint are joined by "or"; constraints by "and". Labels are read the stricter way: a
permit wants every label that it names, a deny any of them; and a confidentiality is a high-water mark for a
permit and a threshold for a deny.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

from mappers.consent.times import covers, holds
from mappers.consent.values import Answer, Code, Data, Effect, Party, Provision, Request, Subject
from mappers.parties import DEVICE

CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
RESOURCE_TYPES = "http://hl7.org/fhir/resource-types"
PROFILES = "urn:ietf:rfc:3986"
_RANK = {code: rank for rank, code in enumerate("ULMNRV")}
_NORMAL = _RANK["N"]

_NEVER_A_PARTY = frozenset({"Patient", "Practitioner", "RelatedPerson"})
_NEVER_THE_ENGINE = _NEVER_A_PARTY | {"CareTeam", "Organization", "PractitionerRole"}


def every(answers: Iterable[Answer]) -> Answer:
    """Kleene's "and"."""
    found = set(answers)
    return False if False in found else None if None in found else True


def either(answers: Iterable[Answer]) -> Answer:
    """Kleene's "or"."""
    found = set(answers)
    return True if True in found else None if None in found else False


def matches(provision: Provision, request: Request, subject: Subject) -> Answer:
    """Whether it is about this request, going by itself alone."""
    return every(_answers(provision, request, subject))


def _answers(provision: Provision, request: Request, subject: Subject) -> Iterator[Answer]:
    if provision.period is not None:
        yield covers(provision.period, request.now)
    if provision.actors:
        yield either(map(partial(_is, request), provision.actors))
    if provision.actions:
        yield either(None if one is None else one in request.actions for one in provision.actions)
    if provision.purposes:
        yield either(_for(request, one) for one in provision.purposes)
    if provision.labels:
        yield _labelled(provision, subject)
    if provision.classes:
        yield either(map(partial(_of_class, subject), provision.classes))
    if provision.codes:
        yield either(None if one is None else one in subject.codes for one in provision.codes)
    if provision.data_period is not None:
        # Who somebody is, is of no time; of all else that bears no date nobody can tell.
        yield subject.type != "Patient" and holds(provision.data_period, subject.span)
    if provision.data:
        yield either(map(partial(_is_data, subject), provision.data))


def _is(request: Request, party: Party) -> Answer:
    if party.names:
        return bool(party.names & request.names)
    if not party.recipient:
        return None
    engine = all(system == DEVICE for system, _ in request.names)
    return False if party.type in (_NEVER_THE_ENGINE if engine else _NEVER_A_PARTY) else None


def _for(request: Request, purpose: str | None) -> Answer:
    return None if purpose is None or request.purposes is None else purpose in request.purposes


def _labelled(provision: Provision, subject: Subject) -> Answer:
    join = every if provision.effect is Effect.PERMIT else either
    return join(_bears(provision.effect, subject, label) for label in provision.labels)


def _bears(effect: Effect, subject: Subject, label: Code | None) -> Answer:
    if label is None:
        return None
    if label[0] != CONFIDENTIALITY:
        return label in subject.labels
    if label[1] not in _RANK:
        return None
    own = max(
        (_RANK.get(code, _NORMAL) for system, code in subject.labels if system == CONFIDENTIALITY),
        default=_NORMAL,
    )
    return own <= _RANK[label[1]] if effect is Effect.PERMIT else own >= _RANK[label[1]]


def _of_class(subject: Subject, found: Code | None) -> Answer:
    """A resource type or a profile; of which document type a resource is, nobody says in one place."""
    if found is None:
        return None
    system, code = found
    if system == RESOURCE_TYPES:
        return code == subject.type
    return True if system == PROFILES and code in subject.profiles else None


def _is_data(subject: Subject, data: Data) -> Answer:
    if data.reference is None:
        return None
    if data.reference == subject.reference:
        return True
    if data.meaning == "instance":
        return False
    if data.meaning == "dependents":
        return data.reference in subject.refers_to
    if data.meaning == "related":
        return None if data.reaches is None else subject.reference in data.reaches
    # Who wrote a resource stands in many places or in none.
    return True if data.reference in subject.refers_to else None
