"""Reads a knowledge file and notes every fault in it, so that a pack is refused with all of them at once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import Enum
from typing import Any, TypeVar

from workers.engine.calendar import Span
from workers.engine.expression import Expression, ExpressionFault, compiled
from workers.engine.known import Type
from workers.engine.names import catalogue
from workers.engine.readings import AMBULATORY, ANYWHERE, Lens
from workers.engine.sentences import Sentence

E = TypeVar("E", bound=Enum)
Node = Mapping[str, Any]
FHIRPATH = "text/fhirpath"
THRESHOLD = re.compile(r"%threshold\.(\w+)")
SHOWN = re.compile(r"\{threshold\.(\w+)\}")


@dataclass(frozen=True, slots=True)
class Sheet:
    """One node of a file, the place that a fault in it is reported at, and the faults of the whole load."""

    node: Node
    where: str
    faults: list[str]
    words: Mapping[str, str] = field(default_factory=dict)
    """What the rule's thresholds are set to, as an expression spells them."""

    def fault(self, text: str) -> None:
        """Note what is wrong here."""
        self.faults.append(f"{self.where}: {text}")

    def at(self, node: object, where: str) -> Sheet:
        """A node below this one."""
        found = node if isinstance(node, Mapping) else {}
        return replace(self, node=found, where=f"{self.where} {where}".strip())

    def text(self, key: str) -> str:
        """A text that must be there and say something."""
        found = self.node.get(key)
        if not isinstance(found, str) or not found.strip():
            self.fault(f"{key} is missing or empty")
            return ""
        return found

    def day(self, key: str) -> date:
        """A whole date that must be there."""
        try:
            return date.fromisoformat(self.text(key))
        except ValueError:
            self.fault(f"{key} is no date")
            return date.max

    def choice(self, key: str, kind: type[E]) -> E:
        """One of a closed set of codes."""
        found = self.text(key)
        try:
            return kind(found)
        except ValueError:
            codes = ", ".join(one.value for one in kind)
            self.fault(f"{key} is {found!r}, not one of {codes}")
            return next(iter(kind))

    def children(self, key: str) -> tuple[Sheet, ...]:
        """The nodes of a list, each with its place."""
        found = self.node.get(key)
        items = found if isinstance(found, Sequence) and not isinstance(found, str) else ()
        return tuple(self.at(item, f"{key}[{number}]") for number, item in enumerate(items))

    def extensions(self, url: str) -> tuple[Sheet, ...]:
        """The values of an extension, simple or with parts, flattened to one node each."""
        found = [one for one in self.children("extension") if one.node.get("url") == url]
        return tuple(self.at(_flat(one.node), url) for one in found)

    def extension(self, url: str) -> Sheet:
        """The value of an extension that must be there once."""
        found = self.extensions(url)
        if len(found) != 1:
            self.fault(f"{url} must be declared once, not {len(found)} times")
        return found[0] if found else self.at({}, url)

    def condition(self, node: object, expected: Type, lens: Lens) -> Expression | None:
        """A FHIRPath expression that parses, names only what is known, and reads only what is declared."""
        sheet = self.at(node, "")
        if sheet.text("language") != FHIRPATH:
            sheet.fault(f"the language of an expression must be {FHIRPATH}")
        text = sheet.worded(sheet.text("expression"), THRESHOLD)
        try:
            found = compiled(text, _type_of)
        except ExpressionFault as fault:
            sheet.fault(f"expression {text!r}: {fault}")
            return None
        if found.type is not expected:
            sheet.fault(f"expression {text!r} gives a {found.type.value}, not a {expected.value}")
        self.reads(found.names, lens)
        return found

    def worded(self, text: str, pattern: re.Pattern[str]) -> str:
        """A text with the rule's thresholds in the place of their names."""

        def word(found: re.Match[str]) -> str:
            name = found.group(1)
            if name not in self.words:
                self.fault(f"threshold {name} is not declared")
            return self.words.get(name, "0")

        return pattern.sub(word, text)

    def sentence(self, key: str, lens: Lens) -> Sentence:
        """A text whose names are known and declared."""
        found = Sentence.of(self.worded(self.text(key), SHOWN))
        for name in found.names:
            if _type_of(name) is None or name == "today":
                self.fault(f"{{{name}}} is no known fact")
        self.reads([name for name in found.names if name in catalogue()], lens)
        return found

    def reads(self, names: Sequence[str] | Mapping[str, int], lens: Lens) -> None:
        """Each analyte behind a name must have a declared greatest age."""
        for analyte in dict.fromkeys(read for name in names for read in catalogue()[name].reads):
            if analyte not in lens.ages:
                self.fault(f"reads {analyte} without declaring how old it may be")

    def lens(self, inputs: Sequence[Sheet], *, ambulatory: bool) -> Lens:
        """How a rule looks at numbers, from its declared inputs."""
        ages: dict[str, Span | None] = {}
        for one in inputs:
            name, age = one.text("name"), one.text("maxAge")
            ages[name] = None if age == "unlimited" else Span.parse(age)
            if f"{name}.recorded" not in catalogue():
                one.fault(f"{name} is no known analyte, deed or question")
            if age != "unlimited" and ages[name] is None:
                one.fault(f"{age!r} is no duration")
        return Lens(AMBULATORY if ambulatory else ANYWHERE, ages)


def _type_of(name: str) -> Type | None:
    found = catalogue().get(name)
    return found.type if found else None


def _flat(extension: Node) -> dict[str, Any]:
    """``valueX`` as ``value``, or the parts of a complex extension by their url."""
    parts = extension.get("extension", ())
    if parts:
        return {str(part.get("url")): _value(part) for part in parts if isinstance(part, Mapping)}
    return {"value": _value(extension)}


def _value(extension: Node) -> Any:
    return next((held for key, held in extension.items() if key.startswith("value")), None)
