"""Every score that can be asked for, by its id."""

from __future__ import annotations

from collections.abc import Mapping

from workers.engine.scores.bmi import BMI
from workers.engine.scores.cha2ds2 import CHA2DS2_VA, CHA2DS2_VASC
from workers.engine.scores.charlson_quan import CHARLSON_QUAN
from workers.engine.scores.child_pugh import CHILD_PUGH
from workers.engine.scores.ckd_epi_2021 import CKD_EPI_2021
from workers.engine.scores.cockcroft_gault import COCKCROFT_GAULT
from workers.engine.scores.curb_65 import CURB_65
from workers.engine.scores.fib_4 import FIB_4
from workers.engine.scores.findrisc import FINDRISC
from workers.engine.scores.has_bled import HAS_BLED
from workers.engine.scores.kdigo_ckd_risk import KDIGO_CKD_RISK
from workers.engine.scores.kfre_4var import KFRE_4VAR
from workers.engine.scores.meld_3 import MELD_3
from workers.engine.scores.news2 import NEWS2
from workers.engine.scores.pce_2013 import PCE_2013
from workers.engine.scores.pdc import PDC
from workers.engine.scores.prevent import PREVENT
from workers.engine.scores.qsofa import QSOFA
from workers.engine.scores.questionnaires import AUDIT_C, GAD_7, PHQ_9
from workers.engine.scores.readmission import HOSPITAL, LACE
from workers.engine.scores.score import Score

_ALL = (
    CKD_EPI_2021,
    KDIGO_CKD_RISK,
    KFRE_4VAR,
    MELD_3,
    FIB_4,
    CHILD_PUGH,
    CHA2DS2_VASC,
    CHA2DS2_VA,
    HAS_BLED,
    NEWS2,
    QSOFA,
    CURB_65,
    FINDRISC,
    PHQ_9,
    GAD_7,
    AUDIT_C,
    LACE,
    HOSPITAL,
    COCKCROFT_GAULT,
    BMI,
    CHARLSON_QUAN,
    PCE_2013,
    PDC,
    PREVENT,
)

SCORES: Mapping[str, Score] = {score.id: score for score in _ALL}
