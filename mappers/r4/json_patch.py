"""JSON Patch (RFC 6902) on values that keep their numbers as they were written. Pure.

What is given stays as it was; all operations are done or none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from mappers.lossless import Json
from mappers.r4.patching import CannotPatch, copied, equal, unmet

_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
_END = "-"
_BAD_ESCAPE = re.compile(r"~(?![01])")
_NOWHERE = "The place that it names is not there."

Operation = Mapping[str, Json]


def applied(document: Json, patch: Json) -> Json:
    """The document after every operation of the patch. Raises ``CannotPatch``, naming the operation."""
    if not isinstance(patch, list):
        raise CannotPatch("A JSON Patch is an array of operations.")
    # A root of our own, so that the whole document is a place like any other.
    root = {"": copied(document)}
    for number, operation in enumerate(patch):
        try:
            _do(root, operation)
        except CannotPatch as refusal:
            refusal.operation = number
            raise
    return root[""]


def _do(root: dict[str, Json], operation: Json) -> None:
    if not isinstance(operation, dict):
        raise CannotPatch("An operation is an object.")
    deed = _DEEDS.get(operation.get("op")) if isinstance(operation.get("op"), str) else None
    if deed is None:
        raise CannotPatch("op must be add, remove, replace, move, copy or test.")
    deed(root, operation)


# --- the six operations ----------------------------------------------------------------------------------


def _add(root: dict[str, Json], operation: Operation) -> None:
    _put(root, _path(operation, "path"), copied(_value(operation)))


def _remove(root: dict[str, Json], operation: Operation) -> None:
    _take(root, _path(operation, "path"))


def _replace(root: dict[str, Json], operation: Operation) -> None:
    holder, key = _place(root, _path(operation, "path"))
    holder[key] = copied(_value(operation))


def _move(root: dict[str, Json], operation: Operation) -> None:
    source, target = _path(operation, "from"), _path(operation, "path")
    if target[: len(source)] == source and target != source:
        raise CannotPatch("A value cannot be moved into itself.")
    _put(root, target, _take(root, source))


def _copy(root: dict[str, Json], operation: Operation) -> None:
    holder, key = _place(root, _path(operation, "from"))
    _put(root, _path(operation, "path"), copied(holder[key]))


def _test(root: dict[str, Json], operation: Operation) -> None:
    holder, key = _place(root, _path(operation, "path"))
    if not equal(holder[key], _value(operation)):
        raise unmet("The value is not the one that the test names.")


_DEEDS: Mapping[Any, Callable[[dict[str, Json], Operation], None]] = {
    "add": _add,
    "remove": _remove,
    "replace": _replace,
    "move": _move,
    "copy": _copy,
    "test": _test,
}


# --- places ----------------------------------------------------------------------------------------------


def _path(operation: Operation, name: str) -> list[str]:
    """The steps of a JSON Pointer (RFC 6901), the root's own first."""
    text = operation.get(name)
    if not isinstance(text, str) or (text and not text.startswith("/")) or _BAD_ESCAPE.search(text):
        raise CannotPatch(f"{name} must be a JSON Pointer, such as /name/0/given.")
    return [step.replace("~1", "/").replace("~0", "~") for step in text.split("/")]


def _value(operation: Operation) -> Json:
    if "value" not in operation:
        raise CannotPatch("This operation needs a value.")
    return operation["value"]


def _place(root: dict[str, Json], path: list[str]) -> tuple[Any, Any]:
    """What holds the value at a path, and under which key; the value must be there."""
    holder: Json = root
    for step in path[:-1]:
        holder = holder[_key(holder, step)]
    return holder, _key(holder, path[-1])


def _key(holder: Json, step: str) -> str | int:
    if isinstance(holder, dict) and step in holder:
        return step
    if isinstance(holder, list) and _INDEX.fullmatch(step) and int(step) < len(holder):
        return int(step)
    raise unmet(_NOWHERE)


def _put(root: dict[str, Json], path: list[str], value: Json) -> None:
    above, key = (root, "") if len(path) == 1 else _place(root, path[:-1])
    holder, step = (root, "") if len(path) == 1 else (above[key], path[-1])
    if isinstance(holder, dict):
        holder[step] = value
    elif isinstance(holder, list) and step == _END:
        holder.append(value)
    elif isinstance(holder, list) and _INDEX.fullmatch(step) and int(step) <= len(holder):
        holder.insert(int(step), value)
    else:
        raise unmet(_NOWHERE)


def _take(root: dict[str, Json], path: list[str]) -> Json:
    if len(path) == 1:
        raise CannotPatch("The whole resource cannot be removed by a patch; delete it.")
    holder, key = _place(root, path)
    return holder.pop(key)
