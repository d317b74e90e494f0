"""Which acts a chart calls for and which it forbids, in plain code from the words of the rules.

Yes, no, or None where the chart cannot tell. No code of the engine is used: thresholds, spans and the eGFR
(CKD-EPI 2021, doi 10.1056/NEJMoa2102953) are written again.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from datetime import date, timedelta

from tests.oracle.charts import TODAY, Chart

Answer = bool | None
Series = list[tuple[date, float]]
ACE, ARB, STATINS = {"lisinopril"}, {"losartan"}, {"atorvastatin", "simvastatin"}


def later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def both(*answers: Answer) -> Answer:
    return False if False in answers else None if None in answers else True


def either(*answers: Answer) -> Answer:
    return True if True in answers else None if None in answers else False


def egfr(creatinine: float, age: int, female: bool) -> float:
    """CKD-EPI 2021, in mL/min/1.73 m²."""
    kappa, alpha, factor = (0.7, -0.241, 1.012) if female else (0.9, -0.302, 1.0)
    ratio = creatinine / kappa
    return 142 * min(ratio, 1) ** alpha * max(ratio, 1) ** -1.2 * 0.9938**age * factor


class Seen:
    """The numbers of a chart as one rule looks at them: where they were taken, how old they may be."""

    def __init__(self, chart: Chart, analyte: str, months: int | None, hospital: bool) -> None:
        source = "creatinine" if analyte == "egfr" else analyte
        found = [one for one in chart.values if one.analyte == source and (hospital or not one.hospital)]
        if analyte == "egfr":
            series = [(o.day, egfr(o.number, o.day.year - chart.born, chart.female)) for o in found]
        else:
            series = [(one.day, one.number) for one in found]
        fresh = [(d, v) for d, v in sorted(series) if months is None or later(d, months) >= TODAY]
        self.series: Series = fresh

    def last(self) -> float | None:
        return self.series[-1][1] if self.series else None

    def day(self) -> date | None:
        return self.series[-1][0] if self.series else None

    def prior(self) -> float | None:
        return self.series[-2][1] if len(self.series) > 1 else None

    def lasting(self) -> list[float]:
        """From the newest back to the nearest that is 90 days older."""
        if not self.series:
            return []
        earlier = [n for n, (d, _) in enumerate(self.series) if d <= self.series[-1][0] - timedelta(days=90)]
        return [value for _, value in self.series[earlier[-1] :]] if earlier else []


def below(value: float | None, limit: float) -> Answer:
    return None if value is None else value < limit


def from_(value: float | None, limit: float) -> Answer:
    return None if value is None else value >= limit


def above(value: float | None, limit: float) -> Answer:
    return None if value is None else value > limit


def called_for(chart: Chart) -> Mapping[str, Answer]:
    """By act: whether any rule calls for it."""
    has = chart.problems.__contains__
    age = chart.age
    ckd, diabetes, pressure = has("ckd") or has("ckd 3b"), has("diabetes"), has("hypertension")
    pregnant, palliative = has("pregnant"), has("palliative")
    replaced = has("dialysis") or has("transplant")
    egfr_out, acr_out = Seen(chart, "egfr", 24, False), Seen(chart, "acr", 24, False)
    acr, egfr_any = Seen(chart, "acr", None, True), Seen(chart, "egfr", None, True)
    egfr_2y = Seen(chart, "egfr", 24, True)
    sugar, sugar_out = Seen(chart, "hba1c", None, True), Seen(chart, "hba1c", 12, False)
    sys_ever = Seen(chart, "systolic", None, False)
    high, low = Seen(chart, "systolic", 12, False), Seen(chart, "diastolic", 12, False)

    lasting = egfr_2y.lasting()
    acr_due = (diabetes or ckd) and (not acr.series or later(acr.day() or TODAY, 12) <= TODAY)
    acr_lasting = not acr.series and bool(lasting) and lasting[-1] < 60 and max(lasting) < 60
    out, acr_span = egfr_out.lasting(), acr_out.lasting()
    confirm = both(below(egfr_out.last(), 60) or False, not ckd, not out or max(out, default=0) >= 60)
    refer_egfr = both(
        either(ckd, both(bool(egfr_out.series), below(egfr_out.last(), 60))),
        below(egfr_out.last(), 30),
        below(max(out, default=None), 30),
    )
    refer_acr = both(
        either(ckd, both(bool(acr_out.series), from_(acr_out.last(), 30))),
        from_(acr_out.last(), 300),
        from_(min(acr_span, default=None), 300),
    )
    over = both(
        either(from_(high.last(), 130), from_(low.last(), 80)),
        either(from_(high.prior(), 130), from_(low.prior(), 80)),
    )
    crisis = either(from_(high.last(), 180), from_(low.last(), 120))
    treat = not pregnant and not palliative
    sugar_due = not sugar.series or (
        later(sugar.day() or TODAY, 6 if (sugar.last() or 0) < 7 else 3) <= TODAY
    )
    severe_albumin = both(
        either(ckd, both(bool(acr_out.series), from_(acr_out.last(), 30))),
        above(acr_out.last(), 300),
        above(min(acr_span, default=None), 300),
    )
    albumin = both(diabetes, pressure, from_(acr_out.last(), 30), from_(min(acr_span, default=None), 30))
    bp_due = pressure and (not sys_ever.series or later(sys_ever.day() or TODAY, 12) <= TODAY)
    return {
        "measure-urine-acr": (acr_due or acr_lasting) and not replaced and not palliative,
        "measure-creatinine": both(
            diabetes or ckd,
            not egfr_any.series or later(egfr_any.day() or TODAY, 12) <= TODAY,
            not replaced and not palliative,
        ),
        "measure-blood-pressure": bp_due and not palliative,
        "measure-hba1c": diabetes and sugar_due and treat,
        "repeat-creatinine": both(confirm, not replaced),
        "refer-nephrology": both(either(refer_egfr, refer_acr), not replaced and not palliative),
        "review-blood-pressure": both(pressure, treat, either(crisis, both(over, age <= 74))),
        "ask-blood-pressure-goal": both(pressure, treat, age >= 75, over),
        "review-glucose-lowering": both(
            diabetes,
            treat,
            either(both(age <= 74, from_(sugar_out.last(), 7.0)), above(sugar_out.last(), 10.0)),
        ),
        "ask-hba1c-goal": both(diabetes, treat, age >= 75, from_(sugar_out.last(), 7.0)),
        "review-metformin": both("metformin" in chart.drugs, below(Seen(chart, "egfr", 12, True).last(), 45)),
        "review-teratogens": pregnant and age <= 55 and bool(chart.drugs & (ACE | ARB | STATINS)),
        "start-ras-inhibitor": both(either(albumin, severe_albumin), not replaced and not palliative),
        "start-statin-high": has("infarction") and age <= 75 and not has("dialysis") and not palliative,
        "start-statin-moderate": (
            diabetes and not has("infarction") and 40 <= age <= 75 and not has("dialysis") and not palliative
        ),
    }


def taken_already(chart: Chart) -> set[str]:
    """Acts that would start what is taken."""
    ras = {"start-ras-inhibitor"} if chart.drugs & (ACE | ARB) else set()
    statin = {"start-statin-high", "start-statin-moderate"} if chart.drugs & STATINS else set()
    return ras | statin


def forbidden(chart: Chart) -> Mapping[str, bool]:
    """By class of medicines: whether the chart itself speaks against starting one."""
    has = chart.problems.__contains__
    potassium = Seen(chart, "potassium", 12, True).last()
    kidney = (
        has("pregnant")
        or has("hyperkalaemia")
        or has("artery stenosis")
        or has("kidney injury")
        or above(potassium, 5.5) is True
    )
    return {
        "an ACE inhibitor": kidney or has("angioedema") or bool(chart.allergies & ACE),
        "an angiotensin receptor blocker": kidney or bool(chart.allergies & ARB),
        "a statin": has("pregnant") or has("cirrhosis") or bool(chart.allergies & STATINS),
    }


def must_not_meet(chart: Chart) -> set[frozenset[str]]:
    """Medicines that are taken and must not stand side by side."""
    pair = frozenset({"simvastatin", "clarithromycin"})
    return {pair} if pair <= chart.drugs else set()
