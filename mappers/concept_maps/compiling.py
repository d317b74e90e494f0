"""Compiles R4 ConceptMaps, and names every fault: a map that is half understood would decide wrongly.

Which relations decide follows R4's ConceptMapEquivalence, read from target to source: what is ``equal`` or
``equivalent`` is the same, and whoever has something has what is ``wider`` or ``subsumes`` it. All others
(``narrower``, ``specializes``, ``inexact``, ``relatedto``, ``unmatched``, ``disjoint``) leave a code
undecided, and an undecided code is one that nobody here can read.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from mappers import drugs, units
from mappers.codes import LOINC, RXNORM, Code, usual
from mappers.concept_maps.known import FORMS, is_read
from mappers.concept_maps.maps import ConceptMaps, Described, Translation
from mappers.lossless import Json, dumps
from mappers.r4.validate import problems

SAME = frozenset({"equal", "equivalent"})
WIDER = frozenset({"wider", "subsumes"})
_OWN_CODE = re.compile("[A-Za-z0-9][A-Za-z0-9._:/+*-]{0,39}")
_LONG_NUMBER = re.compile("[0-9]{9,}")
_NEEDED = ("url", "name", "group")
_NOT_HONOURED = ("dependsOn", "product")
_DIGEST_SHOWN = 12

Resource = dict[str, Json]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a map: an own code, what it is said to mean, and how exactly."""

    source: Code
    target: Code
    equivalence: str
    by: str

    @property
    def decides(self) -> bool:
        """Whether who has the one has the other."""
        return self.equivalence in SAME or self.equivalence in WIDER


@dataclass(frozen=True, slots=True)
class Compiled:
    """The maps, what is wrong with them, and what is worth a look. With a fault they decide nothing."""

    maps: ConceptMaps
    faults: tuple[str, ...]
    notes: tuple[str, ...]


def compiled(resources: Sequence[Resource]) -> Compiled:
    """All maps of a deployment as one; the order in which they come changes nothing."""
    faults = [fault for one in resources for fault in _malformed(one)]
    if faults:
        return Compiled(ConceptMaps(), tuple(faults), ())
    by_map = {_canonical(one): tuple(_rows(one)) for one in resources}
    rows = [row for found in by_map.values() for row in found]
    faults = [*_twice(resources), *_wrong_rows(rows), *_contradictions(rows)]
    if faults:
        return Compiled(ConceptMaps(), tuple(dict.fromkeys(faults)), ())
    described = tuple(_described(one, by_map[_canonical(one)]) for one in sorted(resources, key=_canonical))
    return Compiled(ConceptMaps(_decided(rows), described, _digest(resources)), (), tuple(_notes(rows)))


# --- the shape of a map ----------------------------------------------------------------------------------


def _malformed(resource: Resource) -> Iterator[str]:
    where = str(resource.get("url") or resource.get("id") or "a ConceptMap without url")
    if resource.get("resourceType") != "ConceptMap":
        yield f"{where}: is no ConceptMap."
        return
    yield from (f"{where}: {one.expression}: {one.text}." for one in problems(resource))
    yield from (f"{where}: ConceptMap.{name} is missing." for name in _NEEDED if not resource.get(name))
    if resource.get("status") != "active":
        yield f"{where}: its status must be active."
    for number, group in enumerate(_list(resource, "group")):
        yield from (f"{where}: ConceptMap.group[{number}]: {text}" for text in _wrong_group(group))


def _wrong_group(group: Resource) -> Iterator[str]:
    """What a group asks for that would be passed over here."""
    if not group.get("source") or not group.get("target"):
        yield "names no source or no target system."
    elif usual(str(group["target"])) not in FORMS:
        yield f"nothing here reads codes of {group['target']}."
    if "unmapped" in group:
        yield "unmapped is not honoured: list each code."
    for element in _list(group, "element"):
        own = str(element.get("code", ""))
        if not _OWN_CODE.fullmatch(own):
            yield f"{own!r} is no code: 1 to 40 letters, digits and . _ : / + * - without blanks."
        for target in _list(element, "target"):
            yield from (f"{own}: {name} is not honoured." for name in _NOT_HONOURED if name in target)
            if target.get("equivalence") in SAME | WIDER and not target.get("code"):
                yield f"{own}: names no target code."


def _list(node: Resource, name: str) -> list[Resource]:
    found = node.get(name, [])
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _canonical(resource: Resource) -> str:
    """How evidence names a map; one without a version is known by its content."""
    version = resource.get("version") or f"sha256:{_hash(resource)[:_DIGEST_SHOWN]}"
    return f"{resource['url']}|{version}"


def _rows(resource: Resource) -> Iterator[Row]:
    by = _canonical(resource)
    for group in _list(resource, "group"):
        source, target = usual(str(group["source"])), usual(str(group["target"]))
        for element in _list(group, "element"):
            own = Code(source, str(element["code"]))
            told = _list(element, "target") or [{"equivalence": "unmatched"}]
            for one in told:
                yield Row(own, Code(target, str(one.get("code", ""))), str(one.get("equivalence")), by)


# --- what maps say ---------------------------------------------------------------------------------------


def _twice(resources: Sequence[Resource]) -> Iterator[str]:
    counted = Counter(str(one["url"]) for one in resources)
    yield from (f"{url}: two maps bear this url." for url, count in sorted(counted.items()) if count > 1)


def _wrong_rows(rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        if not row.decides:
            continue
        if not FORMS[row.target.system](row.target.code):
            yield f"{row.by}: {row.source.code}: {row.target.code} is no code of {row.target.system}."
        if row.source != row.target and is_read(row.source):
            yield f"{row.by}: {row.source.code} of {row.source.system} is read already: leave it out."


def _contradictions(rows: Sequence[Row]) -> Iterator[str]:
    """Own codes that would mean two things in one system."""
    found: dict[tuple[Code, str], dict[str, Row]] = defaultdict(dict)
    for row in rows:
        if row.decides:
            found[row.source, row.target.system][row.target.code] = row
    for (own, system), by_code in found.items():
        if len(by_code) > 1 and not _go_together(system, by_code):
            told = ", ".join(sorted(by_code))
            yield f"{own.code} of {own.system}: means several things in {system}: {told}."


def _go_together(system: str, by_code: dict[str, Row]) -> bool:
    """Several wider terms can hold at once; several products, analytes or equals cannot."""
    if any(row.equivalence in SAME for row in by_code.values()):
        return False
    if system == RXNORM:
        return all(drugs.is_ingredient(code) for code in by_code)
    if system == LOINC:
        return len({one.key if (one := units.by_loinc(code)) else code for code in by_code}) == 1
    return True


def _decided(rows: Sequence[Row]) -> dict[Code, tuple[Translation, ...]]:
    found: dict[Code, set[Translation]] = defaultdict(set)
    for row in rows:
        if row.decides:
            found[row.source].add(Translation(row.target, row.by))
    return {own: tuple(sorted(found[own])) for own in sorted(found)}


def _described(resource: Resource, rows: Sequence[Row]) -> Described:
    own = {row.source for row in rows}
    decided = {row.source for row in rows if row.decides}
    read = {row.source for row in rows if row.decides and is_read(row.target)}
    title = str(resource.get("title") or resource["name"])
    return Described(_canonical(resource), title, len(decided), len(own - decided), len(decided - read))


def _notes(rows: Sequence[Row]) -> Iterator[str]:
    """What may be right and is worth a look."""
    deciding = [row for row in rows if row.decides]
    unread = {row.target for row in deciding if not is_read(row.target)}
    open_ = {row.source for row in rows} - {row.source for row in deciding}
    parts = {row.source for row in deciding if _names_ingredient(row.target)}
    long = {row.source for row in deciding if _LONG_NUMBER.fullmatch(row.source.code)}
    for text, codes in (
        ("No table here has a name for these targets", unread),
        ("Not decided, so read as if told in words alone", open_),
        ("Each ingredient must be listed, since no other is thought of", parts),
        ("Long numbers, which workers will see: none may be a record number", long),
    ):
        if codes:
            yield f"{text}: {', '.join(code.code for code in sorted(codes))}."


def _names_ingredient(target: Code) -> bool:
    return target.system == RXNORM and drugs.is_ingredient(target.code)


def _hash(resource: Resource) -> str:
    return sha256(dumps({name: resource[name] for name in sorted(resource) if name != "text"})).hexdigest()


def _digest(resources: Sequence[Resource]) -> str:
    if not resources:
        return ""
    return sha256("".join(sorted(map(_hash, resources))).encode()).hexdigest()
