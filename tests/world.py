# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run tasks in this process, on a real runtime behind a Unix socket, and record all requests."""

from __future__ import annotations

import dataclasses
import importlib
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from threadworks_runtime.app import create_app
from threadworks_runtime.settings import Settings

from ansible_collections.threadworks.openai.plugins.module_utils._check_mode import CheckModeWire, Predictions
from ansible_collections.threadworks.openai.plugins.module_utils._client import Wire
from ansible_collections.threadworks.openai.plugins.module_utils._connect import connect
from ansible_collections.threadworks.openai.plugins.module_utils._http import Request, Response
from ansible_collections.threadworks.openai.plugins.module_utils._recovery import Local
from ansible_collections.threadworks.openai.plugins.module_utils._runtime_control import ask
from ansible_collections.threadworks.openai.plugins.module_utils._task import Task, carry_out
from ansible_collections.threadworks.openai.plugins.module_utils._wire_reading import Transport
from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.new_stores import make_sqlite
from ansible_collections.threadworks.openai.tests.runtime.harness import AppServer

Json = dict[str, Any]
# An ASGI application: scope, receive, send.
App = Callable[[Json, Any, Any], Any]

_MODULE_UTILS = "ansible_collections.threadworks.openai.plugins.module_utils"
_ID = re.compile(r"(asst|thread|msg|run|step)_\w+|file-\w+|(file|vs)_(\d+|none)|(?<=file_digests/)\w+")


@dataclasses.dataclass(frozen=True)
class Done:
    """The result and the requests of a task.

    Args:
        result: The result of the task.
        sent: Its changing requests to the runtime, such as ``POST /threads/*/runs``.
        read: Its reading requests, in the same form.
        model: The bodies of the requests to the model server during the task.
    """

    result: Json
    sent: list[str]
    read: list[str]
    model: list[Json]


class _Counted:
    """A transport that records its requests."""

    def __init__(self, transport: Transport, requests: list[str], sent: Callable[[str], None]) -> None:
        self.server = transport.server
        self._transport = transport
        self._requests = requests
        self._sent = sent

    def send(self, request: Request) -> Response:
        line = f"{request.method} {_ID.sub('*', request.path)}"
        self._requests.append(line)
        response = self._transport.send(request)
        self._sent(line)
        return response


class _Front:
    """Calls the current application."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Json, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


class _Here:
    """Finds the runtime of a test, which is always running."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def path(self) -> str:
        return str(self._path)

    def start(self, within: float) -> None:
        raise AssertionError("the runtime has ended")

    def replace(self, pid: int | None, within: float) -> None:
        """Look again, as in production. On a busy machine, the runtime can look as if it hung."""
        assert ask(str(self._path), "GET", "/healthz", 300) is not None, "the runtime hangs"


class World:
    """A store, a runtime, a model server, and tasks that use them. A context manager that ends the runtime.

    Args:
        folder: The directory of the store.
        model: The model server.

    Attributes:
        warnings: The warnings that tasks have displayed.
        progress: The progress that tasks have displayed. On a busy machine, each task that waits can display some.
    """

    def __init__(self, folder: Path, model: ModelServer) -> None:
        self.model = model
        self.store = folder / "runtime.db"
        self.warnings: list[str] = []
        self.progress: list[str] = []
        self.ids: dict[str, str] = {}
        # The predictions of the tasks in check mode since the last real task.
        self.predictions: Predictions = {}
        self._requests: list[str] = []
        self._polls_until_release = 0
        self._released_at = ""
        # The path of a socket is limited to about 100 characters.
        self._folder = Path(tempfile.mkdtemp(prefix="world-", dir="/tmp"))
        make_sqlite(self.store)
        self._front = _Front(create_app(Settings(store=str(self.store))))
        self._server = AppServer(self._front, self._folder / "x.sock")
        self.use(self.connected())

    def __enter__(self) -> World:
        self._server.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._server.stop()
        shutil.rmtree(self._folder)

    def connected(self, local: Local | None = None, **options: Any) -> Wire:
        """Return a client of the runtime, or of a runtime that `local` finds and starts."""
        defaults = {
            "base_url": self.model.base_url,
            "timeout": 30.0,
            "max_retries": 0,
            "runtime_store": str(self.store),
            "runtime_concurrent_runs": 32,
            "runtime_idle_timeout": 60.0,
        }
        return connect(Wire, {**defaults, **options}, local or _Here(self._folder / "x.sock"))

    def use(self, wire: Wire) -> None:
        """Use this client for the tasks, and record its requests."""
        self.wire = wire
        self.wire.transport = _Counted(wire.transport, self._requests, self._release)

    def release_after(self, polls: int) -> None:
        """Release the held answers of the model after this number of polls of a run, counted from now."""
        self._polls_until_release = polls

    def release_at(self, line: str) -> None:
        """Release the held answers of the model when a task shows this line of progress."""
        self._released_at = line

    def _show(self, line: str) -> None:
        self.progress.append(line)
        if line == self._released_at:
            self.model.release()

    def _release(self, request: str) -> None:
        if request == "GET /threads/*/runs/*" and self._polls_until_release:
            self._polls_until_release -= 1
            if not self._polls_until_release:
                self.model.release()

    def put_before(self, around: Callable[[App], App]) -> None:
        """Put ASGI middleware before the runtime."""
        self._front.app = around(self._front.app)

    def do(self, resource: str, check: bool = False, **options: Any) -> Done:
        """Run a task. Ansible validates its options.

        Args:
            resource: The name of the module without ``openai_``.
            check: Whether to use check mode.
            options: The options as in a playbook. The id "newest" is replaced with that of the latest result.
        """
        options = {name: self.ids[name] if value == "newest" else value for name, value in options.items()}
        module = importlib.import_module(f"{_MODULE_UTILS}._{resource}")
        validation = ArgumentSpecValidator(**module.SPEC.to_kwargs()).validate(options)
        assert not validation.error_messages
        requests, asked = len(self._requests), len(self.model.runs)
        task = Task(validation.validated_parameters, check, True, self.warnings.append, self._show)
        if not check:
            self.predictions.clear()
        task._wire = CheckModeWire(self.wire, self.predictions, self.warnings.append) if check else self.wire
        result = carry_out(module.ensure, task)
        self.ids |= {name: value for name, value in result.items() if name.endswith("_id") and value}
        made = self._requests[requests:]
        sent = [request for request in made if not request.startswith("GET ")]
        return Done(result, sent, [each for each in made if each not in sent], self.model.runs[asked:])

    @property
    def requests(self) -> list[str]:
        """Return all requests so far."""
        return list(self._requests)

    def foretold(self, resource: str, **options: Any) -> Done:
        """Run a task in check mode and then for real. Check mode must change nothing, and predict the real run."""
        check = self.do(resource, check=True, **options)
        assert (check.sent, check.model) == ([], [])
        done = self.do(resource, **options)
        for name in ("failed", "changed", "diff"):
            assert check.result.get(name) == done.result.get(name), name
        return done

    def change(self, statement: str, *values: Any) -> None:
        """Change the store without the runtime."""
        with closing(sqlite3.connect(self.store, isolation_level=None)) as connection:
            connection.execute(statement, values)
