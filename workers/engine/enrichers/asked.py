"""The scores of chronic illness that are asked of charts, as data: of whom, with what, and what they tell.

How a chart answers each input, and how old an answer may be, are Careloom's own choice and wait for a
clinician's review; the formulas are those of ``workers.engine.scores``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

from mappers.recommendations import Rule, Source
from workers.engine.answer import Answer as Truth
from workers.engine.case import Case
from workers.engine.enrichers.charted import Age, Any, Charted, Gender, Held, Number, Smoking, Taken
from workers.engine.scores.score import Answer
from workers.engine.scores.table import SCORES

STRENGTH = "published formula; how a chart answers it is unverified: clinical review needed"
CARDIOVASCULAR = ("ascvd", "stroke", "heart_failure")
LIPIDS = 60
PRESSURE_MEDICINES = (
    "ras_inhibitor",
    "calcium_channel_blocker",
    "thiazide",
    "thiazide_like",
    "beta_blocker",
    "mineralocorticoid_antagonist",
    "loop_diuretic",
    "alpha_blocker",
    "central_antihypertensive",
)


@dataclass(frozen=True, slots=True)
class Told:
    """One number of the result: its key there, its name, factor, decimals and unit; a risk's years."""

    key: str
    name: str
    unit: str = "%"
    places: int = 1
    factor: int = 100
    years: int | None = None


def _band(answer: Answer) -> str | None:
    return answer.band


def _grid(answer: Answer) -> str | None:
    return f"{str(answer.band).replace('_', ' ')} ({answer.result['g']} {answer.result['a']})"


@dataclass(frozen=True, slots=True)
class Asked:
    """One score: whom it is for (``of`` any of these diagnoses, ``unless`` any of those), and what it needs.

    ``who`` are further conditions; ``begins``: nothing is said before one of these inputs is known, so that a
    plan is not filled with scores that nobody thought of. ``outcome``: what is at risk; without it the result
    is a number of the body. ``fixed`` inputs are the same for all; they make a ``variant`` of the score.
    """

    id: str
    source: Source
    inputs: tuple[Charted, ...]
    told: tuple[Told, ...] = ()
    ages: tuple[int, int | None] = (18, None)
    of: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    begins: tuple[str, ...] = ()
    outcome: str = ""
    band: Callable[[Answer], str | None] = _band
    notes: tuple[str, ...] = ()
    who: tuple[Callable[[Case], Truth], ...] = ()
    in_pregnancy: bool = False
    variant: str = ""
    fixed: tuple[tuple[str, object], ...] = ()
    codings: tuple[tuple[str, str, str], ...] = ()
    """(system, code, display) under which others know the result."""
    category: str = "laboratory"

    @property
    def key(self) -> str:
        """The score's name among rules: ``prevent``, and ``prevent_30_years`` for a variant of it."""
        return "_".join(part for part in (self.id, self.variant) if part)

    @property
    def rule(self) -> Rule:
        """The score as a rule with its source."""
        title = SCORES[self.id].title.partition(":")[0]
        return Rule(f"score-{self.key.replace('_', '-')}", self.source.version, title, self.source)


def sourced(id_: str, title: str, publisher: str, day: str) -> Source:
    """Where a formula is published, with the address that its score names."""
    return Source(title, publisher, day[:4], day, SCORES[id_].source, STRENGTH, confirmed=False)


KDIGO = Asked(
    "kdigo_ckd_risk",
    sourced(
        "kdigo_ckd_risk",
        "Clinical practice guideline for the evaluation and management of chronic kidney disease",
        "KDIGO",
        "2024-04-01",
    ),
    (
        Number("egfr", "egfr", 24, lasting=True, ranges=True),
        # KDIGO's categories take 30 mg/g for 3 mg/mmol.
        Number("acr", "urine_acr", 24, Decimal("0.1"), ranges=True),
    ),
    of=("ckd", "diabetes", "hypertension"),
    unless=("dialysis", "kidney_transplant"),
    begins=("acr",),
    outcome="Progression of chronic kidney disease and its complications",
    band=_grid,
)
KFRE = Asked(
    "kfre_4var",
    sourced(
        "kfre_4var",
        "Multinational assessment of accuracy of equations for predicting risk of kidney failure",
        "JAMA 315:164",
        "2016-01-12",
    ),
    (
        Age(),
        Gender(),
        Number("egfr", "egfr", 12, ranges=True, within=True),
        Number("acr", "urine_acr", 12),
        Any("region", ("north_america", "other")),
    ),
    tuple(Told(f"risk_{years}y", "Kidney failure", years=years) for years in (2, 5)),
    of=("ckd",),
    unless=("dialysis", "kidney_transplant"),
    begins=("egfr",),
    outcome="Kidney failure",
    notes=("The ends are the calibrations for North America and for elsewhere.",),
)
FIB_4 = Asked(
    "fib_4",
    sourced(
        "fib_4",
        "Development of a simple noninvasive index to predict significant fibrosis",
        "Hepatology 43:1317",
        "2006-06-01",
    ),
    (Age(), *(Number(key, key, 12) for key in ("ast", "alt", "platelets"))),
    (Told("fib4", "FIB-4", "", 2, 1),),
    ages=(35, None),
    of=("liver_disease", "diabetes", "obesity"),
    begins=("ast", "alt"),
    outcome="Advanced fibrosis of the liver",
)
COCKCROFT_GAULT = Asked(
    "cockcroft_gault",
    sourced(
        "cockcroft_gault",
        "Prediction of creatinine clearance from serum creatinine",
        "Nephron 16:31",
        "1976-01-01",
    ),
    (
        Age(),
        Number("weight_kg", "body_weight", 12, anywhere=True),
        Gender(),
        Number("creatinine", "creatinine", 12, anywhere=True),
    ),
    (Told("crcl", "Creatinine clearance, Cockcroft-Gault", "mL/min", 0, 1),),
    of=("ckd", "atrial_fibrillation"),
    unless=("dialysis",),
    begins=("creatinine",),
)
MELD_3 = Asked(
    "meld_3",
    sourced(
        "meld_3",
        "MELD 3.0: the model for end-stage liver disease updated for the modern era",
        "Gastroenterology 161:1887",
        "2021-12-01",
    ),
    (
        Gender(),
        Number("bilirubin", "total_bilirubin", 3, anywhere=True),
        Number("sodium", "sodium", 3, anywhere=True),
        Number("inr", "inr", 3, anywhere=True),
        Number("creatinine", "creatinine", 3, anywhere=True),
        Number("albumin", "albumin", 3, anywhere=True),
        Held("dialysis", ("dialysis",), "whether there were two dialyses in the last 7 days"),
    ),
    (Told("score", "MELD 3.0", "{score}", 0, 1),),
    of=("cirrhosis",),
    begins=("bilirubin", "inr"),
    outcome="Death within 90 days of liver disease",
    notes=("Not to be read in those who take a vitamin K antagonist.",),
)
_STROKE_INPUTS = (
    Age(),
    Held("congestive_heart_failure", ("heart_failure",)),
    Held("hypertension", ("hypertension",)),
    Held("diabetes", ("diabetes",)),
    Held("stroke_tia_thromboembolism", ("stroke", "transient_ischaemic_attack")),
    Held("vascular_disease", ("coronary_heart_disease", "peripheral_artery_disease")),
)
_STROKE = "Stroke or arterial thromboembolism in atrial fibrillation"
CHA2DS2_VA = Asked(
    "cha2ds2_va",
    sourced(
        "cha2ds2_va",
        "2024 ESC Guidelines for the management of atrial fibrillation",
        "Eur Heart J 45:3314",
        "2024-08-30",
    ),
    _STROKE_INPUTS,
    (Told("score", "CHA2DS2-VA", "{score}", 0, 1),),
    of=("atrial_fibrillation",),
    outcome=_STROKE,
)
CHA2DS2_VASC = Asked(
    "cha2ds2_vasc",
    sourced(
        "cha2ds2_vasc",
        "Refining clinical risk stratification for predicting stroke in atrial fibrillation",
        "Chest 137:263",
        "2010-02-01",
    ),
    (*_STROKE_INPUTS, Gender()),
    (Told("score", "CHA2DS2-VASc", "{score}", 0, 1),),
    of=("atrial_fibrillation",),
    outcome=_STROKE,
)
PREVENT = Asked(
    "prevent",
    sourced(
        "prevent",
        "Development and validation of the American Heart Association's PREVENT equations",
        "Circulation 149:430",
        "2023-11-10",
    ),
    (
        Age(),
        Gender(),
        Number("sbp", "systolic_bp", 12),
        Number("total_c", "total_cholesterol", LIPIDS),
        Number("hdl_c", "hdl", LIPIDS),
        Number("egfr", "egfr", 24, ranges=True, knots=(Decimal(60),)),
        Number("bmi", "bmi", 24),
        Held("dm", ("diabetes",)),
        Smoking("smoking"),
        Taken("bp_tx", PRESSURE_MEDICINES),
        Taken("statin", ("statin",)),
        Number("hba1c", "hba1c", 12, optional=True),
        Number("uacr", "urine_acr", 24, optional=True),
    ),
    (
        Told("total_cvd", "Cardiovascular disease", years=10),
        Told("ascvd", "Atherosclerotic cardiovascular disease", years=10),
        Told("heart_failure", "Heart failure", years=10),
    ),
    ages=(30, 79),
    unless=CARDIOVASCULAR,
    begins=("total_c", "hdl_c"),
    outcome="Cardiovascular disease",
)
PREVENT_30 = replace(
    PREVENT,
    told=tuple(replace(one, years=30) for one in PREVENT.told),
    ages=(30, 59),
    variant="30_years",
    fixed=(("horizon", "30yr"),),
)
CHRONIC = (KDIGO, KFRE, FIB_4, MELD_3, COCKCROFT_GAULT, CHA2DS2_VA, CHA2DS2_VASC, PREVENT, PREVENT_30)
