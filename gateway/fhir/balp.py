"""The patterns of IHE BALP (Basic Audit Log Patterns 1.1), as data: one row per kind of event that we write.

A pattern says in which codes others know an event, in which roles client, server and user stand, and which of
BALP's profiles such an event claims when it succeeded. Who takes data in is their destination, so the roles
of client and server in a read are the other way round than in a query, which BALP takes as something sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import NamedTuple

KIND_SYSTEM = "urn:careloom:audit-kind"
CLIENT_SYSTEM = "urn:careloom:client"
ORGANIZATION_SYSTEM = "urn:careloom:organization"

REST = "http://terminology.hl7.org/CodeSystem/audit-event-type"
INTERACTION = "http://hl7.org/fhir/restful-interaction"
DICOM = "http://dicom.nema.org/resources/ontology/DCM"
LIFECYCLE = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle"
_PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
_BALP = "https://profiles.ihe.net/ITI/BALP"
_PROFILE = f"{_BALP}/StructureDefinition/IHE.BasicAudit."


class Code(NamedTuple):
    """A code in its system, and how it is written for people."""

    system: str
    code: str
    display: str

    def coding(self) -> dict[str, str]:
        # A dozen of them are in each event: `_asdict` takes eight times as long.
        return {"system": self.system, "code": self.code, "display": self.display}


class Form(Enum):
    """What an event is about, and so which entities it has."""

    DATA = "data"
    QUERY = "query"
    DECISION = "decision"


APPLICATION = Code(DICOM, "110150", "Application")
DESTINATION = Code(DICOM, "110152", "Destination Role ID")
SOURCE = Code(DICOM, "110153", "Source Role ID")
CUSTODIAN = Code(
    "http://terminology.hl7.org/CodeSystem/provenance-participant-type", "custodian", "Custodian"
)
TOKEN_DESK = Code(f"{_BALP}/CodeSystem/UserAgentTypes", "AuthzOauthService", "OAuth Authorization Server")
AUTHORIZER = Code(
    "http://terminology.hl7.org/CodeSystem/extra-security-role-type", "authserver", "authorization server"
)
RECIPIENT = Code(_PARTICIPATION, "IRCP", "information recipient")
AUTHOR = Code(_PARTICIPATION, "AUT", "author (originator)")
PROVIDER = Code("http://terminology.hl7.org/CodeSystem/v3-RoleClass", "PROV", "healthcare provider")

REQUEST = Code(f"{_BALP}/CodeSystem/BasicAuditEntityType", "XrequestId", "XrequestId")
DISCLOSED = Code(LIFECYCLE, "disclose", "Disclose Record Lifecycle Event")

_RESTFUL = Code(REST, "rest", "RESTful Operation")
_ACTIVITY = Code(DICOM, "110100", "Application Activity")
_LOG_USED = Code(DICOM, "110101", "Audit Log Used")
_EXPORT = Code(DICOM, "110106", "Export")
_RECORD = Code(DICOM, "110110", "Patient Record")
_ALERT = Code(DICOM, "110113", "Security Alert")
_AUTHENTICATION = Code(DICOM, "110114", "User Authentication")
_LOGIN = Code(DICOM, "110122", "Login")
_LOGOUT = Code(DICOM, "110123", "Logout")
_SECURITY = Code(DICOM, "110129", "Security Configuration")
_ROLES = Code(DICOM, "110136", "Security Roles Changed")
_USERS = Code(DICOM, "110137", "User Security Attributes Changed")
_AUTHZ = Code(
    f"{_BALP}/CodeSystem/AuthZsubType", "AuthZ-Consent", "Authorization Decision using Roles and Consent"
)

TOKEN_USE = f"{_PROFILE}OAUTHaccessTokenUse.Comprehensive"


@dataclass(frozen=True, slots=True)
class Pattern:
    """How events of one kind are told. ``server`` is None where no other system took part."""

    type: Code
    subtypes: tuple[Code, ...] = ()
    client: Code = APPLICATION
    server: Code | None = None
    user: Code = RECIPIENT
    form: Form = Form.DATA
    profile: str | None = None
    """The profile of an event that concerns no patient; ``of_patient`` that of one that does."""
    of_patient: str | None = None


def _rest(code: str) -> Pattern:
    return Pattern(_RESTFUL, (Code(INTERACTION, code, code),), SOURCE, DESTINATION)


def _claiming(pattern: Pattern, name: str) -> Pattern:
    return replace(pattern, profile=_PROFILE + name, of_patient=f"{_PROFILE}Patient{name}")


def _read(code: str) -> Pattern:
    return replace(_rest(code), client=DESTINATION, server=SOURCE)


def _write(code: str, name: str) -> Pattern:
    return _claiming(replace(_rest(code), user=AUTHOR), name)


_DELETE = replace(_write("delete", "Delete"), client=APPLICATION, server=CUSTODIAN)
_DECISION = Pattern(
    _ALERT, (_AUTHZ,), APPLICATION, AUTHORIZER, form=Form.DECISION, of_patient=f"{_PROFILE}AuthZconsent"
)
_CHART = Pattern(_RECORD)

PATTERNS: Mapping[str, Pattern] = {
    "rest:create": _write("create", "Create"),
    "rest:read": _claiming(_read("read"), "Read"),
    "rest:vread": _claiming(_read("vread"), "Read"),
    "rest:history": _read("history"),
    "rest:update": _write("update", "Update"),
    "rest:patch": _write("patch", "Update"),
    "rest:delete": _DELETE,
    "rest:search": _claiming(replace(_rest("search"), form=Form.QUERY), "Query"),
    "rest:everything": _rest("operation"),
    "rest:validate": _rest("operation"),
    "rest:apply": _rest("operation"),
    "rest:transaction": replace(_rest("transaction"), user=AUTHOR),
    "rest:batch": replace(_rest("batch"), user=AUTHOR),
    "cds:call": replace(_rest("operation"), client=DESTINATION, server=SOURCE),
    "cds:feedback": replace(_rest("operation"), user=AUTHOR),
    "cds:refuse": Pattern(_AUTHENTICATION, (_LOGIN,)),
    "token:issue": Pattern(_AUTHENTICATION, (_LOGIN,), server=TOKEN_DESK),
    "token:refuse": Pattern(_AUTHENTICATION, (_LOGIN,), server=TOKEN_DESK),
    "token:introspect": Pattern(_AUTHENTICATION, server=TOKEN_DESK),
    "token:revoke": Pattern(_AUTHENTICATION, (_LOGOUT,), server=TOKEN_DESK),
    "client:add": Pattern(_ALERT, (_USERS,)),
    "client:revoke": Pattern(_ALERT, (_USERS,)),
    "client:keys": Pattern(_ALERT, (_USERS,)),
    "grant:add": Pattern(_ALERT, (_ROLES,)),
    "grant:revoke": Pattern(_ALERT, (_ROLES,)),
    "sandbox:open": Pattern(_ALERT, (_USERS,)),
    "sandbox:close": Pattern(_ALERT, (_USERS,)),
    "consent:permit": _DECISION,
    "consent:deny": _DECISION,
    "consent:check": Pattern(_ALERT),
    "keys:rotate": Pattern(_ALERT, (_SECURITY,)),
    "keys:rewrap": Pattern(_ALERT, (_SECURITY,)),
    "worker:read": replace(_CHART, client=DESTINATION, server=SOURCE),
    "worker:create": replace(_CHART, client=SOURCE, server=DESTINATION),
    "worker:update": replace(_CHART, client=SOURCE, server=DESTINATION),
    "merge:united": replace(_CHART, client=SOURCE, server=DESTINATION, user=AUTHOR),
    "merge:blocked": replace(_CHART, client=SOURCE, server=DESTINATION, user=AUTHOR),
    "merge:waiting": replace(_CHART, client=SOURCE, server=DESTINATION, user=AUTHOR),
    "merge:undone": replace(_CHART, client=SOURCE, server=DESTINATION, user=AUTHOR),
    "erasure:begin": _CHART,
    "erasure:refuse": _CHART,
    "erasure:rewrite": _CHART,
    "erasure:delete": _CHART,
    "erasure:end": _CHART,
    "retention:set": Pattern(_ALERT, (_SECURITY,)),
    "retention:remove": Pattern(_ALERT, (_SECURITY,)),
    "retention:hold": Pattern(_ALERT, (_SECURITY,)),
    "retention:release": Pattern(_ALERT, (_SECURITY,)),
    "knowledge:add": Pattern(_ALERT, (_SECURITY,)),
    "knowledge:remove": Pattern(_ALERT, (_SECURITY,)),
    "knowledge:trust": Pattern(_ALERT, (_SECURITY,)),
    "knowledge:switch": Pattern(_ALERT, (_SECURITY,)),
    "knowledge:recall": Pattern(_ALERT, (_SECURITY,)),
    "knowledge:flagged": _CHART,
    "retention:superseded": _CHART,
    "retention:deleted": _CHART,
    "patient:disclosures": Pattern(
        _EXPORT, (DISCLOSED,), DESTINATION, SOURCE, of_patient=f"{_PROFILE}PrivacyDisclosure.Source"
    ),
    "audit:export": Pattern(_LOG_USED),
    "audit:archive": Pattern(_LOG_USED),
    "audit:acknowledge": Pattern(_ALERT, (_SECURITY,)),
    "console:login": Pattern(_AUTHENTICATION, (_LOGIN,)),
    "console:logout": Pattern(_AUTHENTICATION, (_LOGOUT,)),
    "console:account": Pattern(_ALERT, (_USERS,)),
    "console:person": Pattern(_ALERT, (_USERS,)),
    "console:read": Pattern(_LOG_USED),
    "console:search": Pattern(_LOG_USED, form=Form.QUERY),
    "console:export": Pattern(_LOG_USED, form=Form.QUERY),
    "console:verify": Pattern(_LOG_USED),
    "console:review": Pattern(_ALERT, (_SECURITY,)),
    "console:retry": Pattern(_ACTIVITY),
    "console:case": Pattern(_ALERT, (_SECURITY,)),
    "system:start": Pattern(_ACTIVITY, (Code(DICOM, "110120", "Application Start"),)),
    "system:stop": Pattern(_ACTIVITY, (Code(DICOM, "110121", "Application Stop"),)),
    "system:hang": Pattern(_ACTIVITY, (Code(DICOM, "110121", "Application Stop"),)),
}
"""Every kind of event that is written; ``docs/audit.md`` says what each is."""

DISCLOSING = ("rest:read", "rest:vread", "rest:history", "rest:search", "rest:everything")
"""Kinds by which a partner that found something was given a patient's data."""


def pattern_of(kind: str) -> Pattern:
    """The pattern of a kind; of one that is not known, our own code for whoever wrote it."""
    source = kind.partition(":")[0]
    return PATTERNS.get(kind) or Pattern(Code(KIND_SYSTEM, source, source))


def own(kind: str) -> Code:
    """Our own code for a kind of event."""
    return Code(KIND_SYSTEM, kind, kind)


def subtypes_of(kind: str) -> list[Code]:
    """What happened, in a code that others know where there is one, and in ours where BALP lets it stand."""
    pattern = pattern_of(kind)
    # The subtypes of a decision are of BALP's own list, each of them.
    return [*pattern.subtypes] if pattern.form is Form.DECISION else [*pattern.subtypes, own(kind)]
