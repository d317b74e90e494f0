"""JSON that comes back as it was sent.

``Decimal`` turns ``0.000000100`` into ``1.00E-7``, ``float`` turns ``1.10`` into ``1.1``, and a dict
keeps the last of two equal keys and says nothing. Here a number with a point or an exponent stays its own
text (``msgspec.Raw``), as does ``-0``, which no int can hold, and what cannot be kept whole is refused.
Messages tell where, never what.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any, TypeAlias

import msgspec

Json: TypeAlias = Any
"""dict, list, str, bool, None, int, and ``msgspec.Raw`` for every other number."""

MAX_DEPTH = 100


class NotJson(ValueError):  # noqa: N818 - it reads as what is wrong
    """The body is not JSON"""

    def __init__(self, reason: str = "", where: str = "") -> None:
        super().__init__(f"{self.__doc__}{reason}")
        self.where = where
        """The path to what is wrong by names of JSON, where it is known."""
        self.kind = ""
        """What the value calls itself (``resourceType``): anything that somebody sent."""


class DuplicateKey(NotJson):
    """An object has the same key twice"""


class TooDeep(NotJson):
    """The body is nested too deeply"""


class TooLong(NotJson):
    """The body has an integer of more digits than can be kept"""


class HalfCharacter(NotJson):
    """A string has one half of a surrogate pair, which is no character"""


_decoder = msgspec.json.Decoder(float_hook=msgspec.Raw)
_encoder = msgspec.json.Encoder()
_sorting_encoder = msgspec.json.Encoder(order="sorted")

_endless = re.compile(r"([eE][+-]?)0*[1-9][0-9]{17,}$")
_GREATEST_EXPONENT = "1" + 17 * "0"

_BRACKETS_TO_SQUARE = bytes.maketrans(b"{}", b"[]")
_NO_BRACKET_OR_QUOTE = bytes(byte for byte in range(256) if byte not in b'{}[]"')
_MAYBE_MINUS_ZERO = tuple(before + b"-0" for before in (b":", b",", b"[", b" ", b"\n", b"\r", b"\t"))


def loads(data: bytes, max_depth: int = MAX_DEPTH) -> Json:
    """The value that ``data`` is, every number kept as written."""
    if not data.strip():
        raise NotJson(": it is empty")
    if _depth_reaches(data, max_depth + 1):
        raise TooDeep(f" (more than {max_depth} levels)")
    try:
        value = _decoder.decode(data)
    except UnicodeDecodeError:
        raise NotJson(": it is not valid UTF-8") from None
    except RecursionError:
        raise TooDeep(f" (more than {max_depth} levels)") from None
    except msgspec.DecodeError as error:
        raise _refusal(error, data) from None
    if _may_have_lost_a_key(data, value) or _may_have_minus_zero(data):
        return _loads_slowly(data)
    return value


def loads_own(data: bytes) -> Json:
    """The value of what ``dumps`` wrote, and nobody else could have touched since: no key comes twice there,
    and it is no deeper than what was let in."""
    return _loads_slowly(data) if _may_have_minus_zero(data) else _decoder.decode(data)


def dumps(value: Json) -> bytes:
    """Compact JSON, keys in their order, every number as it was written."""
    return _encoder.encode(value)


def number_text(number: int | msgspec.Raw) -> str:
    """The number as it was written."""
    return str(number) if isinstance(number, int) else bytes(number).decode()


def exact(number: int | msgspec.Raw) -> Decimal:
    """The number as it is. No JSON number is refused: an exponent that no ``Decimal`` can have becomes the
    greatest that counts, so that such numbers keep their place before and after all others.

    It costs what its digits cost, whatever its exponent; so does comparing two. Making an int or a Fraction
    of it builds all the digits that the exponent stands for: ``mappers.r4.numbers`` brings it near first.
    """
    return Decimal(_endless.sub(r"\g<1>" + _GREATEST_EXPONENT, number_text(number)))


def same(a: Json, b: Json) -> bool:
    """Whether two values are equal to the byte of every scalar; the order of keys does not count."""
    return a is b or _sorting_encoder.encode(a) == _sorting_encoder.encode(b)


def shown(key: str) -> bool:
    """Whether a key looks like the name of an element, so that a message may repeat it."""
    name = key[1:] if key.startswith("_") else key
    return name.isascii() and name.isalpha() and len(name) <= 40 and name[0].islower()


def _refusal(error: Exception, data: bytes) -> NotJson:
    """Why the decoder stopped: nothing but the length of an integer breaks a rule of its own."""
    if isinstance(error, msgspec.ValidationError):
        return TooLong()
    return HalfCharacter() if _is_grammatical(data) else NotJson(f": {_reason(error)}")


def _is_grammatical(data: bytes) -> bool:
    """Whether only half a surrogate pair can have stopped the decoder: JSON's grammar lets it pass.

    The decoder calls it a truncation, as it does where the data do break off.
    """
    if b"\\ud" not in data.lower():
        return False
    try:
        json.loads(data.decode(), parse_int=len)
    except (ValueError, RecursionError):
        return False
    return True


def _reason(error: Exception) -> str:
    """What the decoder complains of: it names a rule and a byte offset and quotes nothing."""
    return str(error).removeprefix("JSON is malformed: ")


def _depth_reaches(data: bytes, limit: int) -> bool:
    """Whether brackets nest ``limit`` deep, told without parsing: peel ``[]`` pairs from the inside.

    A bracket inside a string would count too. With all but brackets and quotes deleted a string is ``""``
    unless it holds one, so quotes that survive the removal of ``""`` say that the strings must be cut out.
    """
    unescaped = data.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in data else data
    rest = unescaped.translate(_BRACKETS_TO_SQUARE, _NO_BRACKET_OR_QUOTE).replace(b'""', b"")
    if b'"' in rest:
        outside = b"".join(unescaped.split(b'"')[::2])
        rest = outside.translate(_BRACKETS_TO_SQUARE, _NO_BRACKET_OR_QUOTE)
    for _ in range(limit - 1):
        if not rest:
            return False
        before, rest = rest, rest.replace(b"[]", b"")
        if len(before) == len(rest):  # unbalanced: the decoder says so better
            return False
    return bool(rest)


def _may_have_lost_a_key(data: bytes, value: Json) -> bool:
    """A key that came twice takes its quotes along when it is dropped; only ``\\u0022`` can add one back."""
    return data.count(b'"') != _encoder.encode(value).count(b'"') or b"\\u0022" in data


def _may_have_minus_zero(data: bytes) -> bool:
    return b"-0" in data and (data.startswith(b"-0") or any(text in data for text in _MAYBE_MINUS_ZERO))


class _Members(list[tuple[str, Json]]):
    """The members of an object before they become a dict."""


def _loads_slowly(data: bytes) -> Json:
    """Parse what the fast decoder accepted once more, seeing every key and every integer's text."""
    members = json.loads(data, object_pairs_hook=_Members, parse_float=_raw, parse_int=_integer)
    try:
        return _plain(members, "")
    except NotJson as error:
        named = [value for key, value in members if key == "resourceType"] if _is_object(members) else []
        error.kind = next((one for one in named if isinstance(one, str)), "")
        raise


def _is_object(value: Json) -> bool:
    return isinstance(value, _Members)


def _raw(text: str) -> msgspec.Raw:
    return msgspec.Raw(text)


def _integer(text: str) -> int | msgspec.Raw:
    return msgspec.Raw(text) if text == "-0" else int(text)


def _plain(value: Json, path: str) -> Json:
    if isinstance(value, _Members):
        return _object(value, path)
    if isinstance(value, list):
        return [_plain(item, f"{path}[{position}]") for position, item in enumerate(value)]
    return value


def _object(members: _Members, path: str) -> dict[str, Json]:
    result: dict[str, Json] = {}
    for key, value in members:
        inner = f"{path}.{key}".lstrip(".") if shown(key) else path
        if key in result:
            raise DuplicateKey(where=inner)
        result[key] = _plain(value, inner)
    return result
