"""AHA PREVENT 2023: total cardiovascular disease, its parts, within ten and thirty years; ten tables as data.

Five models: ``base``; with HbA1c, the urine albumin-creatinine ratio or the social deprivation index; and
``full`` with all three, of which one may be unknown. What the equations do not cover is refused, not clipped.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, log
from typing import Any

from workers.engine.scores.inputs import Choice, Input, Number, Unfit, adult, sex, truths
from workers.engine.scores.score import Found, Given, Score
from workers.engine.scores.tables import document

MODELS = ("base", "uacr", "hba1c", "sdi", "full")
HORIZONS = ("10yr", "30yr")
PLACES = 12
"""Decimals of a risk, as the worked examples have them."""

_ADDED = ("hba1c", "uacr", "sdi")
_MMOL_PER_MG_DL = 0.02586
_LATE = 59
_LATE_NOTE = "the estimate over 30 years is questionable above the age of 59"


def chosen(given: Mapping[str, Any]) -> str:
    """The model that fits what is known: base for none of the three, its own for one, full for more."""
    known = [name for name in _ADDED if name in given]
    return "base" if not known else known[0] if len(known) == 1 else "full"


def _compute(given: Given) -> Found:
    model, horizon = given.get("model") or chosen(given), given.get("horizon", HORIZONS[0])
    _check(model, given)
    table = document("prevent/coefficients.json")["models"][model][horizon]
    terms = _terms(given if model == "full" else _only(model, given))
    row = [terms[name] for name in table["terms"]]
    risks = {
        outcome: _risk(sum(one * term for one, term in zip(coefficients, row, strict=True)))
        for outcome, coefficients in table["coefficients"][given["sex"]].items()
    }
    late = horizon == HORIZONS[1] and given["age"] > _LATE
    return Found(risks, notes=(f"model {model}, {horizon}", *((_LATE_NOTE,) if late else ())))


def _check(model: str, given: Given) -> None:
    if model in _ADDED and model not in given:
        raise Unfit(f"the model {model} needs {model}")
    if model == "full" and sum(name in given for name in _ADDED) < 2:
        raise Unfit(f"the model full needs at least two of {', '.join(_ADDED)}")
    if given["hdl_c"] >= given["total_c"]:
        raise Unfit("hdl_c must be less than total_c")


def _only(model: str, given: Given) -> Given:
    """Without the additions that this model does not have."""
    return {name: value for name, value in given.items() if name == model or name not in _ADDED}


def _risk(log_odds: float) -> float:
    return round(1 / (1 + exp(-log_odds)), PLACES)


def _terms(given: Given) -> dict[str, float]:
    plain = _plain(given)
    products = {
        "bp_tx_sbp_gte_110": ("bp_tx", "sbp_gte_110"),
        "statin_non_hdl_c": ("statin", "non_hdl_c"),
        **{f"age_{name}": ("age", name) for name in _WITH_AGE},
    }
    crossed = {name: plain[one] * plain[other] for name, (one, other) in products.items()}
    return {**plain, **crossed, **_added(given), "age_squared": plain["age"] ** 2, "constant": 1.0}


_WITH_AGE = ("non_hdl_c", "hdl_c", "sbp_gte_110", "dm", "smoking", "bmi_gte_30", "egfr_lt_60")


def _plain(given: Given) -> dict[str, float]:
    total, hdl = (given[name] * _MMOL_PER_MG_DL for name in ("total_c", "hdl_c"))
    pressure, mass, filtration = given["sbp"], given["bmi"], given["egfr"]
    return {
        "age": (given["age"] - 55) / 10,
        "non_hdl_c": total - hdl - 3.5,
        "hdl_c": (hdl - 1.3) / 0.3,
        "sbp_lt_110": (min(pressure, 110) - 110) / 20,
        "sbp_gte_110": (max(pressure, 110) - 130) / 20,
        "dm": float(given["dm"]),
        "smoking": float(given["smoking"]),
        "bmi_lt_30": (min(mass, 30) - 25) / 5,
        "bmi_gte_30": (max(mass, 30) - 30) / 5,
        "egfr_lt_60": (min(filtration, 60) - 60) / -15,
        "egfr_gte_60": (max(filtration, 60) - 90) / -15,
        "bp_tx": float(given["bp_tx"]),
        "statin": float(given["statin"]),
    }


def _added(given: Given) -> dict[str, float]:
    deprivation, albumin, sugar = (given.get(name) for name in ("sdi", "uacr", "hba1c"))
    excess = 0.0 if sugar is None else sugar - 5.3
    return {
        "sdi_4_to_6": float(deprivation is not None and 4 <= deprivation <= 6),
        "sdi_7_to_10": float(deprivation is not None and deprivation >= 7),
        "missing_sdi": float(deprivation is None),
        "ln_uacr": 0.0 if albumin is None else log(albumin),
        "missing_uacr": float(albumin is None),
        "hba1c_dm": excess if given["dm"] else 0.0,
        "hba1c_no_dm": 0.0 if given["dm"] else excess,
        "missing_hba1c": float(sugar is None),
    }


PREVENT = Score(
    "prevent",
    "AHA PREVENT 2023: cardiovascular disease within 10 or 30 years",
    "1 / (1 + exp(-sum)) over the terms of tables S12A to S12J",
    "https://doi.org/10.1161/CIRCULATIONAHA.123.067626",
    (
        adult(30, 79, "the equations cover 30 to 79"),
        sex(),
        Input("sbp", Number("mm[Hg]", 90, 180)),
        Input("total_c", Number("mg/dL", 130, 320)),
        Input("hdl_c", Number("mg/dL", 20, 100)),
        Input("egfr", Number("mL/min/{1.73_m2}", 15, 140, "CKD-EPI 2021")),
        Input("bmi", Number("kg/m2", 18.5, 39.9)),
        *truths("dm", smoking="now", bp_tx="treated for high blood pressure", statin="takes a statin"),
        Input("hba1c", Number("%", 4.5, 15), optional=True),
        Input("uacr", Number("mg/g", 0.1, 25000), optional=True),
        Input("sdi", Number("", 1, 10, "decile of the Social Deprivation Index"), optional=True),
        Input("model", Choice(MODELS, "the one that fits what is known, when it is left out"), optional=True),
        Input("horizon", Choice(HORIZONS, "10yr when it is left out"), optional=True),
    ),
    _compute,
    ("for people without known cardiovascular disease",),
)
