"""What makes a request the same: every part of it, and no two that run into one another."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from werkzeug.datastructures import Headers

from gateway.auth.scopes import parse
from gateway.fhir.asked import Asked
from gateway.fhir.repeating import repeat_of
from gateway.refusal import Kind, Refused
from tests.desk import ehr


def asked(key: str | None = "key-1", criteria: str | None = None, **more: Any) -> Asked:
    headers = Headers()
    if key is not None:
        headers["Idempotency-Key"] = key
    if criteria is not None:
        headers["If-None-Exist"] = criteria
    return Asked(
        **({"actor": ehr(), "headers": headers, "parameters": [], "type": "Patient", "body": b"{}"} | more)
    )


def test_a_request_without_a_key_is_nobodys_repeat():
    assert repeat_of(asked(None)) is None


def test_the_same_request_is_the_same():
    assert repeat_of(asked()) == repeat_of(asked())
    other = replace(asked(), actor=replace(ehr(), request_id="another", address="10.9.9.9"))
    assert repeat_of(other) == repeat_of(asked()), "it may come over another connection"


@pytest.mark.parametrize(
    "other",
    [
        asked(body=b"{} "),
        asked(type="Basic"),
        asked(type=""),
        asked(criteria="identifier=1"),
        asked(actor=replace(ehr(), scopes=parse("system/Patient.c"))),
        asked(actor=replace(ehr(), scopes=parse("system/Patient.c?gender=female"))),
    ],
    ids=["body", "type", "bundle", "criteria", "rights", "filter"],
)
def test_another_request_is_another(other: Asked):
    mine, theirs = repeat_of(asked()), repeat_of(other)
    assert mine is not None
    assert theirs is not None
    assert mine.body_digest != theirs.body_digest


def test_no_part_runs_into_the_next():
    one, two = repeat_of(asked(criteria="ab", body=b"c")), repeat_of(asked(criteria="a", body=b"bc"))
    assert one is not None
    assert two is not None
    assert one.body_digest != two.body_digest


def test_the_trail_knows_what_it_was():
    create, bundle = repeat_of(asked()), repeat_of(asked(type=""))
    assert create is not None
    assert bundle is not None
    assert (create.interaction, create.type) == ("create", "Patient")
    assert (bundle.interaction, bundle.type) == ("transaction", "Bundle")


@pytest.mark.parametrize("key", ["", "x" * 256, "é", "a\tb"])
def test_what_is_no_key_is_refused(key: str):
    with pytest.raises(Refused) as refused:
        repeat_of(asked(key))
    assert refused.value.kind is Kind.MALFORMED
