"""What the hospital sends, what must come back, and what must be found nowhere else."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any


class Number(str):
    """A number as it was written: 1.10 is not 1.1."""

    __slots__ = ()


def parsed(data: bytes | str) -> Any:
    return json.loads(data, parse_float=Number)


@dataclass(frozen=True)
class Sent:
    """One patient's transaction as the hospital holds it."""

    name: str
    body: bytes

    @property
    def bundle(self) -> dict[str, Any]:
        return parsed(self.body)

    @property
    def key(self) -> str:
        """The Idempotency-Key under which it is sent."""
        return hashlib.sha256(self.name.encode() + self.body).hexdigest()

    @property
    def patient(self) -> dict[str, Any]:
        resources = (entry["resource"] for entry in self.bundle["entry"])
        return next(r for r in resources if r["resourceType"] == "Patient")

    @property
    def living(self) -> bool:
        return not self.patient.get("deceasedDateTime") and not self.patient.get("deceasedBoolean")


def synthea(folder: Path) -> list[Sent]:
    return [
        Sent(path.name, path.read_bytes()) for path in sorted((folder / "fhir" / "synthea").glob("*.json"))
    ]


def places(sent: Sent, answer: bytes) -> dict[str, str]:
    """Where each entry's fullUrl came to lie: ``Type/id``, from the transaction-response."""
    responses = parsed(answer)["entry"]
    assert len(responses) == len(sent.bundle["entry"])
    return {
        entry["fullUrl"]: placed(response["response"]["location"])
        for entry, response in zip(sent.bundle["entry"], responses, strict=True)
    }


def placed(location: str) -> str:
    return "/".join(location.partition("/_history/")[0].split("/")[-2:])


def expected(resource: dict[str, Any], where: dict[str, str]) -> dict[str, Any]:
    """The resource with its urns resolved, without what the server gives: id, version, time."""
    return without_server_parts(_resolved(resource, where))


def _resolved(value: Any, where: dict[str, str], name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _resolved(inner, where, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_resolved(inner, where, name) for inner in value]
    return where.get(value, value) if name == "reference" and isinstance(value, str) else value


def without_server_parts(resource: dict[str, Any]) -> dict[str, Any]:
    bare = copy.copy(resource)
    bare.pop("id", None)
    meta = {k: v for k, v in bare.pop("meta", {}).items() if k not in ("versionId", "lastUpdated")}
    return {**bare, "meta": meta} if meta else bare


# --- needles -----------------------------------------------------------------------------------------------

SHORTEST = 6
"""Shorter words stand in too much that has nothing to do with a patient."""


def needles(sent: Sent) -> set[str]:
    """Every name, address part, telephone number, identifier, original id and free text of a bundle."""
    found: set[str] = set()
    for entry in sent.bundle["entry"]:
        resource = entry["resource"]
        found |= {entry["fullUrl"].removeprefix("urn:uuid:"), resource.get("id", "")}
        found |= set(_free_text(resource))
        if resource["resourceType"] in ("Patient", "Practitioner", "RelatedPerson"):
            found |= set(_of_a_person(resource))
    born = sent.patient.get("birthDate", "")
    if sent.body.count(born.encode()) == 1:
        # What was measured on the day of birth bears that day, and clinical dates stay.
        found.add(born)
    return {needle for needle in found if len(needle) >= SHORTEST}


def _of_a_person(person: dict[str, Any]) -> Iterator[str]:
    for name in person.get("name", []):
        yield from [name.get("family", ""), *name.get("given", []), name.get("text", "")]
    for address in person.get("address", []):
        yield from [*address.get("line", []), address.get("postalCode", ""), address.get("text", "")]
    yield from (point.get("value", "") for point in person.get("telecom", []))
    yield from (identifier.get("value", "") for identifier in person.get("identifier", []))


def _free_text(value: Any, name: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _free_text(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from _free_text(inner, name)
    elif isinstance(value, str) and name in ("div", "data"):
        yield from _sentences(_decoded(value) if name == "data" else re.sub(r"<[^>]+>", "\n", value))


def _decoded(data: str) -> str:
    return base64.b64decode(data).decode("utf-8", "replace")


def _sentences(text: str) -> Iterator[str]:
    """Whole lines that are long enough to be told by a person; boilerplate headings are no one's."""
    return (line.strip() for line in text.splitlines() if len(line.strip()) >= 25)


def seen_in(hay: bytes, wanted: Iterable[str]) -> set[str]:
    """Which needles stand in these bytes, plainly or in a usual coat.

    One pass however many needles there are: each place is looked up by its first bytes.
    """
    coats = _coats_of(frozenset(wanted))
    found: set[str] = set()
    for at in range(len(hay) - SHORTEST + 1):
        for coat, needle in coats.get(hay[at : at + SHORTEST], ()):
            if hay.startswith(coat, at):
                found.add(needle)
    return found


@cache
def _coats_of(wanted: frozenset[str]) -> dict[bytes, list[tuple[bytes, str]]]:
    coats: dict[bytes, list[tuple[bytes, str]]] = {}
    for needle in wanted:
        for coat in _coats(needle):
            coats.setdefault(coat[:SHORTEST], []).append((coat, needle))
    return coats


def _coats(needle: str) -> Iterator[bytes]:
    plain = needle.encode()
    yield plain
    yield json.dumps(needle)[1:-1].encode()
    yield plain.hex().encode()
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + plain).rstrip(b"=")
        inner = coded[(shift * 4 + 2) // 3 : len(coded) - 1]
        if len(inner) >= SHORTEST:
            yield inner
