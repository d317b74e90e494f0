"""An event in words that a person understands: who did what to what, why, and how it ended. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gateway.console.people import CLIENT
from gateway.custody.audit import Event
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.operator import login_of

OUTCOMES: Mapping[str, str] = {"0": "done", "4": "refused", "8": "failed", "12": "altered data met"}
PURPOSES: Mapping[str, str] = {
    "BTG": "break-glass",
    "CAREMGT": "care management",
    "COC": "coordination of care",
    "COVERAGE": "coverage",
    "ERTREAT": "emergency room treatment",
    "ETREAT": "emergency treatment",
    "FAMRQT": "the family's request",
    "HDIRECT": "directory",
    "HLEGAL": "legal",
    "HMARKT": "marketing",
    "HOPERAT": "health care operations",
    "HPAYMT": "payment",
    "HRESCH": "research",
    "HQUALIMP": "quality improvement",
    "HSYSADMIN": "system administration",
    "PATADMIN": "patient administration",
    "PATRQT": "the patient's request",
    "PATSFTY": "patient safety",
    "PUBHLTH": "public health",
    "RECORDMGT": "records management",
    "THREAT": "threat",
    "TRAIN": "training",
    "TREAT": "treatment",
}
"""The purposes that are common, in words; any other is shown by its code (HL7 v3-ActReason)."""

PARTS: Mapping[str, str] = {
    "careloom-worker": "the engine",
    "careloom-gateway": "the gateway",
    "careloom-courier": "the courier",
    CLIENT: "the console",
    "command line": "the command line",
}
"""Careloom's own parts, as clients of events."""

_DEEDS: Mapping[str, str] = {
    "rest:create": "wrote {a}",
    "rest:read": "read {a}",
    "rest:vread": "read a version of {a}",
    "rest:history": "read versions of {a}",
    "rest:update": "changed {a}",
    "rest:patch": "changed part of {a}",
    "rest:delete": "deleted {a}",
    "rest:search": "searched for {many}",
    "rest:everything": "read the whole record",
    "rest:validate": "had {a} checked",
    "rest:apply": "applied {a}",
    "rest:transaction": "sent a bundle",
    "rest:batch": "sent a batch",
    "token:issue": "logged in",
    "token:refuse": "tried to log in",
    "token:introspect": "asked about a token",
    "token:revoke": "gave a token back",
    "client:add": "was registered as a client",
    "client:revoke": "was revoked as a client",
    "client:keys": "showed other keys than before",
    "cds:call": "asked for decision support",
    "cds:feedback": "told what became of a card",
    "cds:refuse": "was refused decision support",
    "grant:add": "was granted access",
    "grant:revoke": "lost a grant",
    "sandbox:open": "opened the sandbox",
    "sandbox:close": "closed the sandbox",
    "consent:permit": "was permitted by the patient's consent",
    "consent:deny": "was denied by the patient's consent",
    "consent:check": "asked what a consent would decide",
    "keys:rotate": "changed a root key",
    "keys:rewrap": "wrapped keys anew",
    "worker:read": "read the chart",
    "worker:create": "wrote {a}",
    "worker:update": "rewrote {a}",
    "merge:united": "united two records",
    "merge:blocked": "left two records apart that contradict each other",
    "merge:waiting": "waits for the record to be united with",
    "merge:undone": "parted two records again",
    "erasure:begin": "began to erase a patient",
    "erasure:refuse": "was refused an erasure",
    "erasure:rewrite": "rewrote {a} without an erased patient",
    "erasure:delete": "deleted {a} of an erased patient",
    "erasure:end": "erased a patient",
    "retention:set": "set how long records are kept",
    "retention:remove": "removed a rule of retention",
    "retention:hold": "put a hold on records",
    "retention:release": "released a hold",
    "retention:superseded": "dropped old versions of {a}",
    "retention:deleted": "deleted {a} that no rule keeps any longer",
    "knowledge:add": "added a pack of rules",
    "knowledge:remove": "removed a pack of rules",
    "knowledge:trust": "changed whose packs are trusted",
    "knowledge:switch": "switched a rule or set its thresholds",
    "knowledge:recall": "recalled a rule",
    "knowledge:flagged": "looked at {a} of a recalled rule",
    "patient:disclosures": "made an accounting of disclosures",
    "audit:export": "exported the trail",
    "audit:archive": "archived the oldest events",
    "audit:acknowledge": "acknowledged that a clock was wrong",
    "console:login": "logged in to the console",
    "console:logout": "logged out of the console",
    "console:read": "looked at a page of the console",
    "console:search": "searched the trail",
    "console:export": "saved a file from the console",
    "console:account": "changed their account",
    "console:person": "changed who may use the console",
    "console:verify": "had the trail verified",
    "console:review": "reviewed a break-glass access",
    "console:retry": "had failed jobs tried again",
    "console:case": "worked on a case of the watch list",
    "system:start": "started",
    "system:stop": "stopped",
    "system:hang": "hung and was started again",
}
"""What an event of each kind says; ``{a}`` is what it was done to."""

_TRIED: Mapping[str, str] = {"console:login": "tried to log in to the console"}
_ENDS: Mapping[str, str] = {
    "4": ": refused ({status})",
    "8": ": failed ({status})",
    "12": ": what was met had been altered ({status})",
}
_NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class Names:
    """What things are called for a reader. ``shown`` gives an id as this reader sees it."""

    client: Callable[[str], str | None]
    organizations: Mapping[Tenant, str]
    shown: Callable[[str, StoredId], str]


def deed(event: Event) -> str:
    """What was done, such as ``read an Observation``."""
    said = _TRIED.get(event.kind) if event.outcome != "0" else None
    text = said or _DEEDS.get(event.kind) or f"did {event.kind.replace(':', ' ')}"
    type_ = event.type or "resource"
    return text.format(a=f"{_article(type_)} {type_}", many=_plural(type_))


def client_name(event: Event, names: Names) -> str | None:
    """What people call the client of an event; None where it had none."""
    if event.client_id is None:
        return None
    return PARTS.get(event.client_id) or names.client(event.client_id) or event.client_id


def user_name(event: Event) -> str | None:
    """Who stood behind it, without the system that knows them."""
    if event.user is None:
        return None
    return login_of(event.user) or event.user.rpartition("|")[2]


def who(event: Event, names: Names) -> str:
    """Who did it, such as ``npi-12 through Ward system``."""
    user, client = user_name(event), client_name(event, names)
    if user and client:
        return f"{user} through {client}"
    if user is None and client is not None and event.client_id in PARTS:
        return capital(client)
    return user or client or "Somebody unknown"


def ending(event: Event) -> str:
    """How it ended, where it did not end well."""
    if event.outcome == "4" and event.status == _NOT_FOUND:
        return ": nothing was found (404)"
    return _ENDS.get(event.outcome, "").format(status=event.status)


def purpose(event: Event) -> str | None:
    """On what ground; None where nobody said."""
    return None if event.purpose is None else PURPOSES.get(event.purpose, event.purpose)


def sentence(event: Event, names: Names) -> str:
    """The whole of it in one sentence, with its full stop."""
    about = f" of patient {names.shown('Patient', event.patient)}" if event.patient is not None else ""
    where = _elsewhere(event, names)
    ground = purpose(event)
    why = f", for {ground}" if ground else ""
    return f"{who(event, names)}{where} {deed(event)}{about}{why}{ending(event)}."


def _elsewhere(event: Event, names: Names) -> str:
    """The organization of the one who asked, where it is not known by the client's name alone."""
    if event.organization is None or event.client_id in PARTS:
        return ""
    name = names.organizations.get(event.organization)
    return f" ({name})" if name else ""


def capital(text: str) -> str:
    """The text with a capital at its beginning."""
    return text[:1].upper() + text[1:]


def _article(noun: str) -> str:
    return "an" if noun[:1].lower() in "aeio" else "a"


def _plural(type_: str) -> str:
    if type_.endswith("y"):
        return f"{type_[:-1]}ies"
    return f"{type_}es" if type_.endswith(("s", "x")) else f"{type_}s"
