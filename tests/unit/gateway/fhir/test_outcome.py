"""Every way of saying no has a status and says nothing that it should not."""

from __future__ import annotations

import pytest
from fhir.resources.R4B.operationoutcome import OperationOutcome
from werkzeug.exceptions import BadRequest, MethodNotAllowed, NotFound, RequestEntityTooLarge

from gateway.custody import errors
from gateway.fhir import outcome
from gateway.refusal import Issue, Kind, Refused, refused
from mappers import lossless

FAMILY = [
    kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.CustodyError)
]


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_a_status_and_a_phrase(kind: Kind):
    told = outcome.explain(refused(kind, "processing", "Why."))
    status, _, phrase = told["status"].partition(" ")
    assert 400 <= int(status) < 600
    assert phrase


@pytest.mark.parametrize("kind", Kind)
def test_every_outcome_is_valid_r4(kind: Kind):
    refusal = Refused(kind, [Issue("value", "Why.", "Patient.gender"), Issue("structure", "And why.")])
    made = outcome.outcome(refusal)
    OperationOutcome.model_validate(made)
    assert [issue["diagnostics"] for issue in made["issue"]] == ["Why.", "And why."]
    assert made["issue"][0]["expression"] == ["Patient.gender"]
    assert "expression" not in made["issue"][1]


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (Kind.MALFORMED, 400),
        (Kind.UNAUTHENTICATED, 401),
        (Kind.FORBIDDEN, 403),
        (Kind.NOT_FOUND, 404),
        (Kind.METHOD, 405),
        (Kind.NOT_ACCEPTABLE, 406),
        (Kind.CONFLICT, 409),
        (Kind.GONE, 410),
        (Kind.PRECONDITION, 412),
        (Kind.TOO_LARGE, 413),
        (Kind.MEDIA_TYPE, 415),
        (Kind.UNPROCESSABLE, 422),
        (Kind.TOO_MANY, 429),
        (Kind.BROKEN, 500),
        (Kind.UNAVAILABLE, 503),
    ],
)
def test_the_statuses_are_http_s(kind: Kind, status: int):
    assert outcome.status_of(refused(kind, "processing", "Why.")) == status


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (errors.Tampered(), Kind.BROKEN),
        (errors.NotPermitted(), Kind.BROKEN),
        (errors.LostLease(), Kind.BROKEN),
        (errors.KeyGone(), Kind.GONE),
        (errors.Erased(), Kind.GONE),
        (errors.Conflict(), Kind.CONFLICT),
        (errors.StoreUnavailable(), Kind.UNAVAILABLE),
        (errors.KeysUnreadable(), Kind.UNAVAILABLE),
        (lossless.NotJson(), Kind.MALFORMED),
        (lossless.TooDeep(), Kind.MALFORMED),
        (NotFound(), Kind.NOT_FOUND),
        (MethodNotAllowed(["GET"]), Kind.METHOD),
        (RequestEntityTooLarge(), Kind.TOO_LARGE),
        (BadRequest(), Kind.MALFORMED),
        (ValueError("Erika Mustermann"), Kind.BROKEN),
        (KeyError("mrn-1"), Kind.BROKEN),
        (RecursionError(), Kind.BROKEN),
    ],
)
def test_every_exception_means_something(error: Exception, kind: Kind):
    assert outcome.refusal_of(error).kind is kind


@pytest.mark.parametrize("kind_of_error", FAMILY)
def test_law_2_no_text_of_custody_is_passed_on(kind_of_error: type[errors.CustodyError]):
    told = outcome.outcome(outcome.refusal_of(kind_of_error("Erika, /keys/identity.key")))
    assert "Erika" not in str(told)
    assert "identity.key" not in str(told)


def test_law_2_what_nobody_foresaw_is_told_without_detail():
    told = outcome.outcome(outcome.refusal_of(ValueError("Erika Mustermann, born 1970")))
    assert told["issue"][0]["severity"] == "fatal"
    assert told["issue"][0]["code"] == "exception"
    assert "Erika" not in str(told)


@pytest.mark.parametrize(
    ("given", "expression"),
    [
        (b'{"resourceType": "Patient", "name": [{"family": "A", "family": "B"}]}', "Patient.name[0].family"),
        (
            b'{"valueQuantity": {"value": 1, "value": 2}, "resourceType": "Observation"}',
            "Observation.value.value",
        ),
        (b'{"resourceType": "Patient", "_birthDate": {"id": "a", "id": "b"}}', "Patient.birthDate.id"),
        (b'{"name": [{"family": "A", "family": "B"}]}', "Resource.name[0].family"),
        (b'{"resourceType": "Hopkins", "name": [{"family": "A", "family": "B"}]}', "Resource.name[0].family"),
        (b'[{"op": "add", "op": "test"}]', "$this[0].op"),
    ],
)
def test_a_duplicate_key_is_told_with_its_place(given: bytes, expression: str):
    with pytest.raises(lossless.DuplicateKey) as error:
        lossless.loads(given)
    issue = outcome.outcome(outcome.refusal_of(error.value))["issue"][0]
    assert issue["expression"] == [expression]


def test_a_refusal_stays_what_it_is():
    refusal = refused(Kind.GONE, "deleted", "Why.")
    assert outcome.refusal_of(refusal) is refusal


@pytest.mark.parametrize("kind", [Kind.CONFLICT, Kind.TOO_MANY, Kind.BUSY, Kind.UNAVAILABLE])
def test_where_waiting_helps_it_is_said_how_long(kind: Kind):
    assert outcome.retry_after(refused(kind, "transient", "Why.")) in range(1, 60)


def test_a_use_case_may_say_how_long():
    assert outcome.retry_after(Refused(Kind.CONFLICT, [Issue("conflict", "Why.")], 7)) == 7
    assert outcome.retry_after(refused(Kind.NOT_FOUND, "not-found", "Why.")) is None


def test_what_the_door_refused_can_be_told_from_what_a_use_case_refused():
    assert isinstance(outcome.turned_away(Kind.FORBIDDEN, "forbidden", "Why."), outcome.TurnedAway)
    assert isinstance(outcome.refusal_of(lossless.NotJson()), outcome.TurnedAway)
    assert not isinstance(outcome.refusal_of(errors.Conflict()), outcome.TurnedAway)


def test_a_success_is_valid_r4():
    OperationOutcome.model_validate(outcome.success("The resource was stored."))
