# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of the page, and the form to sign in."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs

import falcon
from falcon.asgi import Request, Response

from ..resources.context import Context, Resource
from . import ASSETS
from .live import LiveResource
from .session import Sessions

_LARGEST_FORM = 8192  # bytes
_FOLDER = Path(__file__).parent
_PAGE, _FORM = ((_FOLDER / name).read_text(encoding="utf-8") for name in ("index.html", "sign_in.html"))
_CONTENTS = {path: (_FOLDER / Path(path).name).read_text(encoding="utf-8") for path in ASSETS}
_SIGN_OUT = '<form method="post" action="/sign-out"><button>Sign out</button></form>'
_PROBLEM = '<p class="problem" role="alert">This is not the token of this server. Enter the value of RUNTIME_TOKEN.</p>'
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}


class _PageResource(Resource):
    """A resource that browsers use.

    Args:
        context: The parts of the application.
        sessions: The sessions of browsers.
    """

    needs_beta = False

    def __init__(self, context: Context, sessions: Sessions) -> None:
        super().__init__(context)
        self._sessions = sessions
        self._has_token = context.settings.token is not None

    def _answer_form(self, resp: Response, problem: str = "") -> None:
        self._answer(resp, _FORM.replace("<!-- problem -->", problem))
        resp.status = 401

    @staticmethod
    def _answer(resp: Response, content: str, kind: str = "text/html") -> None:
        resp.set_headers(_HEADERS)
        resp.content_type = f"{kind}; charset=utf-8"
        resp.text = content


class StartResource(_PageResource):
    """Serves ``/``."""

    async def on_get(self, req: Request, resp: Response) -> None:
        """Respond with the page, or with the form to sign in."""
        if self._has_token and not self._sessions.has(req):
            self._answer_form(resp)
        else:
            self._answer(resp, _PAGE.replace("<!-- sign out -->", _SIGN_OUT if self._has_token else ""))


class AssetResource(_PageResource):
    """Serves a file of the page."""

    async def on_get(self, req: Request, resp: Response) -> None:
        """Respond with the file."""
        self._answer(resp, _CONTENTS[req.path], ASSETS[req.path])


class SignInResource(_PageResource):
    """Serves the form."""

    async def on_post(self, req: Request, resp: Response) -> None:
        """Start a session, or show the form again."""
        # A client without a token gets no more time than for other requests.
        pieces = [piece async for piece in req.context.bodies.pieces(req, _LARGEST_FORM, is_long=False)]
        form = parse_qs(b"".join(pieces).decode(errors="replace"))
        if self._sessions.open(form.get("token", [""])[0].strip(), req, resp):
            raise falcon.HTTPSeeOther("/", headers=_HEADERS)
        self._answer_form(resp, _PROBLEM)


class SignOutResource(_PageResource):
    """Serves the button to sign out."""

    async def on_post(self, req: Request, resp: Response) -> None:
        """End the session."""
        self._sessions.close(req, resp)
        raise falcon.HTTPSeeOther("/", headers=_HEADERS)


def add_routes(app: falcon.asgi.App, context: Context, sessions: Sessions) -> None:  # type: ignore[type-arg]
    """Add the page to the application."""
    app.add_route("/", StartResource(context, sessions))
    app.add_route("/sign-in", SignInResource(context, sessions))
    app.add_route("/sign-out", SignOutResource(context, sessions))
    app.add_route("/page/live", LiveResource(context))
    for path in ASSETS:
        app.add_route(path, AssetResource(context, sessions))
