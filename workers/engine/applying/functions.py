"""The functions that a path may call, each with what it is called on, takes and gives.

A function that turns "nothing" into an answer (``iif``), reads a clock (``now``) or leaves the record
(``resolve``, ``memberOf``) is not among them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from workers.engine.applying.shapes import BOOLEAN, DATE, NUMBER, TEXT, TIME, Shape, element, narrowed, of
from workers.engine.applying.spelling import Node, spell
from workers.engine.grammar import ExpressionFault


class Reader(Protocol):
    """Who reads the arguments."""

    def read(self, node: Node, focus: Shape | None = None) -> Shape:
        """What a node gives."""
        ...

    def one(self, node: Node, focus: Shape | None) -> Shape:
        """The same of a node that gives one value at most."""
        ...

    def truth(self, node: Node, focus: Shape | None) -> None:
        """Refuses a node that is not true or false."""
        ...


Arguments = Sequence[Node]
Function = Callable[[Reader, Shape, Arguments], Shape]


def _count(name: str, arguments: Arguments, most: int, least: int = 0) -> None:
    if not least <= len(arguments) <= most:
        raise ExpressionFault(f"{name}() has {most if least == most else f'{least} to {most}'} arguments")


def _nothing(name: str, give: Callable[[Shape], Shape]) -> Function:
    """A function without arguments."""

    def function(reader: Reader, target: Shape, arguments: Arguments) -> Shape:
        _count(name, arguments, 0)
        return give(target)

    return function


def _criterion(name: str, give: Callable[[Shape], Shape], least: int) -> Function:
    """A function whose argument is asked of each thing in turn."""

    def function(reader: Reader, target: Shape, arguments: Arguments) -> Shape:
        _count(name, arguments, 1, least)
        for one in arguments:
            reader.truth(one, Shape(target.types))
        return give(target)

    return function


def _text(name: str, gives: str, takes: int) -> Function:
    """A function of one text."""

    def function(reader: Reader, target: Shape, arguments: Arguments) -> Shape:
        _count(name, arguments, takes, takes)
        told = [target, *(reader.one(one, target) for one in arguments)]
        if any(one.kinds != {TEXT} or one.many for one in told):
            raise ExpressionFault(f"{name}() is of one text")
        return of(gives)

    return function


def _to_type(name: str, gives_truth: bool) -> Function:
    def function(reader: Reader, target: Shape, arguments: Arguments) -> Shape:
        _count(name, arguments, 1, 1)
        found = narrowed(target, spell(arguments[0]))
        return of("boolean") if gives_truth else found

    return function


def _select(reader: Reader, target: Shape, arguments: Arguments) -> Shape:
    _count("select", arguments, 1, 1)
    found = reader.read(arguments[0], Shape(target.types))
    return Shape(found.types, found.many or target.many)


def _extension(reader: Reader, target: Shape, arguments: Arguments) -> Shape:
    _count("extension", arguments, 1, 1)
    if reader.read(arguments[0], None).kinds != {TEXT}:
        raise ExpressionFault("extension() has the url as a text")
    return Shape(element(target, "extension").types, many=True)


def _not(target: Shape) -> Shape:
    if target.kinds != {BOOLEAN} or target.many:
        raise ExpressionFault("not() is of one thing that is true or false")
    return of("boolean")


def _to_string(target: Shape) -> Shape:
    if target.many or not target.kinds <= {TEXT, NUMBER, DATE, TIME, BOOLEAN}:
        raise ExpressionFault("toString() is of one simple value")
    return of("string")


def _same_shape(target: Shape) -> Shape:
    return target


def _single(target: Shape) -> Shape:
    return Shape(target.types)


def _truth(target: Shape) -> Shape:
    return of("boolean")


FUNCTIONS: Mapping[str, Function] = {
    "where": _criterion("where", _same_shape, 1),
    "exists": _criterion("exists", _truth, 0),
    "all": _criterion("all", _truth, 1),
    "select": _select,
    "empty": _nothing("empty", _truth),
    "not": _nothing("not", _not),
    "hasValue": _nothing("hasValue", _truth),
    "count": _nothing("count", lambda target: of("integer")),
    "first": _nothing("first", _single),
    "last": _nothing("last", _single),
    "distinct": _nothing("distinct", _same_shape),
    "toString": _nothing("toString", _to_string),
    "ofType": _to_type("ofType", gives_truth=False),
    "as": _to_type("as", gives_truth=False),
    "is": _to_type("is", gives_truth=True),
    "extension": _extension,
    "startsWith": _text("startsWith", "boolean", 1),
    "endsWith": _text("endsWith", "boolean", 1),
    "contains": _text("contains", "boolean", 1),
    "lower": _text("lower", "string", 0),
    "upper": _text("upper", "string", 0),
    "length": _text("length", "integer", 0),
}
