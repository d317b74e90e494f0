"""Questions that name a resource here by its whole url: the same as by ``Type/id``.

What is stored names resources of this server relative to it (``gateway/intake/local.py``). So a reference
that is asked for by such a url is asked for in both forms: a canonical that begins so stays as it is.
"""

from __future__ import annotations

from gateway.release.asking import Parameters
from mappers.r4 import search
from mappers.r4.references import Literal, parse


def both_forms(type_: str, parameters: Parameters, base: str) -> Parameters:
    """The parameters, each alternative of a reference that lies below ``base`` in its relative form too."""
    if not base or not any(base in value for _, value in parameters):
        return parameters
    return [(name, _both(value, base) if _refers(type_, name) else value) for name, value in parameters]


def _refers(type_: str, name: str) -> bool:
    known = search.parameters(type_).get(name.partition(":")[0])
    return known is not None and known.type == "reference"


def _both(value: str, base: str) -> str:
    given = value.split(",")
    shorter = [one[len(base) + 1 :] for one in given if one.startswith(f"{base}/")]
    return ",".join([*given, *(one for one in shorter if isinstance(parse(one), Literal))])
