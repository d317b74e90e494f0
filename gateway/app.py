"""The one place where the web side is put together: storage, keys, use cases, edges; nothing at import."""

from __future__ import annotations

from importlib.metadata import version

from flask import Flask

from gateway import assembly
from gateway.assembly import World as World
from gateway.assembly import the_world as the_world
from gateway.auth.authentication import Authenticator
from gateway.auth.endpoint import TokenEndpoint
from gateway.auth.introspection import Introspection
from gateway.auth.keysource import KeySource, fetch_over_https
from gateway.auth.keywatch import KeyWatch
from gateway.auth.tokens import Issuer
from gateway.board import Board
from gateway.cds_hooks.putting import cds_hooks
from gateway.console import putting
from gateway.custody import broker
from gateway.custody.identity.vault import Vault, open_vault
from gateway.fhir import openapi
from gateway.fhir.door import Door
from gateway.fhir.edge import Edge
from gateway.fhir.routes import ROUTES
from gateway.fhir.shared_rate import SharedRate
from gateway.health import Health
from gateway.metrics import Metrics
from gateway.pages.site import Site
from gateway.settings import Settings
from mappers import lossless


def create_app(
    settings: Settings, world: World | None = None, board: Board | None = None, number: int = 0
) -> Flask:
    """The gateway as a WSGI application: one alone, or the one that counts at place ``number`` of a board.

    Raises a ``CustodyError`` when the storage cannot be opened.
    """
    world = world or the_world()
    vault = open_vault(settings.storage)
    issuer = _issuer(settings, vault, world)
    edge = _edge(settings, vault, issuer, world, Metrics(board, number))
    app = Flask("gateway", static_folder=None, template_folder="pages/templates")
    app.config["MAX_CONTENT_LENGTH"] = settings.body_limit
    app.extensions["careloom_vault"] = vault
    edge.mount(app)
    cds_hooks(settings, vault, edge, issuer.desk, world.entropy).mount(app)
    introspection = Introspection(issuer.desk, settings.token_url, settings.fhir_base)
    TokenEndpoint(issuer, introspection, settings, world.entropy).mount(app)
    Health(settings, vault, edge.metrics, world.clock).mount(app)
    Site(settings, lossless.dumps(openapi.document(ROUTES, settings, version("careloom")))).mount(app)
    putting.mount(app, settings, vault, world.clock, world.entropy)
    return app


def _issuer(settings: Settings, vault: Vault, world: World) -> Issuer:
    watch = KeyWatch(vault.database, world.clock)
    keys = KeySource(fetch_over_https(settings.jwks_seconds), world.clock, watch)
    return Issuer(
        database=vault.database,
        desk=Authenticator(vault.database, keys, world.clock),
        audience=settings.token_url,
        seconds=settings.token_seconds,
        clock=world.clock,
        entropy=world.entropy,
    )


def _edge(settings: Settings, vault: Vault, issuer: Issuer, world: World, metrics: Metrics) -> Edge:
    services = assembly.services(settings, vault, world)
    door = Door(vault.appender, issuer, _rate(settings, world), world.clock)
    return Edge(services, door, metrics, world.entropy)


def _rate(settings: Settings, world: World) -> SharedRate:
    return SharedRate(lambda: broker.url(settings.storage), settings.rate, world.clock)
