"""Values are put where R4 has a place for them, under the name that their type gives them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from mappers import lossless
from workers.engine.applying.placing import Misplaced, put


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("code.text", "x", {"code": {"text": "x"}}),
        ("code", "x", {"code": {"text": "x"}}),
        ("occurrence", "2026-01-01", {"occurrenceDateTime": "2026-01-01"}),
        ("occurrenceDateTime", "2026-01-01", {"occurrenceDateTime": "2026-01-01"}),
        ("occurrence", {"start": "2026"}, {"occurrencePeriod": {"start": "2026"}}),
        ("quantity.value", Decimal("1.50"), None),
        ("asNeeded", True, {"asNeededBoolean": True}),
        ("category[0].coding[0].code", "c", {"category": [{"coding": [{"code": "c"}]}]}),
        ("note.text", "n", {"note": [{"text": "n"}]}),
        ("nowhere", "x", None),
        ("category[3]", {"text": "x"}, None),
        ("code.where(x)", "x", None),
        ("status.value", "x", None),
        ("occurrence", [1], None),
    ],
)
def test_a_value_is_put_or_refused(path: str, value: Any, expected: dict[str, Any] | None):
    body: dict[str, Any] = {}
    if expected is None:
        with pytest.raises(Misplaced):
            put(body, "ServiceRequest", path, value)
    else:
        put(body, "ServiceRequest", path, value)
        assert body == expected


def test_a_number_keeps_its_digits():
    body: dict[str, Any] = {}
    put(body, "ServiceRequest", "quantity", Decimal("1.50"))
    assert lossless.dumps(body) == b'{"quantityQuantity":{"value":1.50}}'
