"""What form of body may come and go: FHIR R4 as JSON in UTF-8, and nothing else."""

from __future__ import annotations

from werkzeug.datastructures import Headers, MIMEAccept
from werkzeug.http import parse_accept_header, parse_options_header

from gateway.fhir.asked import Parameters
from gateway.fhir.outcome import TurnedAway, turned_away
from gateway.intake.patches import JSON_PATCH
from gateway.refusal import Kind

FHIR_JSON = "application/fhir+json"

JSON = (FHIR_JSON, "application/json", "text/json", "application/json+fhir")
PATCHES = (*JSON, JSON_PATCH)
_FORMATS = (*JSON, "json")
_VERSIONS = ("4.0", "4.0.1")
FORM = ("_format", "_pretty")
"""Parameters that concern the answer's form; every interaction has them."""


def check_answer(headers: Headers, parameters: Parameters) -> None:
    """Refuse with 406 where the client would understand nothing that is served."""
    asked = dict(parameters).get("_format")
    if asked is not None:
        # A plus sign that was not escaped arrives as a space.
        if _plain(asked.replace(" ", "+")) not in _FORMATS:
            raise _not_acceptable()
        return
    accept = headers.get("Accept", "")
    if accept and not any(_accepts(name, quality) for name, quality in _ranges(accept)):
        raise _not_acceptable()


def check_body(headers: Headers, served: tuple[str, ...] = JSON) -> None:
    """Refuse with 415 a body of another kind, another FHIR version or another character set."""
    kind, options = parse_options_header(headers.get("Content-Type", ""))
    if kind.lower() not in served:
        kinds = [one for one in served if one in (FHIR_JSON, JSON_PATCH)]
        raise turned_away(Kind.MEDIA_TYPE, "not-supported", f"Send the body as {' or '.join(kinds)}.")
    if options.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        raise turned_away(Kind.MEDIA_TYPE, "not-supported", "Send the body in UTF-8.")
    if options.get("fhirversion", "4.0") not in _VERSIONS:
        raise turned_away(Kind.MEDIA_TYPE, "not-supported", "This server speaks FHIR R4 (4.0).")


def preferred(headers: Headers, name: str) -> str | None:
    """The value of one preference, such as ``return`` or ``handling``, in the ``Prefer`` header."""
    for part in headers.get("Prefer", "").replace(";", ",").split(","):
        key, _, value = part.strip().partition("=")
        if key.strip().lower() == name:
            return value.strip().strip('"')
    return None


def is_pretty(parameters: Parameters) -> bool:
    return dict(parameters).get("_pretty") == "true"


def _ranges(accept: str) -> list[tuple[str, float]]:
    return list(parse_accept_header(accept, MIMEAccept))


def _accepts(media_range: str, quality: float) -> bool:
    kind, options = parse_options_header(media_range)
    version_fits = options.get("fhirversion", "4.0") in _VERSIONS
    return quality > 0 and version_fits and kind.lower() in (*JSON, "*/*", "application/*")


def _plain(media_type: str) -> str:
    return parse_options_header(media_type)[0]


def _not_acceptable() -> TurnedAway:
    return turned_away(Kind.NOT_ACCEPTABLE, "not-supported", f"Answers are given as {FHIR_JSON} (R4) only.")
