"""A policy: which elements of R4 stay, and as what, read from TOML and refused when it says nothing.

An allow-list, one line for each element or data type. ``[elements]`` names places (``Patient.birthDate``,
``MedicationRequest.medicationCodeableConcept.coding.display``, ``Coding.display``), ``[types]`` data types;
the most exact line decides, and what no line names is withheld. ``[extensions]`` and ``[modifiers]`` list
extensions by url. A ``release`` policy is laid over clinical halves, from which identity is gone already, so
there what no line names stays. ``[ages]`` lists codes, by system, whose values are somebody's age.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

from gateway.privacy.elements import exists
from gateway.privacy.generalise import FOR_RELEASES, GENERALISERS, MEASURES
from gateway.privacy.text import GRAMMARS

CLINICAL = "clinical"
PARTNER_LIMITED = "partner-limited"
PARTNER_SAFE_HARBOR = "partner-safe-harbor"
PARTNER_SHIFTED = "partner-shifted"
PROFILES = (PARTNER_LIMITED, PARTNER_SAFE_HARBOR, PARTNER_SHIFTED)
"""The release profiles that a grant may name."""
SHIPPED = (CLINICAL, *PROFILES)


class PolicyRefused(ValueError):  # noqa: N818 - it reads as what happened
    """The policy cannot be used"""

    def __init__(self, source: str, faults: list[str]) -> None:
        super().__init__(f"{self.__doc__} ({source}): {'; '.join(faults)}")
        self.faults = tuple(faults)


class Verb(Enum):
    """What becomes of an element."""

    KEEP = "keep"
    PARTS = "parts"
    CODED = "coded"
    PSEUDONYM = "pseudonym"
    NAME = "pseudonym-url"
    GENERALISE = "generalise"
    MATCHING = "keep-matching"
    SHIFT = "shift"
    SHIFT_DAY = "shift-day"
    YEAR = "year"
    WITHHOLD = "withhold"
    MASK = "mask"
    REFUSE = "refuse"


class Kind(Enum):
    """What a policy is for: to split what an EHR sent, or to release a clinical half."""

    SPLIT = "split"
    RELEASE = "release"


@dataclass(frozen=True, slots=True)
class Action:
    """A verb and, for two of them, how: the grammar or the generalisation."""

    verb: Verb
    how: str = ""

    def __str__(self) -> str:
        return f"{self.verb.value} {self.how}".strip()


@dataclass(frozen=True, slots=True)
class Extension:
    """An extension that may stay: the codes that it may bear, and the urls of the parts inside it."""

    codes: frozenset[str] = frozenset()
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Policy:
    """One policy; compared by identity, so that what is compiled from it can be remembered."""

    name: str
    version: str
    """As its author counts; empty when the file names none."""
    digest: str
    """SHA-256 of the file's text: what an officer signed is this and nothing else."""
    purpose: str
    kind: Kind
    lines: Mapping[str, Action]
    extensions: Mapping[str, Extension]
    modifiers: Mapping[str, Extension]
    ages: frozenset[tuple[str, str]]
    """System and code of what is measured when an age is."""
    own_codes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By system: codes of the hospital's own to which its ConceptMaps give a meaning, one by one."""


_HOW = {
    Verb.GENERALISE: GENERALISERS.keys() | MEASURES,
    Verb.MATCHING: GRAMMARS.keys(),
}
_TABLES = frozenset(
    {"name", "version", "purpose", "kind", "types", "elements", "extensions", "modifiers", "ages"}
)
_RELEASED = frozenset({Verb.SHIFT, Verb.SHIFT_DAY, Verb.YEAR})
"""Whoever sees data arrive can tell the shift, and only the day of a release tells who is over 89."""


def load(name_or_path: str | Path) -> Policy:
    """A shipped policy by its name, or one of your own by its path."""
    source = str(name_or_path)
    if source in SHIPPED:
        shipped = files("gateway.privacy").joinpath("policies", f"{source}.toml")
        return parse(shipped.read_text("utf-8"), source)
    try:
        return parse(Path(name_or_path).read_text("utf-8"), source)
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyRefused(source, [f"cannot be read: {type(error).__name__}"]) from error


@cache
def shipped(name: str) -> Policy:
    """A shipped release profile, read once."""
    if name not in PROFILES:
        raise PolicyRefused(name, ["it is no release profile that ships with Careloom"])
    return load(name)


def load_as(
    kind: Kind, name_or_path: str | Path, own_codes: Mapping[str, frozenset[str]] | None = None
) -> Policy:
    """A policy for one use: one of the other kind would split nothing, or release everything.

    A line that names what R4 does not have is refused: in a release, what it meant to take away would stay.
    """
    policy = load(name_or_path)
    if nowhere := [line for line in policy.lines if not exists(line)]:
        raise PolicyRefused(policy.name, [f"R4 has no {line}" for line in nowhere])
    if policy.kind is not kind:
        raise PolicyRefused(policy.name, [f"it is of kind {policy.kind.value}; here it must be {kind.value}"])
    return replace(policy, own_codes=own_codes) if own_codes else policy


def parse(text: str, source: str) -> Policy:
    """The policy that a TOML text is; every fault is named at once."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyRefused(source, [f"is not TOML: {error}"]) from error
    faults = [f"unknown table or key '{key}'" for key in sorted(table.keys() - _TABLES)]
    policy = Policy(
        name=str(table.get("name", "")),
        version=str(table.get("version", "")),
        digest=sha256(text.encode()).hexdigest(),
        purpose=str(table.get("purpose", "")),
        kind=_kind(table.get("kind"), faults),
        lines=_lines(table, faults),
        extensions=_extensions(table, "extensions", faults),
        modifiers=_extensions(table, "modifiers", faults),
        ages=_ages(table, faults),
    )
    if policy.kind is Kind.SPLIT:
        faults += [f"'{line}': only a release can {a}" for line, a in policy.lines.items() if _released(a)]
    if not policy.name:
        faults.append("it has no name")
    if not policy.lines:
        faults.append("it has no line: an empty policy allows nothing and is not what anybody means")
    if faults:
        raise PolicyRefused(source, faults)
    return policy


def _released(action: Action) -> bool:
    return action.verb in _RELEASED or action.how in FOR_RELEASES


def _kind(text: object, faults: list[str]) -> Kind:
    try:
        return Kind(text)
    except ValueError:
        faults.append("kind must be 'split' or 'release'")
        return Kind.SPLIT


def _lines(table: Mapping[str, Any], faults: list[str]) -> dict[str, Action]:
    lines: dict[str, Action] = {}
    for section, dotted in (("types", False), ("elements", True)):
        for pattern, text in _section(table, section, faults).items():
            action = _action(pattern, text, faults)
            if ("." in pattern) is not dotted:
                faults.append(f"'{pattern}' does not belong in [{section}]")
            elif action:
                lines[pattern] = action
    return lines


def _section(table: Mapping[str, Any], name: str, faults: list[str]) -> Mapping[str, Any]:
    section = table.get(name, {})
    if isinstance(section, dict):
        return section
    faults.append(f"[{name}] must be a table")
    return {}


def _action(pattern: str, text: object, faults: list[str]) -> Action | None:
    word, _, how = text.partition(" ") if isinstance(text, str) else ("", "", "")
    try:
        verb = Verb(word)
    except ValueError:
        faults.append(f"'{pattern}': unknown action")
        return None
    known = _HOW.get(verb)
    if (known is None and how) or (known is not None and how not in known):
        faults.append(f"'{pattern}': '{verb.value}' does not know '{how}'")
        return None
    return Action(verb, how)


def _extensions(table: Mapping[str, Any], name: str, faults: list[str]) -> dict[str, Extension]:
    found: dict[str, Extension] = {}
    for url, value in _section(table, name, faults).items():
        fields: dict[str, Any] = value if isinstance(value, dict) else {"": None}
        lists: dict[str, Any] = {key: fields.get(key, []) for key in ("codes", "parts")}
        if fields.keys() - lists.keys() or not all(isinstance(entry, list) for entry in lists.values()):
            faults.append(f"[{name}] '{url}': write {{}}, {{ codes = […] }} or {{ parts = […] }}")
        else:
            found[url] = Extension(frozenset(lists["codes"]), tuple(lists["parts"]))
    return found


def _ages(table: Mapping[str, Any], faults: list[str]) -> frozenset[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for system, codes in _section(table, "ages", faults).items():
        if isinstance(codes, list) and all(isinstance(code, str) for code in codes):
            found |= {(system, code) for code in codes}
        else:
            faults.append(f"[ages] '{system}': write a list of codes")
    return frozenset(found)
