"""The id of a request is repeated everywhere, so it can hold nothing but an id."""

from __future__ import annotations

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from gateway.auth.caller import caller_of


def asked(request_id: str | None) -> Request:
    headers = {} if request_id is None else {"X-Request-Id": request_id}
    environ = EnvironBuilder(headers=headers).get_environ()
    environ["REMOTE_ADDR"] = "192.0.2.7"
    return Request(environ)


@pytest.mark.parametrize("given", ["a", "req-1", "2f.3_4-5", "A" * 64])
def test_an_id_that_was_sent_is_kept(given: str):
    assert caller_of(asked(given), bytes).request_id == given


@pytest.mark.parametrize(
    "given", [None, "", "A" * 65, "a b", "<script>", "ä", "a;b", "Erika Mustermann", "a/b"]
)
def test_law_2_anything_else_is_replaced(given: str | None):
    assert caller_of(asked(given), lambda count: b"\x07" * count).request_id == "07" * 16


def test_the_address_is_the_one_that_asks():
    assert caller_of(asked(None), bytes).address == "192.0.2.7"
