"""Word lists that close the grammars: what may stay in a clinical half although it is text, kept as data.

One entry a line; lines that begin with ``# `` say where the list comes from. ``[name]`` starts a section.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

_CODE_LISTS = ("codes-valuesets", "codes-v2-tables", "codes-v3-codesystems", "codes-others")


@cache
def lines(name: str) -> tuple[str, ...]:
    """The entries of a list, without its comments."""
    text = files(__name__).joinpath(f"{name}.txt").read_text(encoding="utf-8")
    return tuple(line for line in text.splitlines() if line and not line.startswith("# "))


@cache
def words(name: str) -> frozenset[str]:
    """A list as a set."""
    return frozenset(lines(name))


@cache
def sections(name: str, titles: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """The entries of a list that has these sections, by their titles."""
    found: dict[str, list[str]] = {title: [] for title in titles}
    headers = {f"[{title}]": entries for title, entries in found.items()}
    at: list[str] = []
    for line in lines(name):
        if line in headers:
            at = headers[line]
        else:
            at.append(line)
    return {title: tuple(entries) for title, entries in found.items()}


@cache
def table(name: str) -> dict[str, str]:
    """A list of pairs, the first of which is the key."""
    return {key: value for key, _, value in (line.partition(" ") for line in lines(name))}


@cache
def codes() -> dict[str, frozenset[str]]:
    """The codes of every code system that is listed code by code."""
    texts = {system: text for name in _CODE_LISTS for system, text in table(name).items()}
    return {system: frozenset(text.split(" ")) for system, text in texts.items()}
