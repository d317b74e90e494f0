"""What a row says that we did not write ourselves."""

from __future__ import annotations

import pytest

from gateway.auth.registry import parse_stored


def test_stored_scopes_are_read():
    assert str(parse_stored("system/*.rs")) == "system/*.rs"


@pytest.mark.parametrize("text", ["", "everything", "system/*.rs?x=y"])
def test_law_12_scopes_that_cannot_be_read_allow_nothing(text: str):
    assert not parse_stored(text)
