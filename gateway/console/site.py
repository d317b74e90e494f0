"""The one place where HTTP meets the console: let in, call one page, tell the trail, answer.

1. Who: the session of the cookie, in the browser that it was given to; else on to the log-in. 2. From where:
a form must be our own. 3. Whether: the page's roles. 4. One view is called. 5. What was looked at is told to
the trail before the answer leaves. 6. The answer is HTML that runs nothing but our own script, is kept by no
cache and stands in no frame. What is refused is told as well, and says why in words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog
from flask import Flask, Request, Response
from flask.globals import request_ctx
from jinja2 import Environment
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from gateway.auth.caller import REQUEST_ID, caller_of
from gateway.console import entering, forms, sessions, traces
from gateway.console.asked import Answer, Denied, Desk, Moved, Page, Sent, Shown, Told, Visit, nothing_there
from gateway.console.cookies import Cookies
from gateway.console.people import Person
from gateway.console.rendering import Asset, assets, environment, rendered
from gateway.console.sessions import Session
from gateway.console.table import PAGES, SAID, menu
from gateway.console.traces import Where
from gateway.custody.errors import CustodyError
from gateway.custody.logs import named
from gateway.fhir import outcome
from gateway.refusal import Refused

ROOT = "/console"
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    # "no-referrer" would also take the Origin away from our own forms, by which they are told from others'.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cache-Control": "no-store",
}
_ASSET_AGE = "public, max-age=31536000, immutable"
_BROKEN = (
    "Something went wrong here, and it was logged. Try again; if it stays so, tell who runs this system."
)

_log = structlog.get_logger("careloom.console")


@dataclass(frozen=True, slots=True)
class Comer:
    """One request before anybody is known."""

    request: Request
    where: Where
    place: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Site:
    """Serves every page of the table in the same steps."""

    desk: Desk
    cookies: Cookies
    files: Mapping[str, Asset]
    pages: Environment

    @classmethod
    def of(cls, desk: Desk, cookies: Cookies) -> Site:
        files = assets()
        return cls(desk, cookies, files, environment(desk.settings.sign_in.zone, files))

    def mount(self, app: Flask) -> None:
        """Make Flask know every page, and answer for what is none."""
        for page in PAGES:
            app.add_url_rule(
                f"{ROOT}{page.path}",
                endpoint=f"console-{page.method}-{page.path}",
                view_func=self.guarded(self._page(page)),
                methods=[page.method],
                provide_automatic_options=False,
                strict_slashes=False,
            )
        for name, asset in self.files.items():
            app.add_url_rule(asset.address, f"console-{name}", self._asset(asset), methods=["GET"])
        app.add_url_rule(
            f"{ROOT}/<path:rest>",
            endpoint="console-nothing",
            view_func=self.guarded(_nothing),
            methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            provide_automatic_options=False,
        )

    def guarded(self, serve: Callable[[Comer], Response]) -> Callable[..., Response]:
        """A view of Flask's that answers whatever happens, with our headers."""

        def view(**place: str) -> Response:
            request = request_ctx.request
            caller = caller_of(request, self.desk.entropy)
            browser = request.headers.get("User-Agent", "")
            where = Where(caller.address, caller.request_id, self.desk.clock(), browser)
            try:
                answer = serve(Comer(request, where, place))
            except Exception as error:
                answer = self.refused(error, where)
            for name, value in HEADERS.items():
                answer.headers[name] = value
            answer.headers[REQUEST_ID] = where.request_id
            return answer

        return view

    # --- one page, step by step ---------------------------------------------------------------------------

    def _page(self, page: Page) -> Callable[[Comer], Response]:
        def serve(comer: Comer) -> Response:
            found = self.found(comer)
            if found is None:
                return self._to_log_in(comer, page)
            session, person = found
            try:
                visit = self._visit(comer, page, session, person)
                answer = page.view(self.desk, visit)
                self._tell(page, visit, answer)
            except Exception as error:
                denial = _denial(error)
                self._tell_denied(page, person, comer.where, denial)
                return self.refused(error, comer.where, person)
            return self._answer(page, visit, answer)

        return serve

    def found(self, comer: Comer) -> tuple[Session, Person] | None:
        """Step 1."""
        token = self.cookies.session(comer.request)
        if token is None:
            return None
        limits, now = entering.limits_of(self.desk), comer.where.now
        with self.desk.vault.database.read() as conn:
            found = sessions.find(conn, token, comer.where, limits)
        if found is not None and now - found[0].seen > sessions.TOUCHED_EVERY:
            with self.desk.vault.database.write() as conn:
                sessions.touch(conn, *found, now)
        return found

    def _visit(self, comer: Comer, page: Page, session: Session, person: Person) -> Visit:
        """Steps 2 and 3."""
        request = comer.request
        form: Mapping[str, str] = {}
        if page.method == "POST":
            token = self.cookies.session(request)
            form = forms.read(request, token, self.desk.settings.base_url)
        if person.role not in page.roles:
            raise Denied(403, "Your role does not allow this.")
        arguments = tuple(request.args.items(multi=True))
        return Visit(person, session.digest, session.before, comer.where, arguments, form, comer.place)

    def _tell(self, page: Page, visit: Visit, answer: Answer) -> None:
        """Step 5."""
        if page.told is Told.ITSELF:
            return
        status = answer.status if isinstance(answer, Shown) else 200
        detail = answer.detail or f"page: {page.name}"
        made = traces.event(page.told.value, visit.person, visit.where, status, detail)
        self.desk.vault.appender.append({visit.person.organization: traces.about(made, answer.about)})

    def _tell_denied(self, page: Page, person: Person, where: Where, denial: Denied) -> None:
        kind = page.told.value or Told.READ.value
        made = traces.event(kind, person, where, denial.status, f"page: {page.name}")
        try:
            self.desk.vault.appender.append({person.organization: [made]})
        except Exception as error:  # nothing was given out; the answer must still say why
            _log.error("refusal not recorded", request_id=where.request_id, error=named(error))

    def _answer(self, page: Page, visit: Visit, answer: Answer) -> Response:
        """Step 6."""
        if isinstance(answer, Moved):
            joint = "&" if "?" in answer.to else "?"
            to = f"{answer.to}{joint}said={answer.said}" if answer.said else answer.to
            return moved(to)
        if isinstance(answer, Sent):
            made = Response(answer.body, content_type=answer.type)
            made.headers["Content-Disposition"] = f'attachment; filename="{answer.name}"'
            return made
        token = self.cookies.session(request_ctx.request)
        told = {
            "person": visit.person,
            "menu": menu(visit.person.role),
            "here": page.menu or page.under,
            "form_token": sessions.form_token(token or b""),
            "said": SAID.get(visit.argument("said"), ""),
            "now": visit.now,
        }
        return self.html(answer.template, {**told, **answer.values}, answer.status)

    def _to_log_in(self, comer: Comer, page: Page) -> Response:
        if page.method != "GET":
            raise Denied(401, "Your session has ended. Log in again; what you sent was not taken.")
        asked = comer.request.full_path.rstrip("?")
        answer = moved(f"{ROOT}/login")
        if forms.onward(asked) != forms.HOME:
            self.cookies.set_onward(answer, asked)
        return answer

    # --- answers ------------------------------------------------------------------------------------------

    def html(self, template: str, values: Mapping[str, object], status: int = 200) -> Response:
        """A page as an answer."""
        text = rendered(self.pages, template, values)
        return Response(text, status, content_type="text/html; charset=utf-8")

    def refused(self, error: Exception, where: Where, person: Person | None = None) -> Response:
        """A page that says no, and why."""
        denial = _denial(error)
        if denial.status >= 500:
            _log.error("page failed", request_id=where.request_id, error=named(error), status=denial.status)
        values = {
            "status": denial.status,
            "text": denial.text,
            "request_id": where.request_id,
            "person": person,
            "menu": menu(person.role) if person else (),
            "here": "",
            "form_token": sessions.form_token(self.cookies.session(request_ctx.request) or b""),
            "said": "",
            "now": where.now,
        }
        return self.html("refused.html", values, denial.status)

    def _asset(self, asset: Asset) -> Callable[[], Response]:
        def view() -> Response:
            answer = Response(asset.body, content_type=asset.type)
            for name, value in HEADERS.items():
                answer.headers[name] = value
            answer.headers["Cache-Control"] = _ASSET_AGE
            return answer

        return view


def moved(to: str) -> Response:
    """Go there; a page that is left by it is not sent again."""
    return Response(status=303, headers={"Location": to})


def _nothing(_comer: Comer) -> Response:
    raise nothing_there()


def _denial(error: Exception) -> Denied:
    """What a page says of whatever was raised."""
    if isinstance(error, Denied):
        return error
    if isinstance(error, NotFound | MethodNotAllowed):
        return nothing_there()
    if isinstance(error, HTTPException):
        return Denied(error.code or 400, "The request cannot be understood.")
    if isinstance(error, Refused | CustodyError):
        refusal = outcome.refusal_of(error)
        return Denied(outcome.status_of(refusal), refusal.issues[0].text if refusal.issues else _BROKEN)
    return Denied(500, _BROKEN)
