"""Every setting of the trusted side: its default, its check and its one-line error. Read once, at start.

``docs/settings.md`` is checked against ``VARIABLES``. A variable that begins with ``CARELOOM_`` and is not
one of ours is an error, because a misspelt limit would be no limit.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gateway.copies import Copies
from gateway.custody.errors import Misconfigured
from gateway.custody.settings import Storage
from gateway.extent import Extent
from gateway.signin import SignIn

PREFIX = "CARELOOM_"
MOST_GATEWAYS = 64
"""Gateway processes of one command."""
FOR_TESTS = "CARELOOM_TEST_"


def cores() -> int:
    """How many of the machine's cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class SettingRefused(Exception):  # noqa: N818 - it reads as what happened
    """A setting is wrong; the text names it and says what to write."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How this gateway works. Where things are kept is ``storage``."""

    storage: Storage
    base_url: str = "http://127.0.0.1:8080"
    policy: str = "clinical"
    release_policy: str = "partner-limited"
    body_limit: int = 32 * 1024 * 1024
    json_depth: int = 100
    entry_limit: int = 5_000
    token_seconds: int = 300
    threads: int = 4
    gateways: int = field(default_factory=lambda: min(4, cores()))
    hang_seconds: int = 30
    rate: int = 2_000
    jwks_seconds: int = 5
    search_limit: int = 5_000
    chain_limit: int = 1_000
    include_limit: int = 1_000
    search_length: int = 2_000
    search_values: int = 1_000
    form_limit: int = 262_144
    profiles: Path | None = None
    profiles_enforced: tuple[str, ...] = ()
    plan_limit: int = 12
    override_rate: int = 70
    async_waiting: int = 20
    async_seconds: int = 86_400
    copies: Copies = field(default_factory=Copies)
    sign_in: SignIn = field(default_factory=SignIn)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """The settings that these environment variables describe; raises ``SettingRefused``."""
        _refuse_unknown(environ)
        try:
            storage = Storage.from_environ(environ)
            copies = Copies.from_environ(environ)
            sign_in = SignIn.from_environ(environ)
        except Misconfigured as error:
            raise SettingRefused(str(error)) from None
        given = {v.field: _read(v, environ[v.name]) for v in VARIABLES if environ.get(v.name) and v.read}
        return cls(storage=storage, copies=copies, sign_in=sign_in, **_profiles(environ), **given)

    @property
    def host(self) -> str:
        """The name under which this installation is known."""
        return urlsplit(self.base_url).hostname or "-"

    @property
    def profiles_folder(self) -> Path:
        """Where the operator's own profiles lie."""
        return self.profiles or self.storage.data_dir / "profiles"

    @property
    def extent(self) -> Extent:
        """How much the words of a search may say."""
        return Extent(self.search_length, self.search_values)

    @property
    def fhir_base(self) -> str:
        return self.base_url + "/fhir"

    @property
    def token_url(self) -> str:
        return self.base_url + "/auth/token"

    @property
    def introspection_url(self) -> str:
        return self.base_url + "/auth/introspect"

    @property
    def revocation_url(self) -> str:
        return self.base_url + "/auth/revoke"


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable; ``read`` is None where another part reads it."""

    name: str
    field: str = ""
    read: Callable[[str], Any] | None = None


def _number(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(text)

    return read


def _base_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise ValueError("must be the address that clients use, such as https://careloom.example.org")
    return text.rstrip("/")


def _text(text: str) -> str:
    return text


def _profiles(environ: Mapping[str, str]) -> dict[str, Any]:
    folder, names = environ.get("CARELOOM_PROFILES"), environ.get("CARELOOM_PROFILES_ENFORCED") or ""
    return {
        "profiles": Path(folder).absolute() if folder else None,
        "profiles_enforced": tuple(name.strip() for name in names.split(",") if name.strip()),
    }


VARIABLES = (
    Variable("CARELOOM_DATA_DIR"),
    Variable("CARELOOM_DATABASE_URL"),
    Variable("CARELOOM_KEYS_URL"),
    Variable("CARELOOM_BROKER_URL"),
    Variable("CARELOOM_WORKER_DATABASE_URL"),
    Variable("CARELOOM_KEY_PROVIDER"),
    Variable("CARELOOM_CLINICAL_KEY_FILE"),
    Variable("CARELOOM_IDENTITY_KEY_FILE"),
    Variable("CARELOOM_AUDIT_KEY_FILE"),
    Variable("CARELOOM_CLINICAL_KMS_KEY"),
    Variable("CARELOOM_IDENTITY_KMS_KEY"),
    Variable("CARELOOM_KMS_ENDPOINT"),
    Variable("CARELOOM_WORKER_AWS_PROFILE"),
    Variable("CARELOOM_SIEM_URL"),
    Variable("CARELOOM_SIEM_CA"),
    Variable("CARELOOM_SIEM_CERT"),
    Variable("CARELOOM_SIEM_KEY"),
    Variable("CARELOOM_SIEM_CONFIRM"),
    Variable("CARELOOM_SIEM_LOGS"),
    Variable("CARELOOM_SIEM_LATE_SECONDS"),
    Variable("CARELOOM_CHECKPOINTS"),
    Variable("CARELOOM_CHECKPOINT_EVERY_EVENTS"),
    Variable("CARELOOM_CHECKPOINT_EVERY_SECONDS"),
    Variable("CARELOOM_AUDIT_KEEP"),
    Variable("CARELOOM_CHECKPOINT_ENDPOINT"),
    Variable("CARELOOM_BASE_URL", "base_url", _base_url),
    Variable("CARELOOM_POLICY", "policy", _text),
    Variable("CARELOOM_RELEASE_POLICY", "release_policy", _text),
    Variable("CARELOOM_BODY_LIMIT", "body_limit", _number(1024, 1 << 30)),
    Variable("CARELOOM_JSON_DEPTH", "json_depth", _number(10, 500)),
    Variable("CARELOOM_ENTRY_LIMIT", "entry_limit", _number(1, 100_000)),
    Variable("CARELOOM_TOKEN_SECONDS", "token_seconds", _number(10, 300)),
    Variable("CARELOOM_THREADS", "threads", _number(1, 256)),
    Variable("CARELOOM_GATEWAYS", "gateways", _number(1, MOST_GATEWAYS)),
    Variable("CARELOOM_HANG_SECONDS", "hang_seconds", _number(2, 3_600)),
    Variable("CARELOOM_RATE", "rate", _number(1, 1_000_000)),
    Variable("CARELOOM_JWKS_SECONDS", "jwks_seconds", _number(1, 60)),
    Variable("CARELOOM_SEARCH_LIMIT", "search_limit", _number(10, 1_000_000)),
    Variable("CARELOOM_CHAIN_LIMIT", "chain_limit", _number(1, 10_000)),
    Variable("CARELOOM_INCLUDE_LIMIT", "include_limit", _number(1, 10_000)),
    Variable("CARELOOM_SEARCH_LENGTH", "search_length", _number(100, 100_000)),
    Variable("CARELOOM_SEARCH_VALUES", "search_values", _number(10, 100_000)),
    Variable("CARELOOM_FORM_LIMIT", "form_limit", _number(1024, 1 << 30)),
    Variable("CARELOOM_CONCEPT_MAPS"),
    Variable("CARELOOM_PROFILES"),
    Variable("CARELOOM_PROFILES_ENFORCED"),
    Variable("CARELOOM_PLAN_LIMIT", "plan_limit", _number(1, 200)),
    Variable("CARELOOM_OVERRIDE_RATE", "override_rate", _number(1, 99)),
    Variable("CARELOOM_ASYNC_WAITING", "async_waiting", _number(1, 10_000)),
    Variable("CARELOOM_ASYNC_SECONDS", "async_seconds", _number(60, 2_592_000)),
    Variable("CARELOOM_CONSOLE_IDLE_SECONDS"),
    Variable("CARELOOM_CONSOLE_SECONDS"),
    Variable("CARELOOM_CONSOLE_ZONE"),
    Variable("CARELOOM_CONSOLE_OIDC_ISSUER"),
    Variable("CARELOOM_CONSOLE_OIDC_CLIENT_ID"),
    Variable("CARELOOM_CONSOLE_OIDC_SECRET_FILE"),
    Variable("CARELOOM_CONSOLE_OIDC_CLAIM"),
    Variable("CARELOOM_CONSOLE_OIDC_ROLES"),
)
"""Every variable of the product, whoever reads it."""


def _read(variable: Variable, text: str) -> Any:
    assert variable.read is not None
    try:
        return variable.read(text)
    except ValueError as error:
        raise SettingRefused(f"{variable.name} {error}") from None


def _refuse_unknown(environ: Mapping[str, str]) -> None:
    known = [v.name for v in VARIABLES]
    for name in sorted(environ):
        if name.startswith(PREFIX) and not name.startswith(FOR_TESTS) and name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)[0]
            raise SettingRefused(f"{name} is not a setting of Careloom; did you mean {near}?")
