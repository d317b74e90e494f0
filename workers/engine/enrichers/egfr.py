"""eGFR from creatinine by CKD-EPI 2021, for adults.

The age is the age on the day of the test, known as an interval: somebody whose birthday falls in that month,
or whose record names both sexes, gets an eGFR between two ends, and rules are asked at both. The stored
value is the lower end, the cautious one for the kidney. A test that this equation can compute replaces an
eGFR that the laboratory reported for the same day, whose equation is not known.
"""

from __future__ import annotations

from decimal import Decimal, localcontext

from mappers.facts import Measurement, Person, Sex
from mappers.recommendations import Derived, Rule, Source, Unanswered
from workers.engine.answer import ordered
from workers.engine.calendar import Span
from workers.engine.case import Case
from workers.engine.enrichers import Enrichment
from workers.engine.people import SEXES, sexes
from workers.engine.readings import DIGITS, Reading, by_day, stale_on
from workers.engine.staging import g_stage

ADULT = 18
MAX_AGE = Span(24)
UNIT = "mL/min/{1.73_m2}"
CONSTANTS = {
    Sex.FEMALE: (Decimal("0.7"), Decimal("-0.241"), Decimal("1.012")),
    Sex.MALE: (Decimal("0.9"), Decimal("-0.302"), Decimal(1)),
}


def ckd_epi_2021(creatinine: Decimal, age: int, sex: Sex) -> Decimal:
    """eGFR in mL/min/1.73 m² from serum creatinine in mg/dL."""
    kappa, alpha, factor = CONSTANTS[sex]
    with localcontext(prec=DIGITS):
        ratio = creatinine / kappa
        below, above = min(ratio, Decimal(1)) ** alpha, max(ratio, Decimal(1)) ** Decimal("-1.2")
        return 142 * below * above * Decimal("0.9938") ** age * factor


class Egfr:
    """The enricher."""

    rule = Rule(
        "ckd-epi-2021",
        "2021",
        "eGFR, CKD-EPI 2021 creatinine equation without race",
        Source(
            "New creatinine- and cystatin C-based equations to estimate GFR without race",
            "N Engl J Med 385:1737",
            "2021",
            "2021-11-04",
            "https://doi.org/10.1056/NEJMoa2102953",
            "validated equation",
        ),
    )

    def enrich(self, case: Case) -> Enrichment:
        """Compute an eGFR for every creatinine of an adult; the newest, if it is fresh, is stored."""
        person = case.facts.person
        tests = [one for one in case.readings("creatinine") if _finite(one)]
        computed = [found for one in tests if (found := _computed(one, person)) is not None]
        replaced = {one.when for one in computed}
        reported = [one for one in case.readings("egfr") if one.when not in replaced]
        case.compute("egfr", [*computed, *reported])
        grown = [one for one in tests if _may_be_adult(one, person)]
        lacking = self._lacking(person) if grown and not computed else ()
        return self._newest(case, computed, lacking)

    def _lacking(self, person: Person) -> tuple[Unanswered, ...]:
        missing = ordered(
            [*(["date of birth"] if person.born is None else []), *([] if sexes(person) else ["sex"])]
        )
        return (Unanswered(self.rule, missing),) if missing else ()

    def _newest(self, case: Case, computed: list[Reading], unanswered: tuple[Unanswered, ...]) -> Enrichment:
        days = by_day(computed)
        if not days:
            return Enrichment(unanswered=unanswered)
        stale = stale_on(days[-1], MAX_AGE)
        if case.today >= stale:
            return Enrichment(unanswered=unanswered)
        return Enrichment((self._derived(days[-1]),), unanswered, stale)

    def _derived(self, one: Reading) -> Derived:
        stages = ordered(g_stage(value) for value in (one.low, one.high))
        whole = one.low.quantize(Decimal(1))
        measurement = Measurement("egfr", whole, UNIT, one.when, one.setting, one.evidence[0], derived=True)
        bounds = None if one.low == one.high else (round(one.low, 1), round(one.high, 1))
        return Derived("egfr", measurement, self.rule, one.evidence, " or ".join(stages), bounds)


def _may_be_adult(one: Reading, person: Person) -> bool:
    age = person.age(one.when)
    return person.born is None or (age is not None and age.high >= ADULT)


def _finite(one: Reading) -> bool:
    return one.low > 0 and one.high.is_finite()


def _computed(one: Reading, person: Person) -> Reading | None:
    age = person.age(one.when)
    if age is None or age.low < ADULT or not sexes(person):
        return None
    found = [
        ckd_epi_2021(creatinine, years, sex)
        for creatinine in {one.low, one.high}
        for years in {age.low, age.high}
        for sex in SEXES & sexes(person)
    ]
    evidence = tuple(sorted({*one.evidence, person.evidence}))
    return Reading(min(found), max(found), one.when, one.setting, evidence)
