"""The one place where the web side is put together: storage, keys, use cases, edges; nothing at import."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from importlib.metadata import version

from flask import Flask

from gateway.auth.actor import Actor
from gateway.auth.authentication import Authenticator
from gateway.auth.endpoint import TokenEndpoint
from gateway.auth.introspection import Introspection
from gateway.auth.keysource import KeySource, fetch_over_https
from gateway.auth.tokens import Issuer
from gateway.custody import broker
from gateway.custody.identity.vault import Vault, open_vault
from gateway.fhir import capability, openapi, outcome
from gateway.fhir.asked import Services
from gateway.fhir.door import Door
from gateway.fhir.edge import Edge
from gateway.fhir.page_links import PageLinks
from gateway.fhir.routes import ROUTES
from gateway.fhir.search import search_in_bundle
from gateway.fhir.shared_rate import SharedRate
from gateway.fhir.trail import Trail
from gateway.health import Health
from gateway.intake import Intake
from gateway.intake.looking import Looking
from gateway.metrics import Metrics
from gateway.pages.site import Site
from gateway.privacy import policy
from gateway.release import Release
from gateway.release.checking import Checking
from gateway.release.everything import Everything
from gateway.release.finding import Limits
from gateway.release.histories import Histories
from gateway.settings import Settings
from gateway.stored import Clock, Entropy, Resource
from mappers import lossless


@dataclass(frozen=True, slots=True)
class World:
    """Time and randomness, as arguments (law 11)."""

    clock: Clock
    entropy: Entropy


def the_world() -> World:
    """The clock and the randomness of the machine."""
    return World(lambda: time.time_ns() // 1000, os.urandom)


def create_app(settings: Settings, world: World | None = None) -> Flask:
    """The gateway as a WSGI application. Raises a ``CustodyError`` when the storage cannot be opened."""
    world = world or the_world()
    vault = open_vault(settings.storage)
    issuer = _issuer(settings, vault, world)
    edge = _edge(settings, vault, issuer, world)
    app = Flask("gateway", static_folder=None, template_folder="pages/templates")
    app.config["MAX_CONTENT_LENGTH"] = settings.body_limit
    app.extensions["careloom_vault"] = vault
    edge.mount(app)
    introspection = Introspection(issuer.desk, settings.token_url, settings.fhir_base)
    TokenEndpoint(issuer, introspection, settings, world.entropy).mount(app)
    Health(settings, vault, edge.metrics).mount(app)
    Site(settings, lossless.dumps(openapi.document(ROUTES, settings, version("careloom")))).mount(app)
    return app


def _issuer(settings: Settings, vault: Vault, world: World) -> Issuer:
    keys = KeySource(fetch_over_https(settings.jwks_seconds), world.clock)
    return Issuer(
        database=vault.database,
        desk=Authenticator(vault.database, keys, world.clock),
        audience=settings.token_url,
        seconds=settings.token_seconds,
        clock=world.clock,
        entropy=world.entropy,
    )


def _edge(settings: Settings, vault: Vault, issuer: Issuer, world: World) -> Edge:
    limits = Limits(settings.search_limit, settings.chain_limit, settings.include_limit)
    profile = policy.load_as(policy.Kind.RELEASE, settings.release_policy)
    release = Release(vault, profile, world.clock, world.entropy, limits)

    def searched(actor: Actor, type_: str, parameters: list[tuple[str, str]]) -> Resource:
        return search_in_bundle(services, actor, type_, parameters)

    looking = Looking(release.find, release.read, release.originals, searched)
    statement = capability.statement(ROUTES, settings, version("careloom"), world.clock())
    services = Services(
        intake=_intake(settings, vault, looking, world),
        release=release,
        histories=Histories(release),
        everything=Everything(release),
        checking=Checking(release),
        trail=Trail(vault, world.clock, settings.fhir_base),
        pages=PageLinks(vault.identity.index_key, world.entropy),
        settings=settings,
        capability=lossless.dumps(statement),
        smart_configuration=lossless.dumps(capability.smart(settings)),
    )
    door = Door(vault.database, issuer, _rate(settings, world), world.clock)
    return Edge(services, door, Metrics(), world.entropy)


def _rate(settings: Settings, world: World) -> SharedRate:
    return SharedRate(lambda: broker.url(settings.storage), settings.rate, world.clock)


def _intake(settings: Settings, vault: Vault, looking: Looking, world: World) -> Intake:
    return Intake(
        vault=vault,
        policy=policy.load_as(policy.Kind.SPLIT, settings.policy),
        clock=world.clock,
        entropy=world.entropy,
        looking=looking,
        explain=outcome.explain,
    )
