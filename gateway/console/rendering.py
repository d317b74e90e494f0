"""From a template and its values to HTML: escaped everywhere, strict about what is missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from gateway.console import words
from gateway.custody.jobs import SECOND

_HERE = Path(__file__).parent
ASSETS = {"console.css": "text/css; charset=utf-8", "console.js": "text/javascript; charset=utf-8"}
_SHORT = 10
_EPOCH = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that every page needs, under an address that changes with it."""

    body: bytes
    type: str
    address: str


def assets() -> Mapping[str, Asset]:
    """The style sheet and the script, by name."""
    found = {}
    for name, type_ in ASSETS.items():
        body = (_HERE / "static" / name).read_bytes()
        mark = sha256(body).hexdigest()[:12]
        found[name] = Asset(body, type_, f"/console/static/{mark}/{name}")
    return found


def environment(zone: tzinfo, files: Mapping[str, Asset]) -> Environment:
    """What renders the pages of an installation whose people live in this zone."""
    made = Environment(
        loader=PackageLoader("gateway.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Callable[[Any], str]] = {
        "moment": lambda micros: moment(micros, zone),
        "day": lambda micros: local(micros, zone).strftime("%-d %B %Y"),
        "number": lambda value: f"{value:,}",
        "short": short,
        "sentence": words.capital,
    }
    made.filters |= filters
    made.globals |= {
        "asset": lambda name: files[name].address,
        "zone_name": lambda: datetime.now(zone).tzname() or "UTC",
    }
    return made


def moment(micros: int, zone: tzinfo) -> Markup:
    """A time for people, with its zone; machines find it in the attribute."""
    here = local(micros, zone)
    return Markup('<time datetime="{}">{}</time>').format(here.isoformat(), said_moment(micros, zone))


def said_moment(micros: int, zone: tzinfo) -> str:
    """A time for people, with its zone."""
    here = local(micros, zone)
    return f"{here:%-d %b %Y, %H:%M:%S} {here.tzname()}"


def plain_moment(micros: int, zone: tzinfo) -> str:
    """A time for a table that is read elsewhere: RFC 3339 to the second."""
    return local(micros, zone).isoformat(timespec="seconds")


def local(micros: int, zone: tzinfo) -> datetime:
    """A time in a zone."""
    # By adding, not by ``fromtimestamp``: what was written with a clock gone wrong is shown too.
    try:
        return (_EPOCH + timedelta(seconds=micros // SECOND)).astimezone(zone)
    except (OverflowError, ValueError):
        return datetime.max.replace(tzinfo=UTC) if micros > 0 else datetime.min.replace(tzinfo=UTC)


def short(text: str) -> Markup:
    """The beginning of a pseudonym; the whole of it for who points at it or copies it."""
    if len(text) <= _SHORT + 2:
        return Markup('<span class="id">{}</span>').format(text)
    return Markup('<span class="id" title="{}">{}…</span>').format(text, text[:_SHORT])


def rendered(made: Environment, template: str, values: Mapping[str, Any]) -> str:
    """A page."""
    return made.get_template(template).render(values)
