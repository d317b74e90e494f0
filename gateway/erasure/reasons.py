"""Why somebody was erased, as the trail may keep it for ever: a short text that names nobody.

A ticket's number and the article of a law are what it is for. What looks like a person is refused, and so is
any word of the patient's own record.
"""

from __future__ import annotations

import re

from gateway.custody.errors import CustodyError
from gateway.erasure.words import Words

LONGEST = 80
_ALLOWED = re.compile(rf"[A-Za-z0-9][A-Za-z0-9 .,:;/()_#-]{{2,{LONGEST - 1}}}")
# What stands between the digits of a telephone number or a date makes it none the less one.
_NUMBER = re.compile(r"(?:\d[ .,:;/()_#-]*){8,}|\d{6,}|\d{3}[ ./-]\d{4}")
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_DAY = re.compile(rf"\d{{1,4}}[ ./-]\d{{1,2}}[ ./-]\d{{1,4}}|\d\W*{_MONTH}\b|\b{_MONTH}\W*\d", re.IGNORECASE)


class ReasonRefused(CustodyError):  # noqa: N818 - it reads as what happened
    """The reason cannot be kept in the trail."""


def checked(reason: str, id_: str, words: Words) -> str:
    """The reason, if it may stand in the trail beside this patient's pseudonym. Raises ``ReasonRefused``."""
    text = " ".join(reason.split())
    if not _ALLOWED.fullmatch(text) or not any(character.isalpha() for character in text):
        raise ReasonRefused(
            f"--reason takes 3 to {LONGEST} characters: letters a to z, digits, spaces and .,:;/()_#- "
            "(such as: Art. 17 GDPR, request 2026-114)."
        )
    if _NUMBER.search(text) or _DAY.search(text):
        raise ReasonRefused(
            "--reason looks as if it held a person's number or a date, and it stands in the trail for ever. "
            "Name a ticket of at most five digits in a row instead."
        )
    if Words.of([id_]).within(text) or words.within(text):
        raise ReasonRefused(
            "--reason holds the patient's id or a word of the patient's record: it stands in the trail for "
            "ever, where nobody is named. Name a ticket instead."
        )
    return text
