"""Puts the console together, once, for the web side."""

from __future__ import annotations

from flask import Flask

from gateway.auth.called import ClientNames
from gateway.console.asked import Desk
from gateway.console.cookies import Cookies, over_https
from gateway.console.gate import CALLBACK, Gate
from gateway.console.provider import Flow
from gateway.console.sealing import Sealing
from gateway.console.site import Site
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import SYSTEM
from gateway.settings import Settings
from gateway.stored import Clock, Entropy


def mount(app: Flask, settings: Settings, vault: Vault, clock: Clock, entropy: Entropy) -> None:
    """Serve the console below ``/console``."""
    sealing = Sealing(lambda: vault.identity.index_key(SYSTEM), entropy)
    desk = Desk(vault, settings, clock, entropy, sealing, ClientNames(vault.database))
    site = Site.of(desk, Cookies(over_https(settings.base_url)))
    provider = settings.sign_in.provider
    flow = None
    if provider is not None:
        flow = Flow(provider, settings.base_url + CALLBACK, sealing, entropy)
    Gate(site, flow).mount(app)
    site.mount(app)
