"""Definitions that are to run, looked at before they are taken in: nobody is to believe in what does not run.

An active PlanDefinition or ActivityDefinition is held to what Careloom runs; every fault has its place. What
the policy would withhold from workers is a fault, too: they would see a rule with a hole in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.auth.actor import Actor
from gateway.custody.identity.vault import Vault
from gateway.identities import resolve
from gateway.intake.entries import Entry
from gateway.intake.looking import Looking
from gateway.intake.versions import Outcome
from gateway.privacy.policy import Policy
from gateway.privacy.split import split
from gateway.refusal import Issue, Kind, Refused
from gateway.stored import Resource
from mappers.r4 import references
from workers.engine.applying.runnable import Fault, faults, runs

PLAN, ACTIVITY = "PlanDefinition", "ActivityDefinition"
TYPES = frozenset({PLAN, ACTIVITY})


@dataclass(frozen=True, slots=True)
class Running:
    """Holds definitions to what runs, by what is stored and what comes along."""

    vault: Vault
    policy: Policy
    looking: Looking

    def check(self, actor: Actor, entries: Sequence[Entry]) -> None:
        """Refuse an active definition that would not run; every fault of all of them at once."""
        along = [one.resource for one in entries if one.resource is not None and one.type == ACTIVITY]
        found: list[Issue] = []
        for entry in entries:
            if entry.type in TYPES and entry.resource is not None and runs(entry.resource):
                found += self._faults(actor, entry, entry.resource, along)
        if found:
            raise Refused(Kind.UNPROCESSABLE, found)

    def _faults(
        self, actor: Actor, entry: Entry, resource: Resource, along: Sequence[Resource]
    ) -> list[Issue]:
        def find(canonical: str) -> Mapping[str, Any] | None:
            came = next((one for one in along if _is_meant(one, canonical)), None)
            return came if came is not None else self._stored(actor, canonical)

        told = faults(resource, find) or tuple(self._withheld(resource))
        at = f"{entry.at}.resource" if entry.at else entry.type
        return [Issue("not-supported", one.text, at + one.where.removeprefix(entry.type)) for one in told]

    def _stored(self, actor: Actor, canonical: str) -> Resource | None:
        literal = references.parse(canonical)
        if isinstance(literal, references.Literal):
            ids = [literal.id] if literal.type == ACTIVITY else []
        else:
            url, _, version = canonical.partition("|")
            asked = [("url", url), *([("version", version)] if version else [])]
            ids = self.looking.find(actor, ACTIVITY, asked)
        if len(ids) != 1:
            return None
        ref = (ACTIVITY, resolve(self.vault, actor.organization, ACTIVITY, ids[0]))
        known = self.looking.originals(actor.organization, [ref]).get(ref)
        return None if known is None else known.body

    def _withheld(self, resource: Resource) -> Iterator[Fault]:
        """What workers would not see of it: the faults of its words are not told by their grammar."""
        half = split(resource, self.policy, lambda _kind, _text: "x").clinical
        type_ = resource["resourceType"]
        if half is None:
            yield Fault("It bears a modifier that Careloom does not know.", type_)
            return
        if type_ == PLAN:
            yield from _holes(half, PLAN)
        elif not _coded(half):
            yield Fault(_CODE, f"{type_}.code")
        for place, one in enumerate(half.get("contained", ())):
            if one["resourceType"] == ACTIVITY and not _coded(one):
                yield Fault(_CODE, f"{type_}.contained[{place}].code")


_CODE = "The code is of no published system that workers may see; give one of LOINC, SNOMED CT or the like."
_HOLE = "Workers may see named facts, numbers of up to four digits and the listed words of facts; not this."


def concern(outcomes: Iterable[Outcome]) -> bool:
    """Whether what was done may change what runs: all but a draft that comes for the first time."""
    return any(
        one.sealed is not None
        and one.entry.type in TYPES
        and (one.target.version > 1 or (one.entry.resource is not None and runs(one.entry.resource)))
        for one in outcomes
    )


def _holes(half: Mapping[str, Any], where: str) -> Iterator[Fault]:
    for place, one in enumerate(half.get("action", ())):
        at = f"{where}.action[{place}]"
        for number, condition in enumerate(one.get("condition", ())):
            if "expression" not in condition.get("expression", {}):
                yield Fault(_HOLE, f"{at}.condition[{number}].expression.expression")
        yield from _holes(one, at)


def _coded(half: Mapping[str, Any]) -> bool:
    return any("system" in one and "code" in one for one in half.get("code", {}).get("coding", ()))


def _is_meant(one: Resource, canonical: str) -> bool:
    url, _, version = canonical.partition("|")
    by_url = one.get("url") == url and version in ("", one.get("version"))
    return by_url or canonical == f"{ACTIVITY}/{one.get('id')}"
