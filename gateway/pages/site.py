"""The pages for those who integrate: plain HTML, one style sheet, no script, and nothing of anybody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, Response, render_template

from gateway.settings import Settings

PAGES = {
    "/": "index.html",
    "/start/ehr": "ehr.html",
    "/start/partner": "partner.html",
    "/sandbox": "sandbox.html",
}
STYLE = "/style.css"
OPENAPI = "/openapi.json"

_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


@dataclass(frozen=True, slots=True)
class Site:
    """Serves the pages; ``openapi`` is the finished document."""

    settings: Settings
    openapi: bytes

    def mount(self, app: Flask) -> None:
        """Make Flask know the pages. They need no token: they tell what every reader of the docs knows."""
        for path, template in PAGES.items():
            app.add_url_rule(path, endpoint=template, view_func=self._page(template), methods=["GET"])
        app.add_url_rule(STYLE, endpoint="style", view_func=self._style, methods=["GET"])
        app.add_url_rule(OPENAPI, endpoint="openapi", view_func=self._openapi, methods=["GET"])

    def _page(self, template: str) -> Callable[[], Response]:
        def view() -> Response:
            text = render_template(template, base=self.settings.base_url)
            return _sealed(Response(text, content_type="text/html; charset=utf-8"))

        return view

    def _style(self) -> Response:
        return _sealed(Response(render_template("style.css"), content_type="text/css; charset=utf-8"))

    def _openapi(self) -> Response:
        return _sealed(Response(self.openapi, content_type="application/json"))


def _sealed(answer: Response) -> Response:
    answer.headers["Content-Security-Policy"] = _POLICY
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer
