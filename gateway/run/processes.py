"""The command line and the environment of each part: what a process is given is what it can know.

Workers and relay get an allow-list of variables. Nothing that leads to the identity key is on it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

from gateway.run.passed import Passed

_SYSTEM = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "PYTHONPATH", "PYTHONHASHSEED", "VIRTUAL_ENV")
_AWS = ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")
# Where a process finds its role; a secret itself is never handed on.
_AWS_ROLE = (
    "AWS_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
)
_PLACES = (
    "CARELOOM_DATA_DIR",
    "CARELOOM_DATABASE_URL",
    "CARELOOM_WORKER_DATABASE_URL",
    "CARELOOM_BROKER_URL",
)
RELAY_VARIABLES = frozenset((*_SYSTEM, *_PLACES))
WORKER_VARIABLES = RELAY_VARIABLES | {
    *_AWS,
    *_AWS_ROLE,
    "CARELOOM_KEYS_URL",
    "CARELOOM_KEY_PROVIDER",
    "CARELOOM_CLINICAL_KEY_FILE",
    "CARELOOM_CLINICAL_KMS_KEY",
    "CARELOOM_KMS_ENDPOINT",
    "CARELOOM_CONCEPT_MAPS",
}

# Root is warned of pickle, which we do not accept; the banner tells nothing that a log should hold.
_CELERY = (sys.executable, "-W", "ignore:You're running the worker", "-m", "celery", "--quiet")
_ALONE = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING")


def allowed(environ: Mapping[str, str], names: frozenset[str]) -> dict[str, str]:
    """The variables that a process of the clinical side is given."""
    given = {name: value for name, value in environ.items() if name in names}
    if given.get("CARELOOM_WORKER_DATABASE_URL"):
        # The workers' own login is enough; the gateway's would see everything.
        given.pop("CARELOOM_DATABASE_URL", None)
    return given


def worker(environ: Mapping[str, str], count: int) -> tuple[list[str], dict[str, str]]:
    """A Celery worker with so many processes."""
    line = [*_CELERY, "-A", "workers.app", "worker", "--pool", "prefork", "--concurrency", str(count)]
    given = allowed(environ, WORKER_VARIABLES)
    own = environ.get("CARELOOM_WORKER_AWS_PROFILE")
    if own:
        # The gateway's role may open the identity root too.
        given = {name: value for name, value in given.items() if name not in _AWS_ROLE}
        given["AWS_PROFILE"] = own
    # TERM then means: finish what runs for a few seconds, give the rest back, and leave.
    return [*line, "-Q", "careloom.plan", *_ALONE], {**given, "REMAP_SIGTERM": "SIGQUIT"}


def courier(environ: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """The trusted zone's Celery worker: threads, because it waits for other people's servers."""
    line = [*_CELERY, "-A", "gateway.courier", "worker", "--pool", "threads", "--concurrency", "4"]
    return [*line, "-Q", "careloom.push", *_ALONE], {**environ, "REMAP_SIGTERM": "SIGQUIT"}


def relay(environ: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """The relay, which needs no key at all."""
    return [sys.executable, "-m", "workers.relay"], allowed(environ, RELAY_VARIABLES)


def gateway(environ: Mapping[str, str], passed: Passed) -> tuple[list[str], dict[str, str]]:
    """One process of the web side."""
    line = [sys.executable, "-m", "gateway.cli.main", "gateway", "--passed", passed.word()]
    return line, dict(environ)
