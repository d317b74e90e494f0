"""What a view is given and what it gives back: values, so that a view can be tested without a web server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from werkzeug.datastructures import Headers

from gateway.auth.actor import Actor
from gateway.settings import Settings

if TYPE_CHECKING:
    from gateway.errands import ErrandDesk
    from gateway.fhir.page_links import PageLinks
    from gateway.fhir.trail import Trail
    from gateway.intake import Intake
    from gateway.release import Release
    from gateway.release.applying import Applying
    from gateway.release.checking import Checking
    from gateway.release.everything import Everything
    from gateway.release.histories import Histories

Parameters: TypeAlias = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that was let in. ``parameters`` are without those that concern the answer's form."""

    actor: Actor
    headers: Headers
    parameters: Parameters
    type: str = ""
    id: str = ""
    version: str = ""
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer before it is put into bytes; ``body`` is a resource, or bytes that are finished."""

    status: int
    body: dict[str, Any] | bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Services:
    """The use cases that views may call, put together once in ``gateway.app``."""

    intake: Intake
    errands: ErrandDesk
    release: Release
    histories: Histories
    everything: Everything
    checking: Checking
    applying: Applying
    trail: Trail
    pages: PageLinks
    settings: Settings
    capability: bytes
    smart_configuration: bytes


View: TypeAlias = Callable[[Services, Asked], Reply]
