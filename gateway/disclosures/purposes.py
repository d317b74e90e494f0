"""Which purposes of use an accounting leaves out, by code of HL7's v3-ActReason.

45 CFR §164.528(a)(1) exempts treatment, payment and health care operations (i) and what the individual asked
for (ii). A code stands here only where its definition lies wholly within one of these; a doubtful one is
accounted for.
"""

from __future__ import annotations

from collections.abc import Mapping

BREAK_GLASS = "BTG"

TREATMENT = "treatment"
PAYMENT = "payment"
OPERATIONS = "health care operations"
INDIVIDUAL = "the patient's own request"

_CODES: Mapping[str, tuple[str, ...]] = {
    TREATMENT: ("TREAT", "ETREAT", "ERTREAT", "CAREMGT", "COC"),
    PAYMENT: (
        "HPAYMT",
        "CLMATTCH",
        "COVAUTH",
        "COVERAGE",
        "ELIGDTRM",
        "ELIGVER",
        "ENROLLM",
        "PMTDS",
        "REMITADV",
    ),
    OPERATIONS: (
        "HOPERAT",
        "HACCRED",
        "HCOMPL",
        "HDIRECT",
        "HLEGAL",
        "HOUTCOMS",
        "HQUALIMP",
        "HSYSADMIN",
        "PATADMIN",
        "PATSFTY",
        "PERFMSR",
        "RECORDMGT",
        "TRAIN",
    ),
    INDIVIDUAL: ("PATRQT", "PWATRNY"),
}

EXEMPT: Mapping[str, str] = {code: why for why, codes in _CODES.items() for code in codes}
"""Why a disclosure for this purpose need not be accounted for."""
