# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The application: routes and error responses."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

import falcon
import falcon.asgi
from falcon.asgi import Request, Response
from falcon.media import JSONHandler
from sqlalchemy.exc import SQLAlchemyError

from .azure import own_path
from .bodies import Bodies, watch_body
from .doors import Doors
from .errors import Refused
from .logs import RequestLog
from .page import resources as page
from .page.session import Sessions
from .queue import open_queue
from .resources import assistants, health, hosted, messages, metrics, run_lists, runs, steps, threads, transfer, usage
from .resources.context import Context, Resource
from .runner.pool import Pool
from .settings import Settings
from .store import open_store
from .telemetry.trace import new_tracer
from .wire_errors import ApiError, to_api_error

_LOG = logging.getLogger("threadworks.runtime")
_ROUTES: dict[str, type[Resource]] = {
    "/assistants": assistants.AssistantsResource,
    "/assistants/{assistant_id}": assistants.AssistantResource,
    "/threads": threads.ThreadsResource,
    "/threads/runs": runs.ThreadRunsResource,
    "/threads/{thread_id}": threads.ThreadResource,
    "/threads/{thread_id}/messages": messages.MessagesResource,
    "/threads/{thread_id}/messages/{message_id}": messages.MessageResource,
    "/threads/{thread_id}/runs": runs.RunsResource,
    "/threads/{thread_id}/runs/{run_id}": runs.RunResource,
    "/threads/{thread_id}/runs/{run_id}/cancel": runs.RunCancelResource,
    "/threads/{thread_id}/runs/{run_id}/submit_tool_outputs": runs.RunToolOutputsResource,
    "/threads/{thread_id}/runs/{run_id}/details": usage.ThreadRunDetailsResource,
    "/runs/{run_id}/details": usage.RunDetailsResource,
    "/usage": usage.UsageResource,
    "/budgets": usage.BudgetsResource,
    "/threads/{thread_id}/runs/{run_id}/steps": steps.StepsResource,
    "/threads/{thread_id}/runs/{run_id}/steps/{step_id}": steps.StepResource,
    "/runs": run_lists.AllRunsResource,
    "/runs/{run_id}": run_lists.RunOfAnyThreadResource,
    "/import": transfer.ImportResource,
    "/export": transfer.ExportResource,
    **hosted.ROUTES,
}


class Runtime(falcon.asgi.App):  # type: ignore[type-arg]  # generic in newer falcons only
    """The ASGI application: the wire under ``/v1``, and ``/healthz``.

    Attributes:
        context: Its parts.
    """

    context: Context

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:  # type: ignore[override]
        """Answer a request or handle a lifespan event of the server."""
        if scope["type"] == "http":
            scope["path"] = own_path(scope["path"])
            receive = watch_body(scope, receive)
        await super().__call__(scope, receive, send)


def create_app(settings: Settings) -> Runtime:
    """Create the application and open the store. No socket is opened.

    The server must support the lifespan events of ASGI. Runs are executed after the startup event, until `Pool.stop`.

    Args:
        settings: Store, model server and limits.

    Returns:
        The application.

    Raises:
        StoreError: The store cannot be used.
    """
    store = open_store(settings)
    context = Context(settings, store, Pool(settings, store, open_queue(store, settings), new_tracer()))
    sessions = Sessions(settings.token)
    app = Runtime(middleware=[RequestLog(), Bodies(settings.max_body), Doors(settings, sessions), _Lifespan(context)])
    app.context = context
    # ASCII, because an older store may contain text that UTF-8 cannot encode.
    app.resp_options.media_handlers[falcon.MEDIA_JSON] = JSONHandler(dumps=json.dumps)
    for path, resource in _ROUTES.items():
        app.add_route(f"/v1{path}", resource(context))
    app.add_route("/healthz", health.HealthResource(context))
    app.add_route("/metrics", metrics.MetricsResource(context))
    if settings.executor == "served":
        page.add_routes(app, context, sessions)
    app.add_error_handler(Exception, _answer_failure)
    app.add_error_handler(SQLAlchemyError, _answer_store_failure)
    app.add_error_handler(falcon.HTTPError, _answer_http_error)
    app.add_error_handler(ApiError, _answer)
    app.add_error_handler(Refused, _answer)
    return app


class _Lifespan:
    """Handles the startup and shutdown of the server."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def process_startup(self, scope: Mapping[str, Any], event: Mapping[str, Any]) -> None:
        self._context.executor.open()

    async def process_shutdown(self, scope: Mapping[str, Any], event: Mapping[str, Any]) -> None:
        if not self._context.executor.stopped:
            await self._context.executor.stop(self._context.grace)
        await self._context.passages.close()
        self._context.store.close()


async def _answer(req: Request, resp: Response, error: Exception, params: dict[str, Any]) -> None:
    """Return an error response of the API. All errors are handled here."""
    answer = to_api_error(error)
    resp.status = answer.status
    resp.media = answer.body


async def _answer_http_error(req: Request, resp: Response, error: falcon.HTTPError, params: dict[str, Any]) -> None:
    hint = "" if req.path.startswith("/v1/") else ": paths start with /v1/"
    known = {
        404: ("unknown_url", f"Invalid URL ({req.method} {req.path}){hint}"),
        405: ("method_not_allowed", f"Not allowed to {req.method} on {req.path}."),
    }
    code, message = known.get(error.status_code) or ("invalid_http", error.description or error.title)
    resp.set_headers(error.headers or {})
    await _answer(req, resp, ApiError(error.status_code, message, code=code), params)


async def _answer_store_failure(req: Request, resp: Response, error: SQLAlchemyError, params: dict[str, Any]) -> None:
    # The text may contain data, so only the type of the problem is logged.
    _LOG.error("store failure: %s", type(getattr(error, "orig", None) or error).__name__)
    await _answer(req, resp, error, params)


async def _answer_failure(req: Request, resp: Response, error: Exception, params: dict[str, Any]) -> None:
    place = error.__traceback__
    while place and place.tb_next:
        place = place.tb_next
    where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else "?"
    _LOG.error("unexpected %s at %s", type(error).__name__, where)
    await _answer(req, resp, error, params)
