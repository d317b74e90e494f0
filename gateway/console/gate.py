"""The pages before anybody is known: log-in, a one-time link, the way to a provider and back, log-out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask import Flask, Response

from gateway.console import factors, forms, sessions, traces
from gateway.console.asked import Denied
from gateway.console.cookies import is_safe
from gateway.console.entering import Attempt, Chosen, Entrance
from gateway.console.guests import come_in
from gateway.console.provider import Flow
from gateway.console.sealing import from_text
from gateway.console.site import ROOT, Comer, Site, moved
from gateway.console.traces import Where

CALLBACK = f"{ROOT}/provider/back"
_LEFT = {"left": "You have logged out.", "set": "Your password is set."}
_UNSAFE = (
    "This console is reached without encryption, so nobody can log in to it. "
    "Put it behind https and set CARELOOM_BASE_URL to the address that people use."
)
_NO_ACCOUNTS = "People log in at the identity provider here; local accounts are switched off."
_TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Gate:
    """Lets people in and out. ``flow`` absent: local accounts."""

    site: Site
    flow: Flow | None

    def mount(self, app: Flask) -> None:
        """Make Flask know the pages that need no session."""
        rows: tuple[tuple[str, str, Callable[[Comer], Response]], ...] = (
            ("GET", "/login", self._ask),
            ("POST", "/login", self._log_in),
            ("GET", "/welcome/<token>", self._welcome),
            ("POST", "/welcome/<token>", self._settle),
            ("GET", "/provider", self._leave),
            ("GET", "/provider/back", self._arrive),
            ("POST", "/logout", self._log_out),
        )
        for method, path, view in rows:
            app.add_url_rule(
                f"{ROOT}{path}",
                endpoint=f"console-gate-{method}-{path}",
                view_func=self.site.guarded(view),
                methods=[method],
                provide_automatic_options=False,
            )

    # --- password and code --------------------------------------------------------------------------------

    def _ask(self, comer: Comer) -> Response:
        self._check_way()
        if self.site.found(comer) is not None:
            return moved(ROOT)
        said = _LEFT.get(comer.request.args.get("said", ""), "")
        return self._form(comer, "login.html", {"said": said, "fault": "", "login": ""})

    def _log_in(self, comer: Comer) -> Response:
        self._check_way()
        self._check_local()
        try:
            fields = self._read(comer)
            attempt = Attempt(
                fields.get("login", "").strip().casefold()[:64],
                fields.get("password", ""),
                fields.get("code", ""),
            )
            token = self._entrance(comer).log_in(attempt)
        except Denied as denial:
            if denial.status >= 500:
                raise
            told = {"said": "", "fault": denial.text, "login": comer.request.form.get("login", "")[:64]}
            return self._form(comer, "login.html", told, denial.status)
        return self._in(comer, token)

    # --- a one-time link ----------------------------------------------------------------------------------

    def _welcome(self, comer: Comer) -> Response:
        self._check_way()
        self._check_local()
        found = self._entrance(comer).welcome(from_text(comer.place["token"]))
        return self._invited(comer, "", 200, (found.person.name, found.person.login, found.secret))

    def _settle(self, comer: Comer) -> Response:
        self._check_way()
        self._check_local()
        token, entrance = from_text(comer.place["token"]), self._entrance(comer)
        found = entrance.welcome(token)
        try:
            fields = self._read(comer)
            chosen = Chosen(fields.get("password", ""), fields.get("again", ""), fields.get("code", ""))
            session = entrance.settle(token, chosen)
        except Denied as denial:
            if denial.status not in (403, 422):
                raise
            who = (found.person.name, found.person.login, found.secret)
            return self._invited(comer, denial.text, denial.status, who)
        return self._in(comer, session)

    def _invited(self, comer: Comer, fault: str, status: int, who: tuple[str, str, str]) -> Response:
        name, login, secret = who
        picture = factors.picture(factors.address(secret, login))
        spaced = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
        told = {
            "said": "",
            "fault": fault,
            "name": name,
            "login": login,
            "picture": picture,
            "secret": spaced,
        }
        return self._form(comer, "welcome.html", told, status)

    # --- an identity provider -----------------------------------------------------------------------------

    def _leave(self, comer: Comer) -> Response:
        self._check_way()
        leaving = self._provider().leave(self.site.cookies.onward(comer.request), comer.where.now)
        answer = moved(leaving.url)
        self.site.cookies.set_away(answer, leaving.cookie)
        return answer

    def _arrive(self, comer: Comer) -> Response:
        self._check_way()
        flow = self._provider()
        away = self.site.cookies.away(comer.request)
        try:
            proven = flow.arrive(dict(comer.request.args.items()), away, comer.where.now)
            token = come_in(self._entrance(comer), proven)
        except Denied as denial:
            self._tell_refused(comer.where, denial)
            raise
        return self._in(comer, token, proven.next)

    def _provider(self) -> Flow:
        if self.flow is None:
            raise Denied(404, "No identity provider is set up for this console.")
        return self.flow

    def _tell_refused(self, where: Where, denial: Denied) -> None:
        made = traces.event(traces.LOGIN, None, where, denial.status, "identity provider")
        self.site.desk.vault.appender.append({traces.log_of(None): [made]})

    # --- out ----------------------------------------------------------------------------------------------

    def _log_out(self, comer: Comer) -> Response:
        found = self.site.found(comer)
        if found is not None:
            forms.read(comer.request, self.site.cookies.session(comer.request), self._base())
            session, person = found
            self._entrance(comer).log_out(person, session.digest)
        answer = moved(f"{ROOT}/login?said=left")
        self.site.cookies.drop(answer)
        answer.headers["Clear-Site-Data"] = '"cache"'
        return answer

    # --- what they share ----------------------------------------------------------------------------------

    def _in(self, comer: Comer, token: bytes, next_: str = "") -> Response:
        """Somebody has a session from now on: under a token that no page before could have planted."""
        onward = next_ or self.site.cookies.onward(comer.request)
        answer = moved(forms.onward(onward))
        self.site.cookies.drop(answer)
        self.site.cookies.set_session(answer, token)
        return answer

    def _form(self, comer: Comer, template: str, values: Mapping[str, object], status: int = 200) -> Response:
        """A page with a form, for a browser that is known by the token of its entrance alone."""
        cookies = self.site.cookies
        token = cookies.entrance(comer.request) or self.site.desk.entropy(_TOKEN_BYTES)
        told = {"form_token": sessions.form_token(token), "provider": self.flow is not None}
        none = {"person": None, "menu": (), "here": "", "now": comer.where.now}
        answer = self.site.html(template, {**none, **told, **values}, status)
        cookies.set_entrance(answer, token)
        return answer

    def _read(self, comer: Comer) -> dict[str, str]:
        return forms.read(comer.request, self.site.cookies.entrance(comer.request), self._base())

    def _entrance(self, comer: Comer) -> Entrance:
        return Entrance(self.site.desk, comer.where)

    def _base(self) -> str:
        return self.site.desk.settings.base_url

    def _check_way(self) -> None:
        if not is_safe(self._base()):
            raise Denied(503, _UNSAFE)

    def _check_local(self) -> None:
        if self.flow is not None:
            raise Denied(403, _NO_ACCOUNTS)
