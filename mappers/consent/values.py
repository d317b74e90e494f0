"""The values of a consent decision. None, wherever an answer may stand, means that it cannot be told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from mappers.parties import Name

Answer = bool | None
Code = tuple[str, str]
"""System and code."""


class Effect(Enum):
    """What a rule does."""

    PERMIT = "permit"
    DENY = "deny"

    @property
    def opposite(self) -> Effect:
        return Effect.PERMIT if self is Effect.DENY else Effect.DENY


class Default(Enum):
    """What holds for a patient who has said nothing: ``opt-out`` permits, ``opt-in`` denies."""

    OPT_OUT = "opt-out"
    OPT_IN = "opt-in"

    @property
    def effect(self) -> Effect:
        return Effect.PERMIT if self is Default.OPT_OUT else Effect.DENY


@dataclass(frozen=True, slots=True)
class Span:
    """From ``start`` up to, not including, ``end``, in UTC; None where it is open."""

    start: datetime | None
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Party:
    """Whom a provision names: by which of Careloom's identifiers, of which type, whether as a recipient."""

    names: frozenset[Name]
    type: str | None
    recipient: bool


@dataclass(frozen=True, slots=True)
class Data:
    """One instance that a provision names, and what ``related`` reaches from it; None where not known."""

    meaning: str
    reference: str | None
    reaches: frozenset[str] | None


_APART = frozenset({"labels", "classes", "codes", "data_period", "data"})
_CONSTRAINTS = ("actors", "actions", "purposes", "labels", "classes", "codes", "data_period", "data")


@dataclass(frozen=True, slots=True)
class Provision:
    """A rule and the exceptions to it. An empty tuple is no constraint; None in one, what cannot be read."""

    effect: Effect
    period: Span | None = None
    actors: tuple[Party, ...] = ()
    actions: tuple[str | None, ...] = ()
    purposes: tuple[str | None, ...] = ()
    labels: tuple[Code | None, ...] = ()
    classes: tuple[Code | None, ...] = ()
    codes: tuple[Code | None, ...] = ()
    data_period: Span | None = None
    data: tuple[Data, ...] = ()
    nested: tuple[Provision, ...] = ()

    @property
    def constraints(self) -> frozenset[str]:
        """The kinds of constraint that it has, but for the time in which it holds."""
        return frozenset(name for name in _CONSTRAINTS if getattr(self, name))


@dataclass(frozen=True, slots=True)
class Consent:
    """An active Consent: what its policy rule says, the exception to that, or why it cannot be read."""

    reference: str
    """``Consent/<id>/_history/<version>``."""
    base: Effect | None = None
    root: Provision | None = None
    unreadable: str = ""

    @property
    def tells_resources_apart(self) -> bool:
        """Whether it may say one thing of one resource of the patient and another of the next."""
        return any(not one.constraints.isdisjoint(_APART) for one in self.provisions)

    @property
    def provisions(self) -> Iterator[Provision]:
        """Every rule in it, the root first."""
        waiting = [] if self.root is None else [self.root]
        while waiting:
            one = waiting.pop()
            yield one
            waiting += one.nested


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks for what, when, and what for; ``purposes`` holds broader ones too, None when nobody said."""

    names: frozenset[Name]
    actions: frozenset[str]
    purposes: frozenset[str] | None
    now: datetime
    """In UTC, without a zone."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The resource that is asked for, as far as provisions look at it; references are local, unversioned."""

    type: str
    reference: str = ""
    codes: frozenset[Code] = frozenset()
    labels: frozenset[Code] = frozenset()
    profiles: frozenset[str] = frozenset()
    span: Span | None = None
    """What time its content is about; None when it does not say."""
    refers_to: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What else of the tenant a Consent leans on, by local reference; what is not there is not known."""

    parties: Mapping[str, frozenset[Name]] = field(default_factory=dict)
    """Identifiers of Organizations and Devices that provisions name."""
    reaches: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """References of the instances that provisions name with the meaning ``related``."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided, the Consents (with versions) that it rests on, and why, in our own words."""

    effect: Effect
    rested_on: tuple[str, ...]
    why: str

    @property
    def permits(self) -> bool:
        return self.effect is Effect.PERMIT
