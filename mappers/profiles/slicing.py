"""Which occurrences belong to which slice: a discriminator, and what the slice says at its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from mappers.profiles.matching import fits, listed, same
from mappers.profiles.rules import Item, NotHonoured, Rule, Slice, Slicing, items, kind_of

Test: TypeAlias = Callable[[Item], bool]
Conforms: TypeAlias = Callable[[str, Item], bool]
"""Whether an occurrence conforms to the profile of this canonical."""
_Step: TypeAlias = tuple[str, str]
"""What kind of step, and its argument."""

_STEP = re.compile(r"(?P<this>\$this)|extension\('(?P<url>[^']+)'\)|ofType\((?P<of>\w+)\)|(?P<name>[a-z]\w*)")


def slicing(told: Mapping[str, Any], rules: Sequence[Rule], conforms: Conforms) -> Slicing:
    """The slices with their tests; raises ``NotHonoured`` where nothing tells one from the others."""
    closed = told.get("rules") == "closed"
    discriminators = told.get("discriminator") or ()
    if not discriminators:
        raise NotHonoured("slicing without a discriminator")
    if any("resolve()" in one["path"] for one in discriminators):
        return Slicing((), closed, told=False)
    return Slicing(tuple(Slice(rule, _belongs(discriminators, rule, conforms)) for rule in rules), closed)


def _belongs(discriminators: Sequence[Mapping[str, str]], rule: Rule, conforms: Conforms) -> Test:
    tests = [_test(one["type"], one["path"], rule, conforms) for one in discriminators]
    return tests[0] if len(tests) == 1 else (lambda item: all(test(item) for test in tests))


def _test(kind: str, path: str, rule: Rule, conforms: Conforms) -> Test:
    steps = _steps(path)
    at: Rule | None = rule
    for step in steps:
        at = _rule_at(at, step)
    if kind == "exists":
        wanted = _existence(at, path)
        return lambda item: any(True for _ in _reached(item, steps)) is wanted
    found = _criterion(kind, at, conforms) if at is not None else None
    if found is None:
        raise NotHonoured(f"nothing tells the slice {rule.name} apart by {kind} at {path}")
    return lambda item: any(found(one) for one in _reached(item, steps))


def _existence(at: Rule | None, path: str) -> bool:
    if at is None or (at.min == 0 and at.max != 0):
        raise NotHonoured(f"a slice says neither that {path} is there nor that it is not")
    return at.min > 0


def _criterion(kind: str, at: Rule, conforms: Conforms) -> Test | None:
    """What a slice says at the place of its discriminator, as a test; None when it says nothing."""
    if kind == "type":
        return (lambda one: kind_of(one) in at.types) if at.types else None
    if kind == "profile":
        return (lambda one: any(conforms(url, one) for url in at.profiles)) if at.profiles else None
    return _of_values(at) if kind in ("value", "pattern") else None


def _of_values(at: Rule) -> Test | None:
    """Fixed value, pattern, or required binding; else those of the members, all of them."""
    if at.fixed is not None:
        return lambda one: same(at.fixed, one.value)
    if at.pattern is not None:
        return lambda one: fits(at.pattern, one.value)
    if at.binding is not None and at.binding.strength == "required" and (codes := at.binding.codes):
        return lambda one: listed(codes, one.value)
    inner = [(name, test) for name, rule in at.members.items() if (test := _of_values(rule)) is not None]
    if not inner:
        return None
    return lambda one: all(any(map(test, items(one.kind, one.value, name))) for name, test in inner)


# --- paths -----------------------------------------------------------------------------------------------


def _steps(path: str) -> tuple[_Step, ...]:
    found: list[_Step] = []
    place = 0
    while place < len(path):
        match = _STEP.match(path, place)
        if match is None or match.lastgroup is None or path[match.end() : match.end() + 1] not in ("", "."):
            raise NotHonoured(f"a discriminator at {path}")
        found.append((match.lastgroup, match[match.lastgroup]))
        place = match.end() + 1
    return tuple(found)


def _rule_at(rule: Rule | None, step: _Step) -> Rule | None:
    """What a slice says one step further in. The url of an extension is its profile's canonical."""
    kind, name = step
    if rule is None or kind in ("this", "of"):
        return rule
    if kind == "url":
        inner = rule.members.get("extension")
        slices = inner.slicing.slices if inner is not None and inner.slicing is not None else ()
        return next((one.rule for one in slices if name in _urls(one.rule)), None)
    if name == "url" and "url" not in rule.members and rule.profiles:
        return Rule("url", fixed=rule.profiles[0].partition("|")[0])
    return rule.members.get(name)


def _urls(rule: Rule) -> list[Any]:
    told = rule.members.get("url")
    return [url.partition("|")[0] for url in rule.profiles] + ([told.fixed] if told is not None else [])


def _reached(item: Item, steps: Sequence[_Step]) -> Iterator[Item]:
    if not steps:
        yield item
        return
    (kind, name), rest = steps[0], steps[1:]
    for one in _into(item, kind, name):
        yield from _reached(one, rest)


def _into(item: Item, kind: str, name: str) -> Iterator[Item]:
    if kind == "this":
        yield item
    elif kind == "of":
        if item.kind == name:
            yield item
    elif kind == "url":
        held = item.value if type(item.value) is dict else item.beside
        owner = item.kind if held is item.value else "Element"
        found = items(owner, held, "extension")
        yield from (one for one in found if type(one.value) is dict and one.value.get("url") == name)
    else:
        yield from items(kind_of(item), item.value, name)
