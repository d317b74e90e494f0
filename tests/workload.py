"""What clients do at random, and the list that each keeps of it: which events its request should have left.

The lists are written from what was asked, what was answered and ``docs/audit.md``; nothing of the trail is
looked at. Clients run side by side, so what is answered hangs on chance, and what is expected on the answer.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import requests

from mappers import lossless
from tests.actors import Somebody, Town
from tests.desk import bundle, entry, observation, patient, put

JSON_PATCH = "application/json-patch+json"
IN_VAIN = (404, 410)
Resource = dict[str, Any]


class Told(NamedTuple):
    """An event as its cause can know it; ``about`` and ``patient`` are ``Type/id`` in the client's words."""

    log: str
    kind: str
    status: int
    type: str | None = None
    about: str | None = None
    version: int | None = None
    patient: str | None = None


@dataclass
class Clerk:
    """One client, and its list: by the id of each request, the events that it should have left."""

    name: str
    who: Somebody
    town: Town
    chance: random.Random
    logs: Sequence[str]
    """The organizations in whose logs a refusal stands."""
    expected: dict[str, Counter[Told]] = field(default_factory=dict)
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    """How often each kind of request was answered with each status."""

    def begins(self) -> None:
        """The next request, under an id of its own."""
        self.request = f"{self.name}-{len(self.expected)}"
        self.expected[self.request] = Counter()

    def asks(self, kind: str, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        """A request of which nothing is expected until it is said."""
        self.begins()
        answer = self.who.asks(method, path, body, X_Request_Id=self.request, **headers)
        self.answers[kind, answer.status_code] += 1
        return answer

    def expects(self, *told: Told) -> None:
        self.expected[self.request].update(told)

    def refused(self, kind: str, status: int, type_: str | None) -> None:
        """One event for the refusal, in each log that it concerns."""
        self.expects(*(Told(log, kind, status, type_) for log in self.logs))


@dataclass
class Ward(Clerk):
    """An EHR: it knows whose each of its resources is."""

    since: str = "2020"
    """What changed before is not asked for: whose that is, only Careloom knows."""

    @property
    def log(self) -> str:
        return self.logs[0]

    def settle(self, kind: str, type_: str, answer: requests.Response, about: str | None = None) -> None:
        """What one request about one resource should have left."""
        if answer.status_code >= 400:
            self.refused(kind, answer.status_code, type_)
            return
        version = version_of(answer)
        told = self.deed(kind, answer.status_code, about or placed(answer), version)
        # What was never there is nobody's.
        self.expects(told if version else told._replace(patient=None))

    def deed(self, kind: str, status: int, about: str, version: int | None) -> Told:
        return Told(self.log, kind, status, about.partition("/")[0], about, version, self.whose(about))

    def whose(self, about: str) -> str | None:
        """The patient of a resource, by how its id is spelt here."""
        type_, _, id_ = about.partition("/")
        return f"Patient/{id_.partition('.')[0]}" if type_ in ("Patient", "Observation") else None

    def seen(self, kind: str, type_: str | None, resources: Iterable[Resource]) -> None:
        """A search or a history: one event for each patient in the answer, at least one."""
        found = {patient_of(one) for one in resources} or {None}
        self.expects(*(Told(self.log, kind, 200, type_, patient=one) for one in found))

    # --- one by one --------------------------------------------------------------------------------------

    def somebody(self) -> str:
        return f"{self.name.partition('-')[0]}{self.chance.randrange(12)}"

    def something(self) -> str:
        return f"Observation/{self.somebody()}.o{self.chance.randrange(3)}"

    def anything(self) -> str:
        clinic = f"Organization/clinic-{self.chance.randrange(3)}"
        return self.chance.choice((f"Patient/{self.somebody()}", self.something(), self.something(), clinic))

    def body(self, about: str) -> Resource:
        type_, _, id_ = about.partition("/")
        if type_ == "Patient":
            return patient(id_, gender=self.chance.choice(("female", "male", "other")))
        if type_ == "Organization":
            return {"resourceType": type_, "id": id_, "name": f"Ward {self.chance.randrange(5)}"}
        value = f"{self.chance.randrange(50, 120) / 10}"
        return observation(id_, self.whose(about) or "", value=value)

    def updates(self) -> None:
        about = self.anything()
        matching = {"If_Match": f'W/"{self.chance.randrange(1, 4)}"'} if self.chance.random() < 0.2 else {}
        answer = self.asks("update", "PUT", about, self.body(about), **matching)
        self.settle(_written(answer), about.partition("/")[0], answer, about)

    def updates_matching(self) -> None:
        id_ = self.somebody()
        answer = self.asks("update if", "PUT", f"Patient?_id={id_}", self.body(f"Patient/{id_}"))
        self.settle(_written(answer), "Patient", answer, f"Patient/{id_}")

    def creates(self) -> None:
        answer = self.asks("create", "POST", "Organization", {"resourceType": "Organization", "name": "New"})
        self.settle("rest:create", "Organization", answer)

    def creates_unless(self) -> None:
        about = f"Organization/clinic-{self.chance.randrange(4)}"
        question = f"_id={about.partition('/')[2]}" if self.chance.random() < 0.8 else "name=Ward"
        answer = self.asks("create if", "POST", "Organization", self.body(about), If_None_Exist=question)
        found = answer.status_code == 200
        # What is there already is shown, and that is a reading.
        # By its name it may be another than the one of this id.
        shown = f"Organization/{lossless.loads(answer.content)['id']}" if found else None
        self.settle("rest:read" if found else "rest:create", "Organization", answer, shown)

    def patches(self) -> None:
        about = f"Patient/{self.somebody()}"
        unmet = self.chance.random() < 0.2
        step = {"op": "test" if unmet else "add", "path": "/active", "value": self.chance.random() < 0.5}
        answer = self.asks("patch", "PATCH", about, [step], Content_Type=JSON_PATCH)
        self.settle("rest:patch", "Patient", answer, about)

    def patches_by_path(self) -> None:
        about = f"Patient/{self.somebody()}"
        parts = [("type", "valueCode", "replace"), ("path", "valueString", "Patient.gender")]
        parts.append(("value", "valueCode", self.chance.choice(("female", "unknown"))))
        steps = [{"name": name, key: value} for name, key, value in parts]
        change = {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": steps}]}
        path = about if self.chance.random() < 0.7 else f"Patient?_id={about.partition('/')[2]}"
        answer = self.asks("patch by path", "PATCH", path, change)
        self.settle("rest:patch", "Patient", answer, about)

    def deletes(self) -> None:
        about = self.something()
        answer = self.asks("delete", "DELETE", about)
        self.settle("rest:delete", "Observation", answer, about)

    def deletes_and_looks(self) -> None:
        about = self.something()
        for _ in range(2):
            answer = self.asks("delete", "DELETE", about)
            self.settle("rest:delete", "Observation", answer, about)
        self.looked("rest:read", self.asks("read", "GET", about), about)

    def deletes_matching(self) -> None:
        about = self.something()
        answer = self.asks("delete if", "DELETE", f"Observation?_id={about.partition('/')[2]}")
        if version_of(answer) is None and answer.status_code < 400:
            self.expects(Told(self.log, "rest:delete", 204, "Observation"))
        else:
            self.settle("rest:delete", "Observation", answer, about)

    # --- looking -----------------------------------------------------------------------------------------

    def reads(self) -> None:
        about = self.anything()
        path = self.chance.choice((about, about, f"{about}/$meta"))
        known = {"If_None_Match": f'W/"{self.chance.randrange(1, 3)}"'} if self.chance.random() < 0.5 else {}
        answer = self.asks("read", self.chance.choice(("GET", "GET", "HEAD")), path, **known)
        self.looked("rest:read", answer, about)

    def reads_again(self) -> None:
        """The same once more, unless it changed."""
        about = f"Patient/{self.somebody()}"
        answer = self.asks("read", "GET", about)
        self.looked("rest:read", answer, about)
        if answer.status_code == 200:
            known = answer.headers["ETag"]
            self.looked("rest:read", self.asks("read", "GET", about, If_None_Match=known), about)

    def reads_a_version(self) -> None:
        about, number = self.anything(), self.chance.randrange(1, 4)
        answer = self.asks("vread", "GET", f"{about}/_history/{number}")
        self.looked("rest:vread", answer, about)

    def looked(self, kind: str, answer: requests.Response, about: str) -> None:
        status = answer.status_code
        if status >= 400:
            self.refused(kind, status, about.partition("/")[0])
        else:
            # What is unchanged was looked at all the same, and is told as 304.
            self.expects(self.deed(kind, status, about, version_of(answer)))

    def asks_for_history(self) -> None:
        about = self.anything()
        answer = self.asks("history", "GET", f"{about}/_history")
        if answer.status_code >= 400:
            self.refused("rest:history", answer.status_code, about.partition("/")[0])
            return
        newest = int(lossless.loads(answer.content)["entry"][0]["response"]["etag"][3:-1])
        self.expects(self.deed("rest:history", 200, about, newest))

    def asks_what_changed(self) -> None:
        type_ = self.chance.choice(("Patient", "Observation", "Organization"))
        answer = self.asks(
            "history of a type",
            "GET",
            f"{type_}/_history?_count={self.chance.randrange(5)}&_since={self.since}",
        )
        found = lossless.loads(answer.content).get("entry", ())
        whose = {self.whose(one["request"]["url"]) for one in found} - {None} or {None}
        self.expects(*(Told(self.log, "rest:history", 200, type_, patient=one) for one in whose))

    def searches(self) -> None:
        type_, query = self.chance.choice(
            (
                ("Patient", "gender=female&_count=5"),
                ("Patient", f"_id={self.somebody()}&_revinclude=Observation:subject"),
                ("Patient", "family=Hopkins&_summary=count"),
                ("Observation", f"patient={self.somebody()}&_include=Observation:subject"),
                ("Observation", "code=4548-4&_sort=date&_count=3"),
                ("Organization", "name=Ward"),
                ("Observation", "shoe-size=42"),
            )
        )
        if self.chance.random() < 0.3:
            form = {"Content_Type": "application/x-www-form-urlencoded"}
            answer = self.asks("search by POST", "POST", f"{type_}/_search", query.encode(), **form)
        else:
            answer = self.asks("search", "GET", f"{type_}?{query}")
        self.found(type_, answer)

    def found(self, type_: str, answer: requests.Response) -> None:
        if answer.status_code != 200:
            self.refused("rest:search", answer.status_code, type_)
            return
        self.seen("rest:search", type_, resources(answer))

    def asks_for_everything(self) -> None:
        about = f"Patient/{self.somebody()}"
        answer = self.asks("everything", "GET", f"{about}/$everything?_count=5")
        if answer.status_code >= 400:
            self.refused("rest:everything", answer.status_code, "Patient")
            return
        own = next(one for one in resources(answer) if one["resourceType"] == "Patient")
        self.expects(self.deed("rest:everything", 200, about, int(own["meta"]["versionId"])))

    def validates(self) -> None:
        answer = self.asks("validate", "POST", "Patient/$validate", patient("x", gender="x"))
        self.expects(Told(self.log, "rest:validate", answer.status_code, "Patient"))

    def applies(self) -> None:
        """A plan that is sent along, applied to somebody who may have gone."""
        about = f"Patient/{self.somebody()}"
        whom = {"name": "subject", "valueString": about}
        sent = {
            "resourceType": "Parameters",
            "parameter": [whom, {"name": "planDefinition", "resource": A_PLAN}],
        }
        answer = self.asks("apply", "POST", "PlanDefinition/$apply", sent)
        if answer.status_code >= 400:
            self.refused("rest:apply", answer.status_code, "PlanDefinition")
            return
        self.expects(Told(self.log, "rest:apply", 200, "PlanDefinition", patient=about))

    # --- bundles -----------------------------------------------------------------------------------------

    def submits(self) -> None:
        """A transaction of two writes and a reading, which may fail as a whole."""
        somebody = self.somebody()
        one, other = f"Patient/{somebody}", f"Observation/{somebody}.o{self.chance.randrange(3)}"
        match = {"ifMatch": 'W/"77"'} if self.chance.random() < 0.2 else {}
        made = bundle(put(self.body(one)), put(self.body(other), **match), entry("GET", one))
        answer = self.asks("transaction", "POST", "", made)
        if answer.status_code >= 400:
            self.refused("rest:transaction", answer.status_code, None)
            return
        kinds = (None, None, "rest:read")
        for kind, about, told in zip(kinds, (one, other, one), responses(answer), strict=True):
            self.expects(self.deed(kind or _entered(told), *_outcome(told, about)))

    def submits_again(self) -> None:
        """A transaction under a key, and the same once more."""
        about = f"Patient/{self.somebody()}"
        key, made = f"{self.name}-key-{len(self.expected)}", bundle(put(self.body(about)))
        for again in (False, True):
            answer = self.asks("repeat", "POST", "", made, Idempotency_Key=key)
            if answer.status_code >= 400:
                self.refused("rest:transaction", answer.status_code, None)
                return
            (told,) = responses(answer)
            once = Told(self.log, "rest:transaction", 200, "Bundle", patient=self.whose(about))
            self.expects(once if again else self.deed(_entered(told), *_outcome(told, about)))

    def submits_a_batch(self) -> None:
        """Entries that stand alone: a write, a reading that may be in vain, a search, and nonsense."""
        written, read, whose = self.something(), self.anything(), self.somebody()
        entries = [put(self.body(written)), entry("GET", read), entry("GET", f"Observation?patient={whose}")]
        made = bundle(*entries, {"request": {"method": "PUT"}}, kind="batch")
        answer = self.asks("batch", "POST", "", made)
        first, second, third, _ = lossless.loads(answer.content)["entry"]
        self.entered(first["response"], _entered(first["response"]), written)
        self.entered(second["response"], "rest:read", read)
        self.seen("rest:search", "Observation", [e["resource"] for e in third["resource"].get("entry", ())])
        self.expects(Told(self.log, "rest:batch", 400))

    def entered(self, told: Mapping[str, Any], kind: str, about: str) -> None:
        status, where, version = _outcome(told, about)
        if status >= 400:
            self.refused(kind, status, about.partition("/")[0])
        else:
            self.expects(self.deed(kind, status, where, version))

    # --- in vain -----------------------------------------------------------------------------------------

    def is_refused(self, number: int | None = None) -> None:
        """One of the ways in which a request ends at the door, or at no door at all."""
        row = self.chance.choice(REFUSED) if number is None else REFUSED[number]
        method, path, body, headers, kind, type_ = row
        answer = self.asks(f"refused {method} {path}", method, path, body, **headers)
        assert answer.status_code >= 400, (method, path)
        if kind is not None:
            self.refused(kind, answer.status_code, type_)

    def looks_at_what_is_public(self) -> None:
        assert self.asks("public", "GET", "metadata").status_code == 200

    def comes_with_no_token(self) -> None:
        answer = self.asks("no token", "GET", "Patient/x", Authorization="Bearer nonsense")
        self.expects(Told("system", "rest:read", answer.status_code, "Patient"))

    # --- the token desk ----------------------------------------------------------------------------------

    def at_the_desk(self) -> None:
        """A token asked for, told about and ended, rightly or not."""
        client = self.who.client
        desk, kind = self.chance.choice(
            (("token", "token:issue"), ("introspect", "token:introspect"), ("revoke", "token:revoke"))
        )
        wrong = self.chance.random() < 0.3
        assertion = client.assertion(**({"aud": "http://elsewhere.test"} if wrong else {}))
        form = {
            "grant_type": "client_credentials",
            "scope": "system/Patient.r",
            "token": "nobodys",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion,
        }
        self.begins()
        url, headers = f"{self.town.base_url}/auth/{desk}", {"X-Request-Id": self.request}
        answer = self.town.session().post(url, data=form, headers=headers, timeout=30)
        self.answers[desk, answer.status_code] += 1
        refused = {"token": "token:refuse"}.get(desk, kind)
        self.expects(Told(self.log, refused if wrong else kind, answer.status_code))


A_PLAN = {
    "resourceType": "PlanDefinition",
    "url": "http://example.org/fhir/PlanDefinition/of-the-day",
    "status": "draft",
    "action": [{"id": "look", "title": "Look again"}],
}
TOO_MUCH = patient("x", name=[{"text": "x" * 70_000}])
"""More than the clients' gateway takes."""
BODY_LIMIT = 65_536
_XML = {"Accept": "application/fhir+xml"}

REFUSED: tuple[tuple[str, str, Any, dict[str, str], str | None, str | None], ...] = (
    ("PUT", "Patient/x", b"{", {}, "rest:update", "Patient"),
    ("PUT", "Patient/x", patient("y"), {}, "rest:update", "Patient"),
    ("PUT", "Patient/x", patient("x", gender="x"), {}, "rest:update", "Patient"),
    ("PUT", "Patient/x", b"<Patient/>", {"Content_Type": "application/fhir+xml"}, "rest:update", "Patient"),
    ("POST", "Patient", TOO_MUCH, {}, "rest:create", "Patient"),
    ("POST", "Patient/_search", b"{}", {}, "rest:search", "Patient"),
    ("GET", "Patient/x", None, _XML, "rest:read", "Patient"),
    ("GET", "Patient", None, _XML, "rest:search", "Patient"),
    ("GET", "Spaceship/1", None, {}, "rest:read", None),
    ("GET", "Patient/x/_history/one", None, {}, "rest:vread", "Patient"),
    ("GET", "Patient?_page=nonsense", None, {}, "rest:search", "Patient"),
    ("GET", "AuditEvent", None, {}, "rest:search", "AuditEvent"),
    ("DELETE", "AuditEvent/1-1", None, {}, "rest:delete", "AuditEvent"),
    ("DELETE", "Observation", None, {}, "rest:delete", "Observation"),
    ("POST", "", {"resourceType": "Bundle", "type": "collection"}, {}, "rest:transaction", None),
    ("POST", "", bundle({"request": {"method": "PUT", "url": "x"}}), {}, "rest:transaction", None),
    ("POST", "", bundle(put(patient("x")), entry("GET", "Patient")), {}, "rest:transaction", None),
    ("GET", "Patient/x/$nothing", None, {}, None, None),
    ("DELETE", "Patient/x/$everything", None, {}, None, None),
)
"""What is sent, and the event that it leaves: no address or method that is not served has one."""

DEEDS: tuple[tuple[Callable[[Ward], None], int], ...] = (
    (Ward.updates, 20),
    (Ward.updates_matching, 4),
    (Ward.creates, 3),
    (Ward.creates_unless, 5),
    (Ward.patches, 6),
    (Ward.patches_by_path, 6),
    (Ward.deletes, 3),
    (Ward.deletes_and_looks, 4),
    (Ward.deletes_matching, 4),
    (Ward.reads, 12),
    (Ward.reads_again, 3),
    (Ward.reads_a_version, 6),
    (Ward.asks_for_history, 4),
    (Ward.asks_what_changed, 4),
    (Ward.searches, 8),
    (Ward.asks_for_everything, 3),
    (Ward.validates, 2),
    (Ward.applies, 2),
    (Ward.submits, 5),
    (Ward.submits_again, 2),
    (Ward.submits_a_batch, 5),
    (Ward.is_refused, 18),
    (Ward.looks_at_what_is_public, 1),
    (Ward.comes_with_no_token, 2),
    (Ward.at_the_desk, 9),
)


def works(ward: Ward, most: int) -> None:
    """So many requests, drawn by chance; before, each deed and each refusal once."""
    deeds, weights = zip(*DEEDS, strict=True)
    for deed in deeds:
        deed(ward)
    for number in range(len(REFUSED)):
        ward.is_refused(number)
    while len(ward.expected) < most:
        ward.chance.choices(deeds, weights)[0](ward)


# --- reading answers ----------------------------------------------------------------------------------------


def version_of(answer: requests.Response) -> int | None:
    """The version in an answer's ETag."""
    etag = answer.headers.get("ETag")
    return int(etag[3:-1]) if etag else None


def placed(answer: requests.Response) -> str:
    """``Type/id`` of what was made."""
    return "/".join(answer.headers["Location"].partition("/_history/")[0].split("/")[-2:])


def resources(answer: requests.Response) -> list[Resource]:
    """The resources in a searchset, without notes on the search itself."""
    found = lossless.loads(answer.content).get("entry", ())
    return [one["resource"] for one in found if one["search"]["mode"] != "outcome"]


def responses(answer: requests.Response) -> list[dict[str, Any]]:
    return [one["response"] for one in lossless.loads(answer.content)["entry"]]


def patient_of(resource: Resource) -> str | None:
    """Whose a resource is, by itself."""
    if resource["resourceType"] == "Patient":
        return f"Patient/{resource['id']}"
    reference = resource.get("subject", {}).get("reference")
    return None if reference is None else str(reference)


def _outcome(told: Mapping[str, Any], about: str) -> tuple[int, str, int | None]:
    etag = told.get("etag")
    return int(told["status"][:3]), about, int(etag[3:-1]) if etag else None


def _written(answer: requests.Response) -> str:
    return "rest:create" if answer.status_code == 201 else "rest:update"


def _entered(told: Mapping[str, Any]) -> str:
    return "rest:create" if told["status"].startswith("201") else "rest:update"
