"""``Prefer: respond-async``: a bundle that is done later, and what its sender is told meanwhile.

``GET`` and ``DELETE`` of the status url are here. The url is a random name that serves the client it was
given to and nobody else; of any other name the answer is that nothing is there.
"""

from __future__ import annotations

from datetime import UTC, datetime

from werkzeug.http import http_date

from gateway.custody.identity.errands import Errand, State
from gateway.custody.ids import pseudonym
from gateway.custody.jobs import SECOND
from gateway.errands import Sent
from gateway.errands.answers import BATCH
from gateway.errands.desk import erased
from gateway.fhir.asked import Asked, Reply, Services
from gateway.fhir.negotiation import preferred
from gateway.fhir.outcome import success, turned_away
from gateway.fhir.parameters import refuse_any
from gateway.refusal import Kind

PREFERENCE = "respond-async"
STATUS_PATH = "/_async/<id>"
_LOOK_AGAIN = {"Retry-After": "1"}


def wanted(asked: Asked) -> bool:
    """Whether the sender would rather ask again than wait."""
    return preferred(asked.headers, PREFERENCE) is not None


def accepted(services: Services, asked: Asked, sent: Sent) -> Reply:
    """202, and where to ask."""
    found = services.errands.accept(asked.actor, sent)
    headers = {
        "Content-Location": f"{services.settings.fhir_base}/_async/{pseudonym(found.id)}",
        "Preference-Applied": PREFERENCE,
    }
    text = "The request was accepted and is done later; ask at the Content-Location."
    return Reply(202, success(text), headers | _LOOK_AGAIN)


def status(services: Services, asked: Asked) -> Reply:
    refuse_any(asked.parameters)
    found = _found(services, asked)
    if found.state is State.ERASED:
        raise erased()
    if found.state is not State.DONE:
        progress = _progress(services, found)
        return Reply(
            202, success(f"The request is not done yet: {progress}."), {"X-Progress": progress} | _LOOK_AGAIN
        )
    expires = datetime.fromtimestamp(services.errands.expires(found) // SECOND, UTC)
    return Reply(200, services.errands.give(asked.actor, found), {"Expires": http_date(expires)})


def withdraw(services: Services, asked: Asked) -> Reply:
    refuse_any(asked.parameters)
    services.errands.withdraw(asked.actor, _found(services, asked))
    return Reply(202, success("The request was withdrawn, and its answer with it."))


def _found(services: Services, asked: Asked) -> Errand:
    found = services.errands.found(asked.actor, asked.id)
    if found is None:
        raise turned_away(Kind.NOT_FOUND, "not-found", "No such request of this client is known.")
    return found


def _progress(services: Services, found: Errand) -> str:
    if found.state is State.WAITING:
        return "waiting"
    done = (
        f", {services.errands.entries_done(found)} of {found.entries} entries done"
        if found.way == BATCH
        else ""
    )
    return f"at work{done}"
