"""Named facts about measured numbers: ``%hba1c.value``, ``%egfr.persistent_highest`` and their like.

All of them look through the rule's lens. A value that is older than the rule allows is missing, not old; and
the answer says from which day on it will be.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from datetime import date

from workers.engine.calendar import Span
from workers.engine.case import Case, Resolve
from workers.engine.known import Known, Type, absent, between, exactly
from workers.engine.readings import PERSISTENCE, Lens, Reading, persisting, stale_on
from workers.engine.vocabulary import analytes


def fresh(case: Case, analyte: str, lens: Lens) -> tuple[tuple[Reading, ...], date | None]:
    """The day values that are not too old, oldest first, and the day on which the newest will be."""
    key = ("fresh", analyte, lens.at((analyte,)))
    return case.once(key, lambda: _fresh(case, analyte, lens))


def _fresh(case: Case, analyte: str, lens: Lens) -> tuple[tuple[Reading, ...], date | None]:
    age = lens.ages[analyte]
    days = case.days(analyte, lens)
    if age is None or not days:
        return days, None
    kept = days[bisect_left(days, True, key=lambda one: case.today < stale_on(one, age)) :]
    return kept, stale_on(kept[-1], age) if kept else None


def _ends(one: Reading, age: Span | None) -> date | None:
    return stale_on(one, age) if age else None


def missing(analyte: str, lens: Lens, what: str = "") -> str:
    """What would give a missing number its value, in words."""
    age = lens.ages[analyte]
    limit = f" not older than {age}" if age else ""
    place = "" if len(lens.settings) > 2 else ", taken outside hospital"
    return f"{what}{analytes()[analyte].name}{limit}{place}"


def _set_aside(case: Case, analyte: str, lens: Lens) -> str:
    """That there is a value which does not count, so that nobody looks for why it was overlooked."""
    other = [one.when for one in case.readings(analyte) if one.setting not in lens.settings]
    return (
        f" (that of {max(other).isoformat()}, from a stay in hospital or an emergency, was set aside)"
        if other
        else ""
    )


def _value(analyte: str) -> Resolve:
    def resolve(case: Case, lens: Lens) -> Known:
        days, until = fresh(case, analyte, lens)
        if not days:
            return absent(missing(analyte, lens) + _set_aside(case, analyte, lens))
        return between(days[-1].low, days[-1].high, days[-1].evidence, until)

    return resolve


def _date(analyte: str) -> Resolve:
    def resolve(case: Case, lens: Lens) -> Known:
        days, until = fresh(case, analyte, lens)
        return exactly(days[-1].when, days[-1].evidence, until) if days else absent(missing(analyte, lens))

    return resolve


def _recorded(analyte: str) -> Resolve:
    def resolve(case: Case, lens: Lens) -> Known:
        days, until = fresh(case, analyte, lens)
        return exactly(bool(days), days[-1].evidence if days else (), until)

    return resolve


def _prior(analyte: str, of: Callable[[Reading, date | None], Known]) -> Resolve:
    def resolve(case: Case, lens: Lens) -> Known:
        days, _ = fresh(case, analyte, lens)
        if len(days) < 2:
            return absent(missing(analyte, lens, "second day's "))
        return of(days[-2], _ends(days[-2], lens.ages[analyte]))

    return resolve


def _prior_value(analyte: str) -> Resolve:
    return _prior(analyte, lambda one, until: between(one.low, one.high, one.evidence, until))


def _prior_date(analyte: str) -> Resolve:
    return _prior(analyte, lambda one, until: exactly(one.when, one.evidence, until))


def _persistent(pick: Callable[..., object], analyte: str) -> Resolve:
    def resolve(case: Case, lens: Lens) -> Known:
        days, _ = fresh(case, analyte, lens)
        span = persisting(days)
        if not span:
            return absent(missing(analyte, lens, f"two values {PERSISTENCE.days} days apart of "))
        low, high = pick(one.low for one in span), pick(one.high for one in span)
        evidence = tuple(sorted({piece for one in span for piece in one.evidence}))
        return between(low, high, evidence, _ends(span[0], lens.ages[analyte]))  # type: ignore[arg-type]

    return resolve


def _persistence_known(analyte: str) -> Resolve:
    def resolve(case: Case, lens: Lens) -> Known:
        days, _ = fresh(case, analyte, lens)
        span = persisting(days)
        evidence = tuple(sorted({piece for one in span for piece in one.evidence}))
        return exactly(bool(span), evidence, _ends(span[0], lens.ages[analyte]) if span else None)

    return resolve


LEAVES: Mapping[str, tuple[Type, Callable[[str], Resolve]]] = {
    "value": (Type.NUMBER, _value),
    "date": (Type.DATE, _date),
    "recorded": (Type.BOOLEAN, _recorded),
    "prior_value": (Type.NUMBER, _prior_value),
    "prior_date": (Type.DATE, _prior_date),
    "persistence_known": (Type.BOOLEAN, _persistence_known),
    "persistent_lowest": (Type.NUMBER, lambda analyte: _persistent(min, analyte)),
    "persistent_highest": (Type.NUMBER, lambda analyte: _persistent(max, analyte)),
}
