"""For whom a rule is made and whom it leaves out, in words: what a reader needs to weigh it."""

from __future__ import annotations

from workers.engine.definitions import Guideline, Lactation, Pregnancy
from workers.engine.readings import AMBULATORY
from workers.engine.vocabulary import analytes, spelt

_PREGNANCY = {
    Pregnancy.ANY: "",
    Pregnancy.NOT_WHEN_PREGNANT: "not when pregnant",
    Pregnancy.ONLY_WHEN_PREGNANT: "only when pregnant",
    Pregnancy.GUARDED: "pregnancy is asked before anything is started",
}
_LACTATION = {
    Lactation.ANY: "",
    Lactation.NOT_WHEN_LACTATING: "not when breastfeeding",
    Lactation.GUARDED: "breastfeeding is asked before anything is started",
}


def population(rule: Guideline) -> str:
    """Ages, pregnancy, breastfeeding, and where the values may come from."""
    low, high = rule.ages
    ages = f"from {low} years" if high is None else f"from {low} to {high} years"
    values = "by values from outside hospital" if rule.lens.settings == AMBULATORY else ""
    said = (ages, _PREGNANCY[rule.pregnancy], _LACTATION[rule.lactation], values)
    return "; ".join(text for text in said if text)


def limits(rule: Guideline) -> str:
    """Whom it leaves out, how old its values may be, and until when it counts as reviewed."""
    left_out = [one.description for one in rule.exclusions]
    old = [f"{_named(key)} ({age})" for key, age in sorted(rule.lens.ages.items()) if age]
    said = [f"leaves out {'; '.join(left_out)}"] if left_out else []
    said += [f"reads no value that is older: {', '.join(old)}"] if old else []
    return "; ".join([*said, f"to be reviewed by {rule.review.isoformat()}"])


def _named(key: str) -> str:
    return analytes()[key].name if key in analytes() else spelt(key)
