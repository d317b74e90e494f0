"""A bundle's entries as what they ask for, each with the place where it stands, before anything is stored.

Pure: the bundle has been found valid as an envelope; what is wrong with a request line ends here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlencode

import msgspec
from msgspec.structs import replace

from gateway.refusal import Kind, refused
from gateway.stored import Resource
from mappers.r4.model import MODEL

WRITES = ("DELETE", "POST", "PUT", "PATCH")
ORDER = {"DELETE": 0, "POST": 1, "PUT": 2, "PATCH": 2, "GET": 3, "HEAD": 3}
"""FHIR's order of processing: http://hl7.org/fhir/R4/http.html#trules"""


class Standing(Enum):
    """What must stand for a write to be done, where it is no version in particular."""

    ANY = "*"
    """``If-Match: *``: something."""
    NOTHING = ""
    """``If-None-Match: *``: nothing; the write must be a creation."""


Condition: TypeAlias = int | Standing


class Entry(msgspec.Struct, frozen=True):
    """One thing that is asked for. ``id`` is None until the server gives one; ``names`` are the references to
    Patients in its resource, once all references are resolved."""

    at: str
    method: str
    type: str
    id: str | None = None
    resource: Resource | None = None
    full_url: str | None = None
    if_match: Condition | None = None
    """What must stand: this version, anything or nothing."""
    if_none_exist: str | None = None
    query: str | None = None
    names: frozenset[str] = frozenset()
    criteria: str = ""
    """What was searched for, in canonical form, where a write hangs on what was found."""
    free: bool = False
    """Whether the id must be nobody's yet: nothing matched, and the sender names it."""
    change: Any = None
    """The patch (``patches.Change``) that makes the resource."""
    base: int | None = None
    """The version that a patch was applied to; no other may have come meanwhile."""

    @property
    def is_search(self) -> bool:
        return self.method == "GET" and not self.id

    @property
    def literal(self) -> str:
        return f"{self.type}/{self.id}"

    def identified(self, id_: str) -> Entry:
        return replace(self, id=id_, query=None)


def read_entries(bundle: Mapping[str, Any]) -> list[Entry]:
    """Every entry of a transaction or batch, in the bundle's order. Raises ``Refused``, naming the entry."""
    return [read_entry(i, e) for i, e in enumerate(bundle.get("entry", ()))]


def read_entry(index: int, raw: Mapping[str, Any]) -> Entry:
    """One entry, by its place in the bundle. Raises ``Refused``."""
    at = f"Bundle.entry[{index}]"
    request = raw.get("request")
    if not isinstance(request, dict):
        raise refused(Kind.INVALID, "required", "Every entry needs a request.", at)
    method, url = str(request.get("method", "")), str(request.get("url", ""))
    if method not in ORDER:
        raise refused(
            Kind.INVALID, "value", "The request method is not one of FHIR R4's.", f"{at}.request.method"
        )
    if method == "HEAD":
        raise refused(Kind.UNPROCESSABLE, "not-supported", "HEAD is not supported in a bundle.", at)
    path, _, query = url.strip("/").partition("?")
    type_, _, id_ = path.partition("/")
    entry = Entry(
        at=at,
        method=method,
        type=type_,
        id=id_ or None,
        resource=raw.get("resource"),
        full_url=raw.get("fullUrl"),
        if_match=_condition(request, method, f"{at}.request"),
        if_none_exist=request.get("ifNoneExist"),
        query=query or None,
    )
    _check(entry)
    return entry


def _check(entry: Entry) -> None:
    url = f"{entry.at}.request.url"
    if entry.type not in MODEL.resources:
        raise refused(
            Kind.INVALID, "not-supported", "The request url does not start with an R4 resource type.", url
        )
    if entry.method == "POST" and (entry.id or entry.query):
        raise refused(Kind.INVALID, "value", "The url of a POST is the resource type alone.", url)
    if entry.if_none_exist is not None and not criteria(entry.if_none_exist):
        at = f"{entry.at}.request.ifNoneExist"
        raise refused(Kind.INVALID, "required", "ifNoneExist must name criteria.", at)
    if entry.method in ("PUT", "DELETE", "PATCH") and not (entry.id or entry.query):
        raise refused(Kind.INVALID, "value", "The url must name one resource: Type/id or Type?criteria.", url)
    if entry.method == "GET" and "/" in (entry.id or ""):
        raise refused(Kind.UNPROCESSABLE, "not-supported", "Reads and searches alone are served here.", url)
    if entry.method in ("POST", "PUT"):
        _check_body(entry)


def _check_body(entry: Entry) -> None:
    resource, at = entry.resource, f"{entry.at}.resource"
    if not isinstance(resource, dict):
        raise refused(Kind.INVALID, "required", "This entry needs a resource.", entry.at)
    if resource.get("resourceType") != entry.type:
        raise refused(Kind.INVALID, "value", "The resource's type is not the one in the url.", at)
    if entry.method == "PUT" and entry.id and resource.get("id") != entry.id:
        raise refused(Kind.INVALID, "value", "The resource's id is not the one in the url.", f"{at}.id")


def _condition(request: Mapping[str, Any], method: str, at: str) -> Condition | None:
    """What must stand for the entry to be done. A GET is answered whatever its sender has already."""
    none = request.get("ifNoneMatch")
    if none is None or method == "GET":
        return if_match(request.get("ifMatch"), f"{at}.ifMatch")
    if none != "*" or method != "PUT" or "ifMatch" in request:
        text = "ifNoneMatch is served as * on a PUT, and without an ifMatch."
        raise refused(Kind.INVALID, "not-supported", text, f"{at}.ifNoneMatch")
    return Standing.NOTHING


def if_match(value: object, at: str) -> Condition | None:
    """The version number in an ETag such as ``W/"3"``, or that there must be one; None where nothing was
    asked."""
    if value is None:
        return None
    if value == Standing.ANY.value:
        return Standing.ANY
    text = str(value).removeprefix("W/").strip('"')
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise refused(Kind.INVALID, "value", 'ifMatch must look like W/"3", or be *.', at)
    return int(text)


def criteria(query: str) -> list[tuple[str, str]]:
    """The parameters of a conditional request, percent-decoding undone."""
    return parse_qsl(query.partition("?")[2] or query, keep_blank_values=True)


def canonical(query: str) -> str:
    """The same text for the same criteria, whatever their order."""
    return urlencode(sorted(criteria(query)))


def refuse_twins(entries: Sequence[Entry]) -> None:
    """Two writes to one identity in one transaction have no order that FHIR defines; nor can it be read after
    it was deleted."""
    seen: set[str] = set()
    deleted = {entry.literal for entry in entries if entry.method == "DELETE"}
    for entry in entries:
        if entry.method == "GET" and entry.literal in deleted:
            raise refused(Kind.INVALID, "duplicate", "An entry reads what another one deletes.", entry.at)
        if entry.method in WRITES and entry.id:
            if entry.literal in seen:
                raise refused(Kind.INVALID, "duplicate", "Two entries write the same resource.", entry.at)
            seen.add(entry.literal)
