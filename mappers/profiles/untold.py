"""What a profile asks that this check cannot tell, for whoever means to rely on it."""

from __future__ import annotations

from collections.abc import Iterator

from mappers.profiles.rules import Rule


def untold(rule: Rule, path: str) -> Iterator[str]:
    """A line for each element, by its path: value sets without codes, and what only references could say."""
    if rule.binding is not None and rule.binding.codes is None:
        yield f"{path}: {rule.binding.strength} binding to {rule.binding.url}"
    if rule.unopened:
        yield f"{path}: the profile of what is referred to"
    if rule.slicing is not None:
        if not rule.slicing.told:
            yield f"{path}: slices told apart by what is referred to"
        for one in rule.slicing.slices:
            yield from untold(one.rule, f"{path}:{one.rule.name.rpartition(':')[2]}")
    for name, member in rule.members.items():
        yield from untold(member, f"{path}.{name}")
