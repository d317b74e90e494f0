"""The use cases of the trusted side put together, for web side and courier alike; nothing at import."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from importlib.metadata import version

from gateway import profiles
from gateway.auth.actor import Actor
from gateway.auth.called import ClientNames
from gateway.custody.identity.vault import Vault
from gateway.errands import Doer, ErrandDesk
from gateway.fhir import capability, outcome
from gateway.fhir.asked import Services
from gateway.fhir.page_links import PageLinks
from gateway.fhir.routes import ROUTES
from gateway.fhir.search import search_in_bundle
from gateway.fhir.trail import Trail
from gateway.intake import Intake
from gateway.intake.looking import Looking
from gateway.privacy import policy
from gateway.release import Release
from gateway.release.applying import Applying
from gateway.release.checking import Checking
from gateway.release.everything import Everything
from gateway.release.finding import Limits
from gateway.release.histories import Histories
from gateway.settings import Settings
from gateway.stored import Clock, Entropy, Resource
from mappers import lossless
from mappers.concept_maps import ConceptMaps
from mappers.profiles.library import Library
from workers.engine.own_maps import maps


@dataclass(frozen=True, slots=True)
class World:
    """Time and randomness, as arguments (law 11)."""

    clock: Clock
    entropy: Entropy


def the_world() -> World:
    """The clock and the randomness of the machine."""
    return World(lambda: time.time_ns() // 1000, os.urandom)


def in_force(settings: Settings) -> str:
    """This release and the policies under which it serves: one that was changed is seen at the next start."""
    policies = map(policy.load, (settings.policy, settings.release_policy))
    told = [f"{one.name} sha256:{one.digest}" for one in policies]
    digest = own_maps(settings).digest
    return "; ".join([version("careloom"), *told, *([f"concept maps sha256:{digest}"] if digest else [])])


def own_maps(settings: Settings) -> ConceptMaps:
    """The hospital's own ConceptMaps; raises ``MapsRefused``."""
    storage = settings.storage
    return maps(storage.concept_maps_folder, storage.concept_maps is not None)


def split_policy(settings: Settings) -> policy.Policy:
    """How resources are split, and which own codes may be read; ``PolicyRefused``, ``MapsRefused``."""
    return policy.load_as(policy.Kind.SPLIT, settings.policy, own_maps(settings).own_codes)


def services(settings: Settings, vault: Vault, world: World) -> Services:
    """What the views may call. Raises ``PolicyRefused``."""
    limits = Limits(settings.search_limit, settings.chain_limit, settings.include_limit, settings.extent)
    profile = policy.load_as(policy.Kind.RELEASE, settings.release_policy)
    release = Release(vault, profile, world.clock, world.entropy, limits, settings.fhir_base)

    def searched(
        actor: Actor, type_: str, parameters: list[tuple[str, str]], lenient: bool = False
    ) -> Resource:
        return search_in_bundle(made, actor, type_, parameters, lenient)

    looking = Looking(release.find, release.read, release.originals, searched, release.beside)
    known = profiles.library(profiles.brought(settings.profiles_folder, settings.profiles is not None))
    statement = capability.statement(ROUTES, settings, version("careloom"), world.clock(), known.profiles())
    made = Services(
        intake=_intake(settings, vault, looking, world, known),
        errands=_errands(settings, vault, world),
        release=release,
        histories=Histories(release),
        everything=Everything(release),
        checking=Checking(release, known),
        applying=Applying(release),
        trail=Trail(vault, world.clock, settings.fhir_base, ClientNames(vault.database)),
        pages=PageLinks(vault.identity.index_key, world.entropy),
        settings=settings,
        capability=lossless.dumps(statement),
        smart_configuration=lossless.dumps(capability.smart(settings)),
    )
    return made


def doer(settings: Settings, vault: Vault, world: World) -> Doer:
    """Who does what was accepted to be done later."""
    intake = services(settings, vault, world).intake
    return Doer(vault, intake, world.clock, outcome.refusal_of, settings.json_depth)


def _errands(settings: Settings, vault: Vault, world: World) -> ErrandDesk:
    return ErrandDesk(vault, world.clock, world.entropy, settings.async_waiting, settings.async_seconds)


def _intake(settings: Settings, vault: Vault, looking: Looking, world: World, known: Library) -> Intake:
    return Intake(
        vault=vault,
        policy=split_policy(settings),
        clock=world.clock,
        entropy=world.entropy,
        looking=looking,
        explain=outcome.explain,
        enforced=profiles.enforced(known, settings.profiles_enforced),
        base=settings.fhir_base,
    )
