"""``careloom up``: found the installation, start its parts in order, wait until they can work, watch."""

from __future__ import annotations

import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace

from gateway.custody.founding import found
from gateway.custody.settings import Storage
from gateway.run import checks, lock, processes, runtime, valkey
from gateway.run.gateways import Front
from gateway.run.listening import Listening
from gateway.run.supervisor import Part, Supervisor
from gateway.run.trouble import Trouble
from gateway.settings import Settings

READY_SECONDS = 60.0
BROKER_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run, and where it is to be reached."""

    host: str
    port: int
    workers: int
    environ: Mapping[str, str]

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


def run(plan: Plan, say: Callable[[str], None]) -> None:
    """Run everything until a signal asks to stop."""
    # All settings, the web side's too: a misspelt one ends this here, before any part starts.
    settings = Settings.from_environ(plan.environ)
    storage = settings.storage
    checks.copies(plan.environ)
    checks.profiles(plan.environ)
    checks.policies(plan.environ)
    supervisor = Supervisor()
    supervisor.handle_signals()
    with ExitStack() as stack:
        stack.enter_context(lock.exclusive(storage.data_dir))
        valkey.clear(storage.data_dir)
        listening = Listening.bound(plan.host, plan.port)
        plan = replace(plan, port=listening.port)
        stack.callback(listening.close)
        found(storage)
        front = stack.enter_context(Front.opened(listening, settings))
        stack.callback(supervisor.stop)
        environ = {"CARELOOM_BASE_URL": plan.url, **_set(plan.environ)}
        environ["CARELOOM_DATA_DIR"] = str(storage.data_dir)
        if storage.broker_url is None:
            environ["CARELOOM_BROKER_URL"] = _start_broker(stack, supervisor, storage, environ)
        first, *others = front.parts(environ)
        _start_parts(supervisor, first, plan.workers, environ)
        _wait_until_ready(supervisor, plan)
        # Afterwards, so that it is ready no later because there are several.
        for part in others:
            supervisor.start(part)
        if not supervisor.stopping.is_set():
            say(f"Careloom is at {plan.url} (FHIR at {plan.url}/fhir). Ctrl-C stops it.")
        supervisor.watch()
        # Nobody waits in a queue that none of the processes will take from any more.
        listening.close()


def _set(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if value}


def _start_broker(
    stack: ExitStack, supervisor: Supervisor, storage: Storage, environ: Mapping[str, str]
) -> str:
    folder = stack.enter_context(runtime.directory(environ))
    # Entered before the parts: the directory outlives the broker whose socket is in it.
    stack.callback(supervisor.stop)
    command = valkey.command(storage.data_dir, folder)
    # Written down first: whoever comes after a kill finds the directory by it.
    url = valkey.announce(storage.data_dir, folder)
    stack.callback(valkey.withdraw, storage.data_dir)
    supervisor.start(Part("broker", command, processes.allowed(environ, frozenset({"PATH"})), last=True))
    if not valkey.wait(url, BROKER_SECONDS):
        raise Trouble(f"The embedded broker does not start; look at {storage.data_dir / 'broker' / 'log'}.")
    return url


def _start_parts(supervisor: Supervisor, gateway: Part, workers: int, environ: Mapping[str, str]) -> None:
    supervisor.start(gateway)
    supervisor.start(Part("worker", *processes.worker(environ, workers)))
    supervisor.start(Part("relay", *processes.relay(environ)))
    supervisor.start(Part("courier", *processes.courier(environ)))


def _wait_until_ready(supervisor: Supervisor, plan: Plan) -> None:
    until = time.monotonic() + READY_SECONDS
    while not _ready(plan.url):
        if supervisor.stopping.wait(0.05):
            return
        supervisor.check_started()
        if time.monotonic() > until:
            raise Trouble(f"{plan.url}/readyz does not say that it is ready.")


def _ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=2) as answer:  # noqa: S310 - our own address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError, ValueError):
        return False


def workers_by_default() -> int:
    """Half of the machine's cores, at least one: the gateway needs some too."""
    return max(1, (os.cpu_count() or 1) // 2)
