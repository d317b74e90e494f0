"""The closed grammars: a text is kept only when it matches one in full, and free text matches none.

Each is named in a policy (``keep-matching drug``). A grammar remembers what it accepted, which by its nature
is not about anybody, and never what it refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from gateway.privacy import lexicon
from gateway.privacy.drugs import is_drug
from gateway.privacy.rules import is_rule
from gateway.privacy.units import is_unit
from mappers import drug_words
from mappers.r4.model import MODEL

_REMEMBERED = 4096


class Grammar:
    """Whether a text belongs to a closed language."""

    __slots__ = ("_accepted", "_accepts")

    def __init__(self, accepts: Callable[[str], bool]) -> None:
        self._accepts = accepts
        self._accepted: set[str] = set()

    def __call__(self, text: object) -> bool:
        if type(text) is not str:
            return False
        if text in self._accepted:
            return True
        if not self._accepts(text):
            return False
        if len(self._accepted) < _REMEMBERED:
            self._accepted.add(text)
        return True


def shape(pattern: str) -> Grammar:
    """The grammar that a regular expression is."""
    compiled = re.compile(pattern)
    return Grammar(lambda text: compiled.fullmatch(text) is not None)


_SEQUENCE = r"(?:N[CGMRPTW]_[0-9]{6,9}\.[0-9]{1,3}|LRG_[0-9]{1,4}(?:[tp][0-9])?|ENST[0-9]{11}\.[0-9]{1,2})"
_AT = r"[-*]?[0-9]{1,9}(?:[+-][0-9]{1,6})?"
_BASES = r"[ACGTU]{1,50}"
_REPEAT = rf"{_BASES}\[[0-9]{{1,3}}\]"
_CHANGE = rf"(?:{_BASES}>{_BASES}|(?:del|dup|inv)(?:{_BASES})?|(?:del)?ins{_BASES}|{_REPEAT}|=)"
_ACID = (
    "(?:Ala|Arg|Asn|Asp|Cys|Gln|Glu|Gly|His|Ile|Leu|Lys|Met|Phe|Pro|Ser|Thr|Trp|Tyr|Val|Sec|Ter|Xaa|"
    r"[ACDEFGHIKLMNPQRSTVWY]|\*)"
)
_ACIDS = rf"{_ACID}[0-9]{{1,5}}(?:_{_ACID}[0-9]{{1,5}})?"
_SHIFT = rf"{_ACID}?fs(?:{_ACID}[0-9]{{0,4}})?"
_PROTEIN = rf"\(?{_ACIDS}(?:{_ACID}|=|\?|del|dup|(?:del)?ins{_ACID}{{1,9}}|{_SHIFT})\)?"
_GENE = "(?:" + "|".join(sorted((re.escape(gene) for gene in lexicon.lines("genes")), reverse=True)) + ")"
_HGVS = rf"{_SEQUENCE}(?:\({_GENE}\))?:(?:[cgmnr]\.{_AT}(?:_{_AT})?{_CHANGE}|p\.{_PROTEIN})"
_STAR = r"\*[0-9]{1,3}(?:[A-Z]|\.[0-9]{3})?(?::[0-9]{2,4}){0,3}[GPNLSQ]?(?:x(?:[0-9]{1,2}|N))?"
_ALLELE = rf"(?:{_GENE} ?)?{_STAR}"
_DIPLOTYPE = rf"{_ALLELE}(?:[/+^~|]{_ALLELE}){{0,23}}"
_MEDIA = (
    "application/(?:fhir\\+json|fhir\\+xml|json|xml|pdf|rtf|dicom|zip|gzip|octet-stream|msword|hl7-v3\\+xml|"
    "hl7-cda\\+xml|json\\+fhir|xml\\+fhir|smart-health-card|jose|pkcs7-mime)|"
    "text/(?:plain|html|xml|csv|cql|rtf|markdown|tab-separated-values|fhirpath|calendar|xhtml)|"
    "image/(?:jpeg|jpg|png|gif|tiff|bmp|svg\\+xml|webp|jp2)|audio/(?:mpeg|mp4|ogg|wav|basic|x-wav)|"
    "video/(?:mpeg|mp4|ogg|quicktime|webm)|multipart/(?:form-data|related|mixed)"
)
_NUMBERS_WITH_MARKS = r"v?[0-9]{1,8}(?:[._-][0-9]{1,8}){0,4}"
_EDITION = r"http://snomed\.info/sct(?:/[0-9]{6,18}(?:/version/[0-9]{8})?)?"

_ACT = "urn:careloom:act:"
_ACTIVITY = "urn:careloom:activity:"
_POSTED = re.compile("posted-[a-z2-7]{12}")
"""An act that a hospital's own definition describes: a keyed hash, which names nobody."""
_MOST_WORDS = 5
_DEEPEST = 3

GRAMMARS: dict[str, Grammar] = {
    "drug": Grammar(is_drug),
    "unit": Grammar(is_unit),
    "variant": shape(rf"(?:{_HGVS}|{_DIPLOTYPE})"),
    "result": Grammar(lambda text: text.lower() in lexicon.words("results") or _is_result(text)),
    "version": shape(f"{_NUMBERS_WITH_MARKS}|{_EDITION}"),
    "profile": Grammar(lambda text: text.partition("|")[0] in lexicon.words("profiles") and _is_pinned(text)),
    "resource-type": Grammar(lambda text: text in MODEL.resources),
    "mime": shape(rf"(?:{_MEDIA})(?:; ?charset=(?:utf-8|UTF-8|us-ascii|iso-8859-1))?"),
    "language": Grammar(lambda text: _is_language(text)),
    "currency": Grammar(lambda text: text in lexicon.codes()["urn:iso:std:iso:4217"]),
    "confidentiality": shape("[LMNRUV]"),
    "act": Grammar(lambda text: _is_act(text)),
    "own-act": Grammar(lambda text: _is_own_act(text)),
    "rule": Grammar(is_rule),
    "fhirpath": shape("text/fhirpath"),
    "question": Grammar(lambda text: _is_question(text)),
}

_RATIO = re.compile(r"[<>]?=? ?1 ?[:/] ?[0-9]{1,5}")
_PINNED = re.compile(r"[^|]+(?:\|[0-9]{1,3}(?:\.[0-9]{1,3}){0,2})?")

_LANGUAGE = re.compile(
    "([a-z]{2,3})(?:-(?:Arab|Armn|Beng|Cyrl|Deva|Ethi|Grek|Guru|Hans|Hant|Hebr|Jpan|Kore|Latn|Thai))?"
    "(?:-([A-Z]{2})|-(?:001|150|419))?"
)


def _is_language(text: str) -> bool:
    """A language, perhaps in a script, perhaps as a country speaks it; each is known."""
    tag = _LANGUAGE.fullmatch(text)
    if tag is None or tag[1] not in lexicon.codes()["urn:ietf:bcp:47"]:
        return False
    return tag[2] is None or tag[2] in lexicon.codes()["urn:iso:std:iso:3166"]


def _is_result(text: str) -> bool:
    """A titre or ratio, an allele or variant: values that say nothing but themselves."""
    return _RATIO.fullmatch(text) is not None or GRAMMARS["variant"](text)


def _is_pinned(text: str) -> bool:
    return _PINNED.fullmatch(text) is not None


def _is_act(text: str) -> bool:
    """The uri by which a line of Careloom's plan is known: a verb and a few listed words, no other key."""
    start, known, key = text.partition(_ACT)
    words = lexicon.sections("acts", ("verb", "word"))
    verb, *rest = key.split("-")
    known_words = {*words["word"], *_ingredient_words()}
    fits = verb in words["verb"] and 0 < len(rest) <= _MOST_WORDS and set(rest) <= known_words
    return start == "" and known == _ACT and fits


@cache
def _ingredient_words() -> frozenset[str]:
    """The words of ingredients' names: a review is named after the medicines that it is about."""
    names = drug_words.ingredients()
    return frozenset(word for name in names for word in name.replace("-", " ").split())


def _is_own_act(text: str) -> bool:
    """The url of an act that ships with Careloom, as a hospital's rule names it."""
    return text.startswith(_ACTIVITY) and _is_act(_ACT + text.removeprefix(_ACTIVITY))


def _is_question(text: str) -> bool:
    """A question by its LOINC code, perhaps below the groups that it stands in: ``/93042-0/71802-3``."""
    *groups, asked = text.removeprefix("/").split("/")
    return len(groups) <= _DEEPEST and {*groups, asked} <= lexicon.words("questions")
