"""The whole way of a search against a naive reading of R4 over the resources as they were sent."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mappers import lossless
from tests.desk import Desk, observation, patient, put, unknown_meaning
from tests.oracle import search as oracle
from tests.unit.mappers.r4.test_search_ranges_oracle import asked_dates, numbers, prefixes, units

CODES = ("4548-4", "2160-0")


def made(number: int) -> dict[str, Any]:
    """One of forty measurements; every fifth has no clinical half."""
    draw = random.Random(number)
    day = f"20{draw.choice(('23', '24'))}-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}"
    text = draw.choice((day, day[:7], day[:4], f"{day}T23:59:59-05:00", f"{day}T00:00:00Z"))
    code = draw.choice(sorted(oracle.GRAMS))
    value = str(draw.choice((draw.randint(0, 60), draw.randint(0, 60_000), draw.randint(0, 600) / 10)))
    quantity = {"value": lossless.loads(value.encode()), "unit": code, "system": oracle.UCUM, "code": code}
    about = f"Patient/p{draw.randint(0, 2)}"
    one = observation(
        f"o{number}", about, draw.choice(CODES), effectiveDateTime=text, valueQuantity=quantity,
        status=draw.choice(("final", "amended")),
    )  # fmt: skip
    return unknown_meaning(one) if number % 5 == 0 else one


SENT = [made(number) for number in range(40)]


@pytest.fixture
def stored(desk: Desk) -> Desk:
    desk.submits(
        *(put(patient(f"p{n}", gender=("male", "female", "other")[n])) for n in range(3)), *map(put, SENT)
    )
    return desk


def holds(one: dict[str, Any], name: str, value: str) -> bool:
    if name == "date":
        return oracle.date_holds(one["effectiveDateTime"], value)
    if name == "value-quantity":
        quantity = one["valueQuantity"]
        text = lossless.dumps(quantity["value"]).decode()
        return oracle.quantity_holds({"text": text, "code": quantity["code"]}, value)
    if name == "code-value-quantity":
        code, _, rest = value.partition("$")
        return holds(one, "code", code) and holds(one, "value-quantity", rest)
    if name == "patient.gender":
        number = ("male", "female", "other").index(value)
        return bool(one["subject"]["reference"] == f"Patient/p{number}")
    found = {
        "code": one["code"]["coding"][0]["code"],
        "status": one["status"],
        "status:not": one["status"],
        "subject": one["subject"]["reference"],
    }[name]
    return (found in value.split(",")) is not name.endswith(":not")


masses = st.builds(lambda p, n, u: f"{p}{n}|{oracle.UCUM}|{u}", prefixes, numbers, units)
criteria = st.one_of(
    st.tuples(st.just("date"), st.builds("{}{}".format, prefixes, asked_dates)),
    st.tuples(st.just("value-quantity"), masses),
    st.tuples(st.just("code-value-quantity"), st.builds("{}${}".format, st.sampled_from(CODES), masses)),
    st.tuples(st.just("code"), st.sampled_from((*CODES, ",".join(CODES), "none"))),
    st.tuples(
        st.sampled_from(("status", "status:not")), st.sampled_from(("final", "amended", "final,amended"))
    ),
    st.tuples(st.just("subject"), st.sampled_from(("Patient/p0", "Patient/p1,Patient/p2", "Patient/p9"))),
    st.tuples(st.just("patient.gender"), st.sampled_from(("male", "female", "other"))),
)


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(criteria, min_size=1, max_size=3), st.integers(1, 41))
def test_what_is_found_is_what_holds(stored: Desk, asked: list[tuple[str, str]], count: int):
    wanted = {one["id"] for one in SENT if all(holds(one, *pair) for pair in asked)}
    query = "&".join(f"{name}={value}" for name, value in asked)
    found = [body["id"] for body in stored.searches(f"Observation?{query}", count=count)]
    assert set(found) == wanted
    assert len(found) == len(wanted)
