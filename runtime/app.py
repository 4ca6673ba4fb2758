# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The application: routes, and the answer to everything that goes wrong."""

from __future__ import annotations

import hmac
import logging

import falcon
from sqlalchemy.exc import SQLAlchemyError

from .errors import ApiError
from .ids import new_id
from .resources import assistants, health, messages, runs, steps, threads
from .resources.context import Context
from .runner import new_executor
from .runner.executor import Executor
from .settings import Settings
from .store import open_store

_LOG = logging.getLogger("threadworks.runtime")
_LOG.addHandler(logging.NullHandler())  # who embeds the runtime decides what becomes of its log
_ROUTES = {
    "/assistants": assistants.Assistants,
    "/assistants/{assistant_id}": assistants.Assistant,
    "/threads": threads.Threads,
    "/threads/runs": runs.ThreadRuns,
    "/threads/{thread_id}": threads.Thread,
    "/threads/{thread_id}/messages": messages.Messages,
    "/threads/{thread_id}/messages/{message_id}": messages.Message,
    "/threads/{thread_id}/runs": runs.Runs,
    "/threads/{thread_id}/runs/{run_id}": runs.Run,
    "/threads/{thread_id}/runs/{run_id}/cancel": runs.RunCancel,
    "/threads/{thread_id}/runs/{run_id}/submit_tool_outputs": runs.RunToolOutputs,
    "/threads/{thread_id}/runs/{run_id}/steps": steps.Steps,
    "/threads/{thread_id}/runs/{run_id}/steps/{step_id}": steps.Step,
}
_NO_BETA = (
    "You must provide the 'OpenAI-Beta' header to access the Assistants API. "
    "Please try again by setting the header 'OpenAI-Beta: assistants=v2'."
)


class Runtime(falcon.App):
    """The WSGI application: the wire under ``/v1``, and ``/healthz``.

    :ivar context: its parts.
    """

    context: Context


def create_app(settings: Settings, *, executor: Executor | None = None) -> Runtime:
    """Make the application; it opens the store, and no socket.

    :param settings: store, model server and limits.
    :param executor: what executes runs; ``None``: what the settings say.
    :return: the application.
    :raise StoreError: the store cannot be used.
    """
    store = open_store(settings)
    app = Runtime(middleware=[_Gate(settings)])
    context = app.context = Context(settings, store, executor or new_executor(settings, store))
    for path, resource in _ROUTES.items():
        app.add_route(f"/v1{path}", resource(context))
    app.add_route("/healthz", health.Health(context))
    app.add_error_handler(Exception, _answer_failure)
    app.add_error_handler(SQLAlchemyError, _answer_store_failure)
    app.add_error_handler(falcon.HTTPError, _answer_http_error)
    app.add_error_handler(ApiError, _answer)
    return app


class _Gate:
    """What is checked before any resource is asked."""

    def __init__(self, settings: Settings) -> None:
        self._max_body = settings.max_body
        self._token = settings.token.encode() if settings.token else None

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        req.context.max_body = self._max_body
        resp.set_header("x-request-id", new_id("req"))
        if self._token is None or req.path == "/healthz":
            return
        scheme, _space, token = (req.auth or "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(token.strip().encode(), self._token):
            raise ApiError(401, "Incorrect token: send it as 'Authorization: Bearer TOKEN'.", code="invalid_api_key")

    def process_resource(self, req: falcon.Request, resp: falcon.Response, resource: object, params: dict) -> None:
        if req.path.startswith("/v1/") and "assistants=v2" not in (req.get_header("OpenAI-Beta") or ""):
            raise ApiError(400, _NO_BETA, code="invalid_beta")


def _answer(req: falcon.Request, resp: falcon.Response, error: ApiError, params: dict) -> None:
    resp.status = error.status
    resp.media = error.body


def _answer_http_error(req: falcon.Request, resp: falcon.Response, error: falcon.HTTPError, params: dict) -> None:
    messages_of = {
        404: f"Invalid URL ({req.method} {req.path})",
        405: f"Not allowed to {req.method} on {req.path}.",
    }
    message = messages_of.get(error.status_code) or error.description or error.title
    resp.set_headers(error.headers or {})
    _answer(req, resp, ApiError(error.status_code, message), params)


def _answer_store_failure(req: falcon.Request, resp: falcon.Response, error: SQLAlchemyError, params: dict) -> None:
    # Its text may quote what was to be written: the log says only what kind of trouble it is.
    _LOG.error("store failure: %s", type(getattr(error, "orig", None) or error).__name__)
    _answer(req, resp, ApiError(503, "The store cannot be reached or is busy; try again.", type="server_error"), params)


def _answer_failure(req: falcon.Request, resp: falcon.Response, error: Exception, params: dict) -> None:
    place = error.__traceback__
    while place and place.tb_next:
        place = place.tb_next
    where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else "?"
    _LOG.error("unexpected %s at %s", type(error).__name__, where)
    _answer(req, resp, ApiError(500, "The runtime failed at this request.", type="server_error"), params)
