"""Every score that is asked of charts, in one list: adding one is a module, an import and a line here."""

from __future__ import annotations

from workers.engine.enrichers.acute import ACUTE
from workers.engine.enrichers.asked import CHRONIC
from workers.engine.enrichers.bleeding import HAS_BLED
from workers.engine.enrichers.charted import Number, Worked
from workers.engine.enrichers.cirrhosis import CHILD_PUGH
from workers.engine.enrichers.comorbidity import CHARLSON
from workers.engine.enrichers.diabetes_risk import FINDRISC
from workers.engine.enrichers.pooled_cohort import PCE_2013
from workers.engine.enrichers.readmission import READMISSION
from workers.engine.enrichers.surveys import SURVEYS

ASKED = (
    *CHRONIC,
    PCE_2013,
    CHILD_PUGH,
    HAS_BLED,
    FINDRISC,
    *SURVEYS,
    CHARLSON,
    *ACUTE,
    *READMISSION,
)
INPUTS = tuple(one for asked in ASKED for one in asked.inputs if not one.optional)
ANALYTES = frozenset(one.analyte for one in INPUTS if isinstance(one, Number)) | frozenset(
    key for one in INPUTS if isinstance(one, Worked) for key in one.analytes
)
"""The numbers that some score cannot do without: one that could not be read is shown."""
