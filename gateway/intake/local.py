"""Urls of this server's own, told relative to it: ``https://here/fhir/Patient/1`` is ``Patient/1``.

R4 lets a reference and the url of a bundle's request be either. What names this server's base means what is
here: so it is checked, kept, found, pseudonymized and erased as the relative one, and stored as one. Urls of
other servers, canonicals and narratives stay as they are.
"""

from __future__ import annotations

from typing import Any

from mappers.r4 import references
from mappers.r4.references import Conditional, Literal


def localised(sent: Any, base: str) -> Any:
    """What was sent, with each reference into ``base``, and each request url of a Bundle, relative to it; the
    very same where there is none."""
    if not base or not isinstance(sent, dict):
        return sent
    made = references.rewrite(sent, lambda text: relative(text, base))
    if made.get("resourceType") != "Bundle" or not isinstance(made.get("entry"), list):
        return made
    entries = [_requested(entry, base) for entry in made["entry"]]
    changed = any(new is not old for new, old in zip(entries, made["entry"], strict=True))
    return {**made, "entry": entries} if changed else made


def relative(text: str, base: str) -> str:
    """A reference into ``base`` relative to it; any other text as it is."""
    rest = _below(text, base)
    return rest if rest and isinstance(references.parse(rest), Literal | Conditional) else text


def may_hold(body: bytes, base: str) -> bool:
    """Whether JSON in these bytes may name the base at all; with a backslash it may be spelt in many ways."""
    return bool(base) and (b"\\" in body or base.encode() in body)


def _requested(entry: Any, base: str) -> Any:
    request = entry.get("request") if isinstance(entry, dict) else None
    url = request.get("url") if isinstance(request, dict) else None
    rest = _below(url, base) if isinstance(url, str) else ""
    return {**entry, "request": {**request, "url": rest}} if rest and request else entry


def _below(text: str, base: str) -> str:
    return text[len(base) + 1 :] if text.startswith(base) and text[len(base) : len(base) + 1] == "/" else ""
