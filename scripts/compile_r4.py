"""Compiles HL7's R4 definitions into the table that ``mappers/r4`` ships.

    python scripts/compile_r4.py FOLDER [TABLE]

FOLDER holds ``profiles-resources``, ``profiles-types``, ``valuesets``, ``search-parameters`` and
``compartmentdefinition-patient`` as ``.json`` or ``.json.gz``. The same input gives the same table.
"""

from __future__ import annotations

import gzip
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import r4_corrections as corrections
import zstandard

from mappers.r4 import conditions, fhirpath, model

Definition = dict[str, Any]

VERSION = "4.0.1"
SOURCE = "HL7 FHIR Release 4 (4.0.1), http://hl7.org/fhir/R4/"
LICENCE = "CC0-1.0"

PREFIX = "http://hl7.org/fhir/StructureDefinition/"
SYSTEM_STRING = "http://hl7.org/fhirpath/System.String"

# Told from structure, not from a condition: see ``mappers/r4/validate.py``.
BUILT_IN = frozenset({"ele-1", "dom-2", "dom-3", "dom-4", "dom-5", "ref-1", "txt-1"})

SIMPLE_QUANTITY = model.Invariant(
    "sqty-1",
    "The comparator is not used on a SimpleQuantity",
    fhirpath.parse("comparator.empty()"),
)

LEAVES = {
    "token": {"boolean", "code", "Coding", "CodeableConcept", "ContactPoint", "exists", "Identifier", "id",
              "string", "uri"},
    "reference": {"Reference", "canonical", "uri"},
    "date": {"date", "dateTime", "instant", "Period", "Timing"},
    "quantity": {"Quantity", "Age", "Count", "Distance", "Duration", "Money", "Range"},
    "number": {"decimal", "integer", "positiveInt", "unsignedInt"},
    "string": {"Address", "HumanName", "markdown", "string"},
    "uri": {"canonical", "oid", "uri", "url", "uuid"},
}  # fmt: skip
"""For each kind of search parameter, the types that it can look into."""


def compile_table(folder: Path) -> bytes:
    """The table as JSON."""
    profiles = [*entries(folder, "profiles-types"), *entries(folder, "profiles-resources")]
    structures = [corrections.corrected(profile) for profile in profiles if _belongs(profile)]
    types, unchecked = {}, set[str]()
    for structure in structures:
        for kind in _types(structure, unchecked):
            types[kind.name] = kind
    bound = {element.codes for kind in types.values() for element in kind.elements.values() if element.codes}
    return msgspec.json.encode(
        {
            "version": VERSION,
            "source": SOURCE,
            "licence": LICENCE,
            "types": types,
            "codes": _code_lists(entries(folder, "valuesets"), bound),
            "search": _search(entries(folder, "search-parameters"), types),
            "composites": _composites(entries(folder, "search-parameters"), types),
            "compartment": _compartment(_read(folder, "compartmentdefinition-patient")),
            "unchecked": sorted(unchecked),
        }
    )


def pack(table: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=19).compress(table)


# --- reading ---------------------------------------------------------------------------------------------


def _read(folder: Path, name: str) -> Definition:
    packed = folder / f"{name}.json.gz"
    data = (
        gzip.decompress(packed.read_bytes()) if packed.is_file() else (folder / f"{name}.json").read_bytes()
    )
    definition: Definition = msgspec.json.decode(data)
    return definition


def entries(folder: Path, name: str) -> list[Definition]:
    return [entry["resource"] for entry in _read(folder, name)["entry"]]


def _belongs(profile: Definition) -> bool:
    """R4's own types: no operations, no logical models, no profiles, nothing of another release."""
    return (
        profile["resourceType"] == "StructureDefinition"
        and profile["fhirVersion"] == VERSION
        and profile["kind"] != "logical"
        and profile.get("derivation") != "constraint"
    )


# --- types -----------------------------------------------------------------------------------------------


def _types(structure: Definition, unchecked: set[str]) -> Iterator[model.Type]:
    """The type itself and one for each backbone element in it."""
    elements = structure["snapshot"]["element"]
    kind = _kind(structure)
    parents = (
        {element["path"].rpartition(".")[0] for element in elements} if kind != model.PRIMITIVE else set()
    )
    for root in elements:
        if root["path"] not in parents and root["path"] != structure["name"]:
            continue
        children = [element for element in elements if element["path"].rpartition(".")[0] == root["path"]]
        members = (
            [] if kind == model.PRIMITIVE else [_element(child, parents, unchecked) for child in children]
        )
        yield model.Type(
            name=root["path"],
            kind=kind if root is elements[0] else model.BACKBONE,
            elements={member.name: member for member in members},
            invariants=_invariants(root, unchecked) if members else (),
        )


def _kind(structure: Definition) -> str:
    if structure["kind"] == "primitive-type":
        return model.PRIMITIVE
    if structure["kind"] == "complex-type":
        return model.DATATYPE
    return "abstract" if structure["abstract"] else model.RESOURCE


def _element(definition: Definition, parents: set[str], unchecked: set[str]) -> model.Element:
    path: str = definition["path"]
    choice = path.endswith("[x]")
    backbone = path in parents
    return model.Element(
        name=path.rpartition(".")[2].removesuffix("[x]"),
        types=(path,) if backbone else _element_types(definition),
        min=definition["min"],
        max=None if definition["max"] == "*" else int(definition["max"]),
        choice=choice,
        modifier=definition.get("isModifier", False),
        targets=_targets(definition),
        codes=_required_codes(definition),
        invariants=() if backbone else _invariants(definition, unchecked),
        summary=definition.get("isSummary", False),
    )


def _element_types(definition: Definition) -> tuple[str, ...]:
    if "contentReference" in definition:
        return (definition["contentReference"].removeprefix("#"),)
    if definition["base"]["path"] == "Resource.id":
        return ("id",)
    codes = [_type_code(kind) for kind in definition["type"]]
    return tuple(dict.fromkeys(codes))


def _type_code(kind: Definition) -> str:
    if kind["code"] == SYSTEM_STRING:
        said = [extension.get("valueUrl") for extension in kind.get("extension", [])]
        return "uri" if "uri" in said else "string"
    code: str = kind["code"]
    return code


def _targets(definition: Definition) -> tuple[str, ...]:
    profiles = [url for kind in definition.get("type", []) for url in kind.get("targetProfile", [])]
    names = sorted({url.removeprefix(PREFIX) for url in profiles})
    return () if "Resource" in names else tuple(names)


def _required_codes(definition: Definition) -> str | None:
    binding = definition.get("binding", {})
    if binding.get("strength") != "required":
        return None
    url: str = binding["valueSet"]
    return url.partition("|")[0]


def _invariants(definition: Definition, unchecked: set[str]) -> tuple[model.Invariant, ...]:
    """The conditions on an element that one resource can answer."""
    found = []
    for constraint in definition.get("constraint", []):
        key, expression, path = constraint["key"], constraint["expression"], definition["path"]
        if constraint["severity"] != "error" or key in BUILT_IN or (key == "ext-1" and path != "Extension"):
            continue
        tree = _tree(expression)
        nested_in_resource = "." in path and "%resource" in expression
        if tree is None or key in corrections.UNSOUND or nested_in_resource:
            unchecked.add(key)
            continue
        found.append(model.Invariant(key, constraint["human"].strip(), tree))
    if any(f"{PREFIX}SimpleQuantity" in kind.get("profile", []) for kind in definition.get("type", [])):
        found.append(SIMPLE_QUANTITY)
    return tuple(found)


def _tree(expression: str) -> fhirpath.Tree | None:
    try:
        tree = fhirpath.parse(expression)
    except fhirpath.NotFhirPath:
        return None
    return tree if conditions.understood(tree) else None


# --- codes -----------------------------------------------------------------------------------------------


def _code_lists(definitions: list[Definition], bound: set[str]) -> dict[str, dict[str, list[str]]]:
    systems = {one["url"]: one for one in definitions if one["resourceType"] == "CodeSystem"}
    sets = {one["url"]: one for one in definitions if one["resourceType"] == "ValueSet"}
    lists = {url: _expand(sets[url], systems) for url in sorted(bound) if url in sets}
    return {url: codes for url, codes in lists.items() if codes}


def _expand(value_set: Definition, systems: dict[str, Definition]) -> dict[str, list[str]] | None:
    """The codes by system, or None where the definitions alone cannot tell them."""
    codes: dict[str, list[str]] = {}
    if "exclude" in value_set["compose"]:
        return None
    for include in value_set["compose"]["include"]:
        system = systems.get(include.get("system", ""))
        if "concept" in include:
            found = [concept["code"] for concept in include["concept"]]
        elif "filter" in include or system is None or system["content"] != "complete":
            return None
        else:
            found = list(concepts(system))
        codes.setdefault(include["system"], []).extend(found)
    return codes


def concepts(parent: Definition) -> Iterator[str]:
    for concept in parent.get("concept", []):
        yield concept["code"]
        yield from concepts(concept)


# --- search ----------------------------------------------------------------------------------------------

Types = dict[str, model.Type]
Parameters = dict[str, dict[str, model.Parameter]]
State = tuple[tuple[Any, ...], str, str | None]
"""Steps so far, the type reached, and the type that a reference must point at."""


def _search(definitions: list[Definition], types: Types) -> Parameters:
    table: Parameters = {}
    resources = [name for name, kind in types.items() if kind.kind == model.RESOURCE]
    for definition in definitions:
        if "expression" not in definition or definition["type"] not in LEAVES:
            continue
        tree = fhirpath.parse(definition["expression"])
        bases = set(definition["base"])
        for resource in resources:
            if bases & {resource, "Resource", "DomainResource"}:
                parameter = _parameter(definition, tree, resource, types)
                if parameter.paths:
                    table.setdefault(resource, {})[parameter.name] = parameter
    return table


def _parameter(definition: Definition, tree: Any, resource: str, types: Types) -> model.Parameter:
    states = [state for part in _alternatives(tree) for state in _walk(part, resource, types)]
    leaves = LEAVES[definition["type"]]
    paths = [model.Path(steps, leaf, target) for steps, leaf, target in states if leaf in leaves]
    return model.Parameter(
        name=definition["code"],
        type=definition["type"],
        paths=tuple(dict.fromkeys(paths)),
        url=definition["url"],
        expression=" | ".join(
            part.strip() for part in definition["expression"].split(" | ") if f"{resource}." in part
        )
        or definition["expression"],
    )


Composites = dict[str, dict[str, model.Composite]]


def _composites(definitions: list[Definition], types: Types) -> Composites:
    """Parameters of several parts, which must hold of one and the same element."""
    by_url = {definition["url"]: definition for definition in definitions}
    table: Composites = {}
    for definition in definitions:
        if definition["type"] == "composite":
            tree = fhirpath.parse(definition["expression"])
            for resource in definition["base"]:
                states = [state for one in _alternatives(tree) for state in _walk(one, resource, types)]
                bases = [model.Path(steps, kind, target) for steps, kind, target in states]
                table.setdefault(resource, {})[definition["code"]] = model.Composite(
                    name=definition["code"],
                    url=definition["url"],
                    bases=tuple(bases),
                    parts=tuple(_part(one, by_url, (resource, bases), types) for one in _parts(definition)),
                )
    return table


def _parts(definition: Definition) -> list[Definition]:
    parts: list[Definition] = definition["component"]
    if definition["url"] not in corrections.EXCHANGED:
        return parts
    first, second = parts
    return [{**first, "definition": second["definition"]}, {**second, "definition": first["definition"]}]


def _part(
    component: Definition, by_url: dict[str, Definition], place: tuple[str, list[model.Path]], types: Types
) -> model.Part:
    kind = by_url[component["definition"]]["type"]
    expression, whole = component["expression"], component["expression"].startswith(ROOT)
    # R4 writes the type's name in its own way in one place.
    text = expression.removeprefix(ROOT).replace("as(DateTime)", "as(dateTime)")
    starts = [place[0]] if whole else [base.leaf for base in place[1]]
    states = [
        state
        for start in dict.fromkeys(starts)
        for one in _alternatives(fhirpath.parse(text))
        for state in _walk(_from_here(one), start, types)
    ]
    paths = [model.Path(steps, leaf, target) for steps, leaf, target in states if leaf in LEAVES[kind]]
    return model.Part(kind, tuple(dict.fromkeys(paths)), whole)


ROOT = "%resource."


def _from_here(tree: Any) -> Any:
    """The expression below the element that is at hand, whatever else bears its first name."""
    match tree:
        case ["name", None, name]:
            return ["name", ["here"], name]
        case ["name" | "call" | "as", base, *rest]:
            return [tree[0], _from_here(base), *rest]
    raise fhirpath.NotFhirPath(str(tree))


def _alternatives(tree: Any) -> Iterator[Any]:
    if tree[0] == "|":
        yield from _alternatives(tree[1])
        yield from _alternatives(tree[2])
    else:
        yield tree


def _walk(tree: Any, resource: str, types: Types) -> list[State]:
    """Every way along JSON keys that the expression can take in this resource type."""
    match tree:
        case ["here"] | ["name", None, ("Resource" | "DomainResource")]:
            return [((), resource, None)]
        case ["name", None, name] if name in types:
            return [((), resource, None)] if name == resource else []
        case ["name", None, name]:
            return list(_step(((), resource, None), name, types))
        case ["name", base, name]:
            return [new for state in _walk(base, resource, types) for new in _step(state, name, types)]
        case ["index", base, number]:
            return [((*steps, number), kind, target) for steps, kind, target in _walk(base, resource, types)]
        case ["as", base, kind] | ["call", base, "as", [["name", None, kind]]]:
            return [state for state in _walk(base, resource, types) if state[1] == kind]
        case ["call", base, "where", [["is", ["call", None, "resolve", []], kind]]]:
            return [(steps, leaf, kind) for steps, leaf, _ in _walk(base, resource, types)]
        case ["call", base, "where", [["=", ["name", None, key], ["literal", value]]]]:
            return [((*steps, (key, value)), kind, None) for steps, kind, _ in _walk(base, resource, types)]
        case ["and", ["call", base, "exists", []], ["!=", same, ["literal", False]]] if base == same:
            return [(steps, "exists", None) for steps, _, _ in _walk(base, resource, types)]
    raise fhirpath.NotFhirPath(str(tree))


def _step(state: State, name: str, types: Types) -> Iterator[State]:
    steps, kind, _ = state
    element = types[kind].elements.get(name)
    if element is not None:
        for key, leaf in element.json_names():
            yield (*steps, key), leaf, None


def _compartment(definition: Definition) -> dict[str, list[str]]:
    return {part["code"]: part["param"] for part in definition["resource"] if "param" in part}


def main() -> None:
    folder = Path(sys.argv[1])
    table = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(model.__file__).with_name(model.TABLE)
    content = compile_table(folder)
    table.write_bytes(pack(content))
    print(f"{table}: {len(content):,} bytes of JSON in {table.stat().st_size:,}")


if __name__ == "__main__":
    main()
