"""Queries for what is named: tokens, references, URIs and strings, as rows and as the test of a value."""

from __future__ import annotations

from collections.abc import Iterator

from mappers.lossless import Json
from mappers.r4.model import MODEL, Path
from mappers.r4.search_rows import BIRTH_DATE, PREFIX, normal, texts_of
from mappers.r4.search_terms import OWN_SYSTEM, Asked, MalformedValue, Query, Side, Token, plain, split

# --- tokens ----------------------------------------------------------------------------------------------


def token_candidates(asked: Asked, text: str) -> Query:
    """``code``, ``system|code``, ``|code`` (without a system) and ``system|`` (any code of it)."""
    system, code = _system_and_code(text)
    own = (system or "").startswith(OWN_SYSTEM)
    whose = Side.CLINICAL if own else asked.side
    tokens: set[Token] = set()
    for path in asked.parameter.paths:
        word = _token_word(path.leaf, system, code)
        if word is None:
            return Query(whose, everything=True)
        tokens.add((asked.row_name(path), word))
    return Query(whose, tuple(sorted(tokens)))


def _system_and_code(text: str) -> tuple[str | None, str]:
    """System (None when any will do) and code."""
    parts = [plain(part) for part in split(text, "|")]
    if len(parts) > 2 or not any(parts):
        raise MalformedValue
    return (None, parts[0]) if len(parts) == 1 else (parts[0], parts[1])


def _token_word(leaf: str, system: str | None, code: str) -> str | None:
    """The row that a value of this type has; None when only a system is asked for, which rows do not tell."""
    if leaf == "Identifier" or (leaf in ("Coding", "CodeableConcept") and code):
        return code if system is None else f"{system}|{code}"
    if not code:
        return None
    if leaf == "ContactPoint":
        return normal(code) if system is None else f"{system}|{normal(code)}"
    return normal(code)[:PREFIX] if leaf == "string" else code


def token_holds(asked: Asked, path: Path, value: Json, text: str) -> bool:
    system, code = _system_and_code(text)
    if isinstance(value, bool):
        return code == ("true" if value else "false") and not system
    if not isinstance(value, dict):
        return (not code or value == code) and _is_of_system(asked, path, value, system)
    if path.leaf == "CodeableConcept":
        return any(_same_code(coding, "code", system, code) for coding in value.get("coding", ()))
    if path.leaf == "ContactPoint":
        return _same_code({**value, "value": normal(value.get("value", ""))}, "value", system, normal(code))
    return _same_code(value, "value" if path.leaf == "Identifier" else "code", system, code)


def _same_code(value: dict[str, Json], key: str, system: str | None, code: str) -> bool:
    if code and value.get(key) != code:
        return False
    return system is None or value.get("system", "") == system


def _is_of_system(asked: Asked, path: Path, value: Json, system: str | None) -> bool:
    """A bare code is of the systems under which its binding lists it."""
    if not system:
        return True
    element = asked.element(path)
    codes = MODEL.codes.get(element.codes or "", {}) if element is not None else {}
    return value in codes.get(system, ())


def typed_candidates(asked: Asked, text: str) -> Query:
    """``identifier:of-type=system|code|value``."""
    value = _typed(text)[2]
    return Query(Side.IDENTITY, tuple((name, value) for name in asked.row_names()))


def typed_holds(value: Json, text: str) -> bool:
    """Whether an identifier has the value, and a type of this code."""
    if not isinstance(value, dict):
        return False
    system, code, wanted = _typed(text)
    codings = value.get("type", {}).get("coding", ())
    return value.get("value") == wanted and any(_same_code(one, "code", system, code) for one in codings)


def _typed(text: str) -> tuple[str, str, str]:
    parts = [plain(part) for part in split(text, "|")]
    if len(parts) != 3 or not all(parts):
        raise MalformedValue
    return parts[0], parts[1], parts[2]


def text_holds(value: Json, text: str) -> bool:
    """Whether what is said beside a code, or of an identifier's type, begins with the text."""
    wanted = normal(plain(text))
    return bool(wanted) and any(normal(said).startswith(wanted) for said in _said(value))


def _said(value: Json) -> Iterator[str]:
    if isinstance(value, dict):
        beside = [value, *value.get("coding", ()), value.get("type", {})]
        texts = (one.get(key) for one in beside if isinstance(one, dict) for key in ("text", "display"))
        yield from (text for text in texts if isinstance(text, str))


# --- references ------------------------------------------------------------------------------------------


def reference_candidates(asked: Asked, text: str) -> Query:
    """``Type/id``, an id alone (of any type that the element may point at), a URL or canonical."""
    tokens = {
        (asked.row_name(path), word)
        for path in asked.parameter.paths
        for word in _reference_words(asked, path, text)
    }
    return Query(Side.CLINICAL, tuple(sorted(tokens)))


def _reference_words(asked: Asked, path: Path, text: str) -> Iterator[str]:
    if path.leaf != "Reference":
        yield text.partition("|")[0]
    elif "/" in text or ":" in text or "?" in text:
        yield text.partition("/_history/")[0]
    else:
        yield from (f"{target}/{text}" for target in _targets(asked, path))


def _targets(asked: Asked, path: Path) -> tuple[str, ...]:
    one = asked.modifier or path.target
    if one is not None:
        return (one,)
    element = asked.element(path)
    return (element.targets if element is not None else ()) or tuple(sorted(MODEL.resources))


def reference_holds(asked: Asked, path: Path, value: Json, text: str) -> bool:
    if path.leaf != "Reference":
        return isinstance(value, str) and _same_canonical(value, text)
    pointed = value.get("reference")
    if pointed is None or any(
        wanted is not None and not _is_of_type(value, pointed, wanted)
        for wanted in (path.target, asked.modifier)
    ):
        return False
    return pointed.partition("/_history/")[0] in _reference_words(asked, path, text)


def _is_of_type(value: dict[str, Json], pointed: str, wanted: str) -> bool:
    return value.get("type") == wanted or wanted in pointed.split("/")[:-1]


def logical_candidates(asked: Asked, text: str) -> Query:
    """``subject:identifier=system|value``: the identifier that stands in the reference."""
    system, code = _system_and_code(text)
    word = code if system is None else f"{system}|{code}"
    return Query(Side.IDENTITY, tuple((f"{name}:identifier", word) for name in asked.row_names()))


def logical_holds(value: Json, text: str) -> bool:
    identifier = value.get("identifier") if isinstance(value, dict) else None
    return identifier is not None and _same_code(identifier, "value", *_system_and_code(text))


# --- URIs ------------------------------------------------------------------------------------------------


def uri_candidates(asked: Asked, text: str) -> Query:
    tokens = {
        (asked.row_name(path), text.partition("|")[0] if path.leaf == "canonical" else text)
        for path in asked.parameter.paths
    }
    return Query(Side.CLINICAL, tuple(sorted(tokens)))


def uri_holds(path: Path, value: Json, text: str) -> bool:
    return _same_canonical(value, text) if path.leaf == "canonical" else bool(value == text)


def _same_canonical(value: str, text: str) -> bool:
    """A version counts when the query names one."""
    return value == text if "|" in text else value.partition("|")[0] == text


# --- strings ---------------------------------------------------------------------------------------------


def string_candidates(asked: Asked, text: str) -> Query:
    """What begins with the text, or holds it (``:contains``), or is it to the letter (``:exact``)."""
    start = normal(text)[:PREFIX]
    if asked.modifier == "contains" or not start:
        return Query(Side.IDENTITY, everything=True)
    return Query(Side.IDENTITY, tuple((name, start) for name in asked.row_names()))


def string_holds(asked: Asked, value: Json, text: str) -> bool:
    texts = texts_of(value)
    if asked.modifier == "exact":
        return text in texts
    wanted = normal(text)
    if asked.modifier == "contains":
        return any(wanted in normal(one) for one in texts)
    return any(normal(one).startswith(wanted) for one in texts)


def birth_date_candidates(text: str) -> Query:
    """A whole birth date tells who somebody is: only the identity side keeps it."""
    return Query(Side.IDENTITY, ((BIRTH_DATE, text),))
