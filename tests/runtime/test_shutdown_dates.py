# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Models that are shut down soon: the server is asked once a day, and no run waits for it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import select, update
from threadworks_runtime.app import Runtime, create_app
from threadworks_runtime.settings import ModelOptions, Settings
from threadworks_runtime.store.tables import model_dates

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime.harness import (
    AppServer,
    Conversation,
    raw_client,
    wait_for,
)

_HOST = "models.example"
_PATH = "/v1/models/scripted"


@pytest.fixture
def app(settings: Settings, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> Runtime:
    """An application whose model server is, by its name, on another machine."""
    look_up = socket.getaddrinfo

    def elsewhere(host: Any, *args: Any, **more: Any) -> Any:
        return look_up("127.0.0.1" if host in (_HOST, _HOST.encode()) else host, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", elsewhere)
    monkeypatch.setenv("NO_PROXY", _HOST)
    model = ModelOptions(base_url=model_server.base_url.replace("127.0.0.1", _HOST))
    return create_app(replace(settings, model=model))


@pytest.fixture
def talk(app: Runtime) -> Iterator[Conversation]:
    with AppServer(app) as server, raw_client(server) as wire:
        yield Conversation(wire, server)


def _asked(model_server: ModelServer) -> int:
    return sum(request["path"] == _PATH for request in model_server.requests)


def _dates(app: Runtime) -> list[str | None]:
    with app.context.store.reading() as connection:
        return list(connection.execute(select(model_dates.c.shutdown_date)).scalars())


def _warnings(talk: Conversation, run: dict[str, Any]) -> list[str]:
    return [text for step in talk.steps(run) for text in step["metadata"].values()]


def _day(days: int) -> str:
    return (datetime.now(timezone.utc) + timedelta(days=days)).date().isoformat()


@pytest.mark.parametrize(("days", "warns"), [(30, True), (-1, True), (200, False)])
def test_a_model_that_is_shut_down_soon(
    talk: Conversation, app: Runtime, model_server: ModelServer, days: int, warns: bool
) -> None:
    date = _day(days)
    model_server.shutdown_dates[_PATH] = date
    talk.finish()
    wait_for(lambda: _dates(app) == [date])
    runs = [talk.finish() for _each in range(3)]
    for run in runs:
        warnings = _warnings(talk, run)
        assert len(warnings) == warns
        assert all(f"is shut down on {date}" in warning for warning in warnings)
        assert talk.wire.get(f"/runs/{run['id']}/details").json()["shutdown_date"] == date
    assert _asked(model_server) == 1


def test_the_server_is_asked_again_after_a_day(talk: Conversation, app: Runtime, model_server: ModelServer) -> None:
    talk.finish()
    wait_for(lambda: _asked(model_server) == 1)
    run = talk.finish()
    # The scripted server does not know the model: nothing is known, and nobody is told.
    assert "shutdown_date" not in talk.wire.get(f"/runs/{run['id']}/details").json()
    assert _warnings(talk, run) == []
    assert _asked(model_server) == 1
    date = _day(10)
    model_server.shutdown_dates[_PATH] = date
    with app.context.store.writing() as connection:
        connection.execute(update(model_dates).values(asked_at=model_dates.c.asked_at - 86400))
    talk.finish()
    wait_for(lambda: _dates(app) == [date])
    assert _asked(model_server) == 2


def test_many_runs_ask_once(talk: Conversation, app: Runtime, model_server: ModelServer) -> None:
    body = {"assistant_id": talk.assistant, "thread": {"messages": [{"role": "user", "content": "Hello"}]}}
    runs = [talk.wire.post("/threads/runs", json=body).json() for _each in range(20)]
    for run in runs:
        path = f"/threads/{run['thread_id']}/runs/{run['id']}"
        wait_for(lambda path=path: talk.wire.get(path).json()["status"] == "completed")
    wait_for(lambda: _asked(model_server) == 1)
    assert _dates(app) == [None]
