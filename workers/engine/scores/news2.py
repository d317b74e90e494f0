"""NEWS2: how ill somebody is now."""

from __future__ import annotations

from workers.engine.scores.bands import below, up_to
from workers.engine.scores.inputs import Choice, Input, Number, truths
from workers.engine.scores.score import Found, Given, Score

_ALONE = 3
_AIR = ((83, 3), (85, 2), (87, 1))


def _saturation(given: Given) -> int:
    value = given["spo2"]
    if given["spo2_scale"] == "1":
        return up_to(value, ((91, 3), (93, 2), (95, 1)), 0)
    if not given["on_oxygen"]:
        return up_to(value, _AIR, 0)
    return up_to(value, (*_AIR, (92, 0), (94, 1), (96, 2)), 3)


def _points(given: Given) -> dict[str, int]:
    return {
        "respiratory_rate": up_to(given["respiratory_rate"], ((8, 3), (11, 1), (20, 0), (24, 2)), 3),
        "spo2": _saturation(given),
        "oxygen": 2 if given["on_oxygen"] else 0,
        "systolic_bp": up_to(given["systolic_bp"], ((90, 3), (100, 2), (110, 1)), 0)
        or below(given["systolic_bp"], ((220, 0),), 3),
        "pulse": up_to(given["pulse"], ((40, 3), (50, 1), (90, 0), (110, 1), (130, 2)), 3),
        "consciousness": 0 if given["consciousness"] == "alert" else 3,
        "temperature": up_to(given["temperature"], ((35.0, 3), (36.0, 1), (38.0, 0), (39.0, 1)), 2),
    }


def _compute(given: Given) -> Found:
    points = _points(given)
    total = sum(points.values())
    low = "low_medium" if _ALONE in points.values() else "low"
    band = up_to(total, ((4, low), (6, "medium")), "high")
    return Found({"total": total, "points": points, "band": band}, band)


NEWS2 = Score(
    "news2",
    "NEWS2",
    "0 to 3 points for respiration, saturation (scale 1 or 2), systolic pressure, pulse, consciousness "
    "and temperature, 2 on oxygen; "
    "low to 4, low_medium with a 3 among them, medium 5 and 6, high from 7 on",
    "https://www.rcp.ac.uk/resources/national-early-warning-score-news-2/",
    (
        Input("respiratory_rate", Number("/min", 0, 100)),
        Input("spo2", Number("%", 30, 100)),
        Input("spo2_scale", Choice(("1", "2"), "2 only where a clinician set a target of 88 to 92 %")),
        *truths("on_oxygen"),
        Input("systolic_bp", Number("mm[Hg]", 30, 320)),
        Input("pulse", Number("/min", 0, 350)),
        Input("consciousness", Choice(("alert", "confusion-or-vpu"))),
        Input("temperature", Number("Cel", 20, 46)),
    ),
    _compute,
    (
        "from 16 years on, not in pregnancy",
        "Royal College of Physicians, 2017: National Early Warning Score (NEWS) 2",
    ),
)
