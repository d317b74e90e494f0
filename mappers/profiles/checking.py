"""Holds a value to a rule and says everything that it lacks, without repeating what stands in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from mappers.lossless import Json
from mappers.profiles.matching import codings, fits, listed, same
from mappers.profiles.rules import (
    ERROR,
    INFORMATION,
    WARNING,
    Binding,
    Constraint,
    Finding,
    Item,
    Rule,
    Slicing,
    items,
    kind_of,
)

_FEW = 16
"""As many codes as a text lists."""


@dataclass(slots=True)
class Check:
    """One resource held to one profile. ``inner`` holds an occurrence to a data type's profile."""

    title: str
    """The profile, as texts name it."""
    resource: Json
    inner: Callable[[str, Item, str], list[Finding]]
    found: list[Finding] = field(default_factory=list)
    unopened: bool = False
    """Whether a reference was met whose target would have to be looked at."""

    def item(self, rule: Rule, item: Item, path: str) -> None:
        """Holds one occurrence of an element to its rule."""
        kind = kind_of(item)
        if rule.types and kind not in rule.types:
            self._say("structure", f"takes only {', '.join(sorted(rule.types))} for {rule.name}", path)
            return
        if item.value is not None:
            self._value(rule, item.value, path)
            for constraint in rule.constraints.get(kind, ()):
                self._constraint(constraint, item.value, path)
        for canonical in rule.profiles:
            self.found += self.inner(canonical, item, path)
        if rule.members:
            self._members(rule, item, kind, path)

    def _value(self, rule: Rule, value: Json, path: str) -> None:
        if rule.fixed is not None and not same(rule.fixed, value):
            self._say("value", f"asks for another {rule.name}: it is fixed", path)
        if rule.pattern is not None and not fits(rule.pattern, value):
            self._say(
                "value", f"asks for a {rule.name} of a certain pattern, which this one does not fit", path
            )
        if rule.max_length is not None and type(value) is str and len(value) > rule.max_length:
            self._say("too-long", f"asks for at most {rule.max_length} characters", path)
        if rule.binding is not None:
            self._binding(rule.binding, value, path)
        if rule.targets or rule.unopened:
            self._reference(rule, value, path)

    def _members(self, rule: Rule, item: Item, kind: str, path: str) -> None:
        held = item.value
        if type(held) is not dict:
            held, kind = item.beside, "Element"
        for name, member in rule.members.items():
            there = list(items(kind, held, name))
            self._count(member, len(there), f"{path}.{name}")
            for one in there:
                self.item(member, one, path + one.step)
            if member.slicing is not None:
                self._slices(member.slicing, member.name, there, path)

    def _count(self, rule: Rule, count: int, path: str) -> None:
        if count < rule.min:
            self._say("required", f"asks for at least {rule.min} {rule.name}", path)
        if rule.max is not None and count > rule.max:
            most = f"at most {rule.max}" if rule.max else "no"
            self._say("structure", f"allows {most} {rule.name}", path)

    def _slices(self, slicing: Slicing, name: str, there: list[Item], path: str) -> None:
        if not slicing.told:
            if there:
                text = f"slices {name} by what is referred to, which was not looked up"
                self._say("informational", text, f"{path}.{name}", INFORMATION)
            return
        rest = list(there)
        for one in slicing.slices:
            mine = [item for item in there if one.has(item)]
            rest = [item for item in rest if item not in mine]
            self._count(one.rule, len(mine), f"{path}.{name}")
            for item in mine:
                self.item(one.rule, item, path + item.step)
        for item in rest if slicing.closed else ():
            self._say("structure", f"allows no other {name} than its slices", path + item.step)

    # --- single demands ------------------------------------------------------------------------------------

    def _constraint(self, constraint: Constraint, value: Json, path: str) -> None:
        try:
            held = constraint.holds(value, self.resource)
        except Exception:
            # Whatever the engine says may quote the resource. It is an error all the same, not a pass.
            self._say("exception", f"has a constraint that could not be evaluated ({constraint.key})", path)
            return
        if held is False:
            self._say("invariant", f"asks: {constraint.human} ({constraint.key})", path, constraint.severity)

    def _binding(self, binding: Binding, value: Json, path: str) -> None:
        if binding.codes is None:
            if any(codings(value)):
                text = f"binds this to {binding.url}, whose codes are not listed here: not told"
                self._say("informational", text, path, INFORMATION)
        elif not listed(binding.codes, value):
            required = binding.strength == "required"
            if required or any(codings(value)):
                text = f"asks for a code of {binding.url}{_few(binding)}"
                self._say("code-invalid", text, path, ERROR if required else WARNING)

    def _reference(self, rule: Rule, value: Json, path: str) -> None:
        types = list(_pointed_at(value, self.resource)) if type(value) is dict else []
        self.unopened = self.unopened or (rule.unopened and bool(types))
        if rule.targets and any(one not in rule.targets for one in types):
            self._say("value", f"takes references to {', '.join(sorted(rule.targets))} only", path)

    def _say(self, code: str, text: str, path: str, severity: str = ERROR) -> None:
        self.found.append(Finding(severity, code, f"{self.title} {text}.", path))


def _few(binding: Binding) -> str:
    known = sorted({code for each in (binding.codes or {}).values() for code in each})
    return f": {', '.join(known)}" if len(known) <= _FEW else ""


def _pointed_at(reference: dict[str, Json], resource: Json) -> Iterator[str]:
    """The type that a reference points at, where it says so or points at a contained resource."""
    text, said = reference.get("reference"), reference.get("type")
    if type(text) is str and text.startswith("#"):
        contained = resource.get("contained") if type(resource) is dict else None
        for one in contained if type(contained) is list else ():
            if type(one) is dict and one.get("id") == text[1:] and type(one.get("resourceType")) is str:
                yield one["resourceType"]
    elif type(said) is str:
        yield said
    elif type(text) is str and not text.startswith("urn:"):
        parts = text.partition("?")[0].partition("/_history")[0].rsplit("/", 2)
        name = parts[-2] if len(parts) > 1 else parts[0]
        if name.isalpha() and name[:1].isupper():
            yield name
