"""Law 1 begins in the parser: what it loses, nobody gives back."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappers.lossless import (
    DuplicateKey,
    HalfCharacter,
    NotJson,
    TooDeep,
    TooLong,
    dumps,
    loads,
    loads_own,
    number_text,
    same,
)

NUMBERS = st.one_of(
    st.integers(min_value=-(10**40), max_value=10**40).map(str),
    st.from_regex(r"\A-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?\Z"),
    st.sampled_from(["1.10", "0.000000100", "-0", "-0.0", "1E5", "1e400", "18446744073709551616"]),
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
TEXTS_WITH_SYNTAX = st.text('"\\[]{}:,-0 u2\n', max_size=8)
STRINGS = st.one_of(TEXTS, TEXTS_WITH_SYNTAX)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _members(pairs: dict[str, str]) -> str:
    return "{" + ",".join(f"{_quoted(key)}:{value}" for key, value in pairs.items()) + "}"


SCALARS = st.one_of(NUMBERS, STRINGS.map(_quoted), st.sampled_from(["true", "false", "null"]))
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=5).map(lambda items: "[" + ",".join(items) + "]"),
        st.dictionaries(STRINGS, inner, max_size=5).map(_members),
    ),
    max_leaves=25,
)


@given(DOCUMENTS)
def test_law_1_every_number_and_string_comes_back_as_it_was_written(document: str) -> None:
    # msgspec writes control characters its own way, so texts are compared after both were read.
    again = dumps(loads(document.encode())).decode()
    exact = {"parse_float": lambda text: ("n", text), "parse_int": lambda text: ("n", text)}
    assert json.loads(again, **exact) == json.loads(document, **exact)


@given(DOCUMENTS)
def test_law_1_what_was_written_here_is_read_again_to_the_byte(document: str) -> None:
    written = dumps(loads(document.encode()))
    assert dumps(loads_own(written)) == written
    assert same(loads_own(written), loads(written))


@pytest.mark.parametrize("text", ["1.10", "0.000000100", "-0", "-0.0", "1E5", "1e400", "7", str(2**70)])
def test_law_1_number_text_is_kept(text: str) -> None:
    for document in (text, f"[{text}]", f'{{"a":{text}}}', f'{{"a":{text},"b":"-0 \\""}}'):
        assert dumps(loads(document.encode())).decode() == document
    assert dumps(loads(f"[ {text} ,\n{text}\t]".encode())).decode() == f"[{text},{text}]"
    assert number_text(loads(text.encode())) == text


def test_integers_stay_integers_and_other_numbers_are_raw() -> None:
    value = loads(b'{"i": 5, "d": 5.0}')
    assert value["i"] == 5
    assert isinstance(value["i"], int)
    assert isinstance(value["d"], msgspec.Raw)


@pytest.mark.parametrize(
    ("document", "where"),
    [
        (b'{"a":1,"a":1}', "a"),
        (b'{"a":1,"\\u0061":2}', "a"),
        (b'{"name":[{"use":"usual"},{"family":"x","family":"y"}]}', "name[1].family"),
        (b'{"x":{"Jane Doe":1,"Jane Doe":2}}', "x"),
        # The quote that the escape adds hides the two quotes that the dropped key takes along.
        (b'{"a":"\\u0022\\u0022","b":1,"b":2}', "b"),
        (b'{"":1,"":2}', ""),
    ],
)
def test_law_1_a_key_that_comes_twice_is_refused_and_located(document: bytes, where: str) -> None:
    with pytest.raises(DuplicateKey) as caught:
        loads(document)
    assert caught.value.where == where
    assert "Jane" not in str(caught.value)


@given(st.dictionaries(STRINGS, SCALARS, min_size=1, max_size=5), st.data())
def test_law_1_any_repeated_key_is_found(members: dict[str, str], data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(sorted(members)))
    twice = f"{_members(members)[:-1]},{_quoted(key)}:{data.draw(SCALARS)}}}"
    with pytest.raises(DuplicateKey):
        loads(twice.encode())


@pytest.mark.parametrize(
    "document",
    [
        b"", b" ", b"{", b"[1]x", b"[1,]", b"{'a':1}", b"NaN", b"[Infinity]", b"[-Infinity]", b"01", b"1.",
        b"+1",
        b'"\xff"', b"\xff", b'"\xed\xa0\x80"', b'"\\ud800"', b'"\\ud800\\u0041"', b'"\\udc00"', b'"a\x01"',
        b'"\\x"', b"\xef\xbb\xbf{}", b"{}{}", b"[}", b"]" * 5, b"1" * 5000,
    ],
)  # fmt: skip
def test_what_is_not_json_is_refused(document: bytes) -> None:
    with pytest.raises(NotJson):
        loads(document)


@pytest.mark.parametrize("string", [r"\ud800", r"\uD800", r"\udc00", r"\ud800x", r"\ud800\u0041"])
def test_half_a_character_is_refused_for_what_it_is(string: str) -> None:
    with pytest.raises(HalfCharacter):
        loads(b'{"a":"%s"}' % string.encode())


@pytest.mark.parametrize("document", [rb'"\ud800\udc0', rb'{"a":"\ud83d\ude00', rb'["\ud83d\ude00",]'])
def test_what_breaks_off_is_not_blamed_on_its_characters(document: bytes) -> None:
    with pytest.raises(NotJson) as refusal:
        loads(document)
    assert type(refusal.value) is NotJson


@pytest.mark.parametrize("document", [b"%s", b'{"a":%s}', b"[-0,-%s]"])
def test_an_integer_that_cannot_be_kept_is_refused_for_its_length(document: bytes) -> None:
    with pytest.raises(TooLong, match="digits"):
        loads(document % (b"1" * 10_000))


def test_refusals_quote_nothing() -> None:
    for document in (b'{"name": "Doe', b'{"name": Doe}', b'{"name":"Doe","name":"Roe"}', b'["Doe\xff"]'):
        with pytest.raises(NotJson) as caught:
            loads(document)
        assert "oe" not in str(caught.value).replace("does", "")


@pytest.mark.parametrize("open_close", [("[", "]"), ('{"a":', "}"), ('["]",', "]"), ('{"\\"[":', "}")])
def test_depth_is_limited_whatever_the_strings_hold(open_close: tuple[str, str]) -> None:
    begin, end = open_close
    assert loads((begin * 20 + "1" + end * 20).encode(), max_depth=20)
    with pytest.raises(TooDeep):
        loads((begin * 21 + "1" + end * 21).encode(), max_depth=20)
    with pytest.raises(NotJson):
        loads((begin * 100_000).encode())


def test_brackets_in_strings_are_no_depth_and_hide_none() -> None:
    assert loads(b'["' + b"[" * 500 + b'"]')
    deep = '["]",' * 30 + "1" + "".join(', "["]' for _ in range(30))
    with pytest.raises(TooDeep):
        loads(deep.encode(), max_depth=29)
    assert loads(deep.encode(), max_depth=30)


@given(DOCUMENTS)
def test_same_is_reflexive_and_sees_the_text_of_numbers(document: str) -> None:
    assert same(loads(document.encode()), loads(document.encode()))
    assert not same([loads(document.encode())], [loads(document.encode()), None])


def test_same_ignores_the_order_of_keys_only() -> None:
    assert same(loads(b'{"a":1,"b":[1.0,{"c":1,"d":2}]}'), loads(b'{"b":[1.0,{"d":2,"c":1}],"a":1}'))
    for a, b in [(b"1.0", b"1.00"), (b"1", b"true"), (b"0", b"-0"), (b"[1,2]", b"[2,1]"), (b'"1"', b"1")]:
        assert not same(loads(a), loads(b))


@pytest.mark.parametrize("data", [b"", b" ", b"\r\n\t"])
def test_an_empty_body_is_called_empty(data: bytes):
    with pytest.raises(NotJson, match="it is empty"):
        loads(data)


@pytest.mark.parametrize("data", [b"[" * 100_000, b'{"a":' * 100_000, b"[" * 100_000 + b"]"])
def test_brackets_that_never_close_are_nested_too_deeply(data: bytes):
    with pytest.raises(TooDeep, match="nested too deeply"):
        loads(data)
