"""The inverse of the split: both halves make the resource as it was sent.

What is withheld of an object has the names of the original with their original values, and two names that no
element has:

- ``"/"``: ``{name: what is withheld inside it}`` for elements that stay in part;
- ``"-"``: the names that the clinical half has and the original had not (marks of absence).

What is withheld inside an array is a list of ``[sign, position, value]`` in rising order of the original's
positions: ``"/"`` an item that stays in part, ``"="`` one that was replaced whole, ``"+"`` one of which
nothing stayed. A resource without a clinical half is withheld as it is.

So merging is: take the clinical object, remove ``"-"``, descend into ``"/"``, lay the rest over it.
"""

from __future__ import annotations

from gateway.custody.errors import Tampered
from gateway.privacy.walk import ADDED, DROPPED, INNER, WHOLE, Object
from mappers.lossless import Json

_TYPE = "resourceType"
"""A resource that is withheld whole has a type; what is withheld of one beside its clinical half has none."""


class HalvesDoNotFit(Tampered):
    """These halves are not those of one resource."""


def merge(clinical: Object | None, withheld: Object) -> Object:
    """The resource whose halves these are; raises ``HalvesDoNotFit``, and then gives back neither of them.

    That the two belong together is sealed into each (``docs/crypto.md``); here it is seen that they fit.
    """
    try:
        if (clinical is None) is not (_TYPE in withheld):
            raise HalvesDoNotFit
        return withheld if clinical is None else _object(clinical, withheld)
    except (KeyError, IndexError, TypeError, AttributeError, ValueError):
        raise HalvesDoNotFit from None


def _object(kept: Object, gone: Object) -> Object:
    whole = dict(kept)
    for key in gone.get(ADDED, ()):
        del whole[key]
    for key, delta in gone.get(INNER, {}).items():
        whole[key] = _array(kept[key], delta) if type(delta) is list else _object(kept[key], delta)
    whole.update({key: value for key, value in gone.items() if key not in (ADDED, INNER)})
    return whole


def _array(kept: list[Json], delta: list[Json]) -> list[Json]:
    if type(kept) is not list:
        raise HalvesDoNotFit
    whole = list(kept)
    for sign, position, value in delta:
        if sign == DROPPED and position <= len(whole):
            whole.insert(position, value)
        elif sign == WHOLE:
            whole[position] = value
        elif sign == INNER:
            whole[position] = _object(whole[position], value)
        else:
            raise HalvesDoNotFit
    return whole
