"""Purposes of use of v3-ActReason, each with the broader one: who treats in an emergency treats."""

from __future__ import annotations

SYSTEM = "http://terminology.hl7.org/CodeSystem/v3-ActReason"

_NARROWER: dict[str, tuple[str, ...]] = {
    "HMARKT": (),
    "HOPERAT": (
        *("CAREMGT", "DONAT", "FRAUD", "GOV", "HACCRED", "HCOMPL", "HDECD", "HDIRECT", "HDM", "HLEGAL"),
        *("HOUTCOMS", "HPRGRP", "HSYSADMIN", "LABELING", "METAMGT", "MEMADMIN", "MILCDM", "PATADMIN"),
        *("PATSFTY", "PERFMSR", "RECORDMGT", "SYSDEV", "TRAIN"),
    ),
    "HPAYMT": ("CLMATTCH", "COVAUTH", "COVERAGE", "ELIGDTRM", "ELIGVER", "ENROLLM", "MILDCRG", "REMITADV"),
    "HRESCH": (
        *("BIORCH", "CLINTRCH", "CLINTRCHNPC", "CLINTRCHPC", "PRECLINTRCH"),
        *("DSRCH", "POARCH", "TRANSRCH"),
    ),
    "PATRQT": ("FAMRQT", "PWATRNY", "SUPNWK"),
    "PUBHLTH": ("DISASTER", "THREAT"),
    "TREAT": ("CLINTRL", "COC", "ETREAT", "BTG", "ERTREAT", "POPHLTH"),
}
_BROADER = {code: broad for broad, codes in _NARROWER.items() for code in codes}

KNOWN = frozenset(_NARROWER) | frozenset(_BROADER)


def closure(*codes: str) -> frozenset[str]:
    """These purposes and every broader one; the root ``PurposeOfUse`` names none."""
    return frozenset(codes) | {_BROADER[code] for code in codes if code in _BROADER}
