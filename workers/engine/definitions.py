"""Knowledge as the engine holds it: rules, acts and medicines, compiled and linted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

from mappers.concept_maps import NO_MAPS, ConceptMaps
from mappers.facts import Evidence
from mappers.recommendations import ActKind, Rule, Target, Urgency
from workers.engine.expression import Expression
from workers.engine.readings import Lens
from workers.engine.sentences import Sentence


class Strength(Enum):
    """How strongly a source recommends, strongest first; each source's own grade stands beside it."""

    STRONG = "strong"
    MODERATE = "moderate"
    WEAK = "weak"
    EXPERT = "expert"


class State(Enum):
    """Whether a rule is asked, and whether anybody sees its answer; a recalled one is off for everybody."""

    ON = "on"
    OFF = "off"
    SHADOW = "shadow"
    RECALLED = "recalled"


class Pregnancy(Enum):
    """What a rule does about pregnancy. ``guarded``: the medicine's own guard asks or forbids."""

    ANY = "any"
    NOT_WHEN_PREGNANT = "not-when-pregnant"
    ONLY_WHEN_PREGNANT = "only-when-pregnant"
    GUARDED = "guarded"


class Lactation(Enum):
    """What a rule does about breastfeeding."""

    ANY = "any"
    NOT_WHEN_LACTATING = "not-when-lactating"
    GUARDED = "guarded"


class Caution(Enum):
    """What a medicine's guard does in pregnancy or breastfeeding: nothing; or forbid, and ask if unknown."""

    NONE = "none"
    CONTRAINDICATED = "contraindicated"


@dataclass(frozen=True, slots=True)
class Offer:
    """An act that rules may propose, from an ActivityDefinition; its id is the act's identity."""

    key: str
    kind: ActKind
    title: str
    codings: tuple[tuple[str, str, str], ...]
    options: tuple[str, ...]
    """Medicine classes to choose from, when the act starts one."""
    already: tuple[str, ...]
    """What counts as taking it already."""


@dataclass(frozen=True, slots=True)
class Danger:
    """An issue that an action raises, from its extension."""

    key: str
    title: str
    severity: str
    implicates: str
    """The name whose evidence is the danger: ``takes.metformin``."""


@dataclass(frozen=True, slots=True)
class Action:
    """One branch of a rule: when its conditions hold, an act, a danger or a target."""

    id: str
    conditions: tuple[Expression, ...]
    sentence: Sentence
    would_change: tuple[str, ...]
    urgency: Urgency
    offer: Offer | None
    danger: Danger | None
    goal: str | None
    due: Expression | None


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Whom a rule does not concern, and why."""

    description: str
    condition: Expression


@dataclass(frozen=True, slots=True)
class Threshold:
    """A number of a rule that a hospital may set otherwise, both bounds included."""

    name: str
    value: Decimal
    default: Decimal
    bounds: tuple[Decimal, Decimal]
    unit: str
    description: str


@dataclass(frozen=True, slots=True)
class Guideline:
    """One rule with everything that it must declare."""

    rule: Rule
    pack: str
    ages: tuple[int, int | None]
    pregnancy: Pregnancy
    lactation: Lactation
    lens: Lens
    exclusions: tuple[Exclusion, ...]
    review: date
    strength: Strength
    targets: Mapping[str, Target]
    actions: tuple[Action, ...]
    state: State = State.ON
    thresholds: tuple[Threshold, ...] = ()
    written: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """The PlanDefinition itself, from which the rule is read anew when a threshold is set."""
    stored: tuple[Evidence, ...] = ()
    """The versions in which a hospital posted it: evidence like the data that it looked at."""


@dataclass(frozen=True, slots=True)
class Contraindication:
    """A condition under which a medicine is not started, and the sentence that says so."""

    condition: Expression
    because: Sentence


@dataclass(frozen=True, slots=True)
class MedicineClass:
    """What is known of a class of medicines before one of it is started."""

    key: str
    display: str
    pregnancy: Caution
    lactation: Caution
    lens: Lens
    contraindications: tuple[Contraindication, ...]
    rule: Rule


@dataclass(frozen=True, slots=True)
class Pack:
    """A set of rules that is published together."""

    id: str
    version: str
    title: str
    date: str


@dataclass(frozen=True, slots=True)
class Knowledge:
    """All that the engine knows. ``guidelines`` are those that are on; ``digest`` changes with any of it."""

    packs: tuple[Pack, ...]
    guidelines: tuple[Guideline, ...]
    medicines: Mapping[str, MedicineClass]
    digest: str
    shadowed: tuple[Guideline, ...] = ()
    """Rules whose answers are counted and shown to nobody."""
    shelved: tuple[Guideline, ...] = ()
    """Rules that are off or recalled."""
    offers: Mapping[str, Offer] = field(default_factory=dict)
    maps: ConceptMaps = NO_MAPS
    """The hospital's own ConceptMaps, for whoever makes facts."""

    @property
    def every(self) -> tuple[Guideline, ...]:
        """All rules by their ids, whatever their state."""
        return tuple(sorted((*self.guidelines, *self.shadowed, *self.shelved), key=lambda one: one.rule.id))
