"""The grammar of FHIRPath, for the expressions that HL7's R4 definitions are written in.

Search parameters and invariants are FHIRPath. They are parsed once, when the table is compiled; what ships
is the tree, as plain lists, so that nothing parses text while a resource waits.
"""

from __future__ import annotations

import re
from typing import Any, TypeAlias

Tree: TypeAlias = list[Any]
"""``["name", base, identifier]``, ``["call", base, function, arguments]``, ``["index", base, number]``,
``["literal", value]``, ``["variable", name]``, ``["is" | "as", base, type]`` or ``[operator, left, right]``.
A base of None is the focus."""

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<string>'(?:[^'\\]|\\.)*')
    | (?P<number>[0-9]+(?:\.[0-9]+)?)
    | (?P<variable>%[A-Za-z]+|\$this)
    | (?P<identifier>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<symbol><=|>=|!=|[-.()\[\]|,=<>+&])
    )""",
    re.VERBOSE,
)

# Loosest first: each level binds tighter than the one before.
_LEVELS: tuple[frozenset[str], ...] = (
    frozenset({"implies"}),
    frozenset({"or", "xor"}),
    frozenset({"and"}),
    frozenset({"in", "contains"}),
    frozenset({"=", "!="}),
    frozenset({"<", ">", "<=", ">="}),
    frozenset({"|"}),
    frozenset({"is", "as"}),
    frozenset({"+", "-", "&"}),
)


class NotFhirPath(ValueError):  # noqa: N818 - it reads as what is wrong
    """The expression is not in the part of FHIRPath that R4's definitions use"""


def parse(text: str) -> Tree:
    """The tree of one expression."""
    parser = _Parser(_tokens(text))
    tree = parser.expression(0)
    if parser.peek() is not None:
        raise NotFhirPath(text)
    return tree


def _tokens(text: str) -> list[tuple[str, str]]:
    found, position, end = [], 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise NotFhirPath(text)
        found.append((match.lastgroup, match[match.lastgroup]))
        position = match.end()
    return found


class _Parser:
    """Precedence climbing over a list of tokens."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._next = 0

    def peek(self) -> str | None:
        return self._tokens[self._next][1] if self._next < len(self._tokens) else None

    def _take(self) -> tuple[str, str]:
        if self._next >= len(self._tokens):
            raise NotFhirPath("unfinished")
        self._next += 1
        return self._tokens[self._next - 1]

    def _expect(self, symbol: str) -> None:
        if self._take()[1] != symbol:
            raise NotFhirPath(symbol)

    def expression(self, level: int) -> Tree:
        if level == len(_LEVELS):
            return self._chain()
        left = self.expression(level + 1)
        while (operator := self.peek()) in _LEVELS[level]:
            self._take()
            right = self._take()[1] if operator in ("is", "as") else self.expression(level + 1)
            left = [operator, left, right]
        return left

    def _chain(self) -> Tree:
        tree = self._term()
        while (symbol := self.peek()) in (".", "["):
            self._take()
            if symbol == "[":
                tree = ["index", tree, int(self._take()[1])]
                self._expect("]")
            else:
                tree = self._member(self._take()[1], tree)
        return tree

    def _term(self) -> Tree:
        kind, text = self._take()
        if text == "(":
            tree = self.expression(0)
            self._expect(")")
            return tree
        if kind == "string":
            return ["literal", re.sub(r"\\(.)", r"\1", text[1:-1])]
        if kind == "number":
            return ["literal", int(text) if text.isdigit() else text]
        if kind == "variable":
            return ["variable", text]
        if kind == "identifier" and text in ("true", "false"):
            return ["literal", text == "true"]
        if kind != "identifier":
            raise NotFhirPath(text)
        return self._member(text, None)

    def _member(self, name: str, base: Tree | None) -> Tree:
        if self.peek() != "(":
            return ["name", base, name]
        self._take()
        arguments = []
        while self.peek() != ")":
            arguments.append(self.expression(0))
            if self.peek() != ")":
                self._expect(",")
        self._take()
        return ["call", base, name, arguments]
