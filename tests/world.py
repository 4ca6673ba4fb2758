# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks carried out in this process, on the real embedded runtime, with every request counted."""

from __future__ import annotations

import dataclasses
import importlib
import re
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.threadworks.openai.plugins.module_utils import _client
from ansible_collections.threadworks.openai.plugins.module_utils._task import Task, carry_out, full_spec
from ansible_collections.threadworks.openai.tests.model_server import ModelServer

Json = dict[str, Any]

_MODULE_UTILS = "ansible_collections.threadworks.openai.plugins.module_utils"
_ID = re.compile(r"(asst|thread|msg|run|step)_\w+")


@dataclasses.dataclass(frozen=True)
class Done:
    """What a task did.

    :param result: the task's result.
    :param sent: its changing requests to the runtime, as ``POST /threads/*/runs``.
    :param read: its reading requests, likewise.
    :param model: the bodies of the model server's requests meanwhile.
    """

    result: Json
    sent: list[str]
    read: list[str]
    model: list[Json]


class World:
    """A store, a model server, and the tasks that work with them.

    :param folder: holds the store.
    :param model: the model server.
    """

    def __init__(self, folder: Path, model: ModelServer) -> None:
        self.model = model
        self.store = folder / "runtime.db"
        self.lines: list[str] = []
        self.ids: dict[str, str] = {}
        self._requests: list[str] = []
        options = {"runtime_store": str(self.store), "base_url": model.base_url, "timeout": 30.0, "max_retries": 0}
        self.use(_client.connect(options))

    def use(self, wire: _client.Wire) -> None:
        """Let the tasks use this client, and count its requests."""
        self.wire = wire
        self.wire._client._client.event_hooks = {"request": [self._count]}

    def put_before(self, around: Callable[[Any], Any]) -> None:
        """Put WSGI middleware before the embedded runtime."""
        transport = self.wire._client._client._transport
        transport.app = around(transport.app)

    def do(self, resource: str, check: bool = False, **options: Any) -> Done:
        """Carry out a task: its options go through Ansible's own validation.

        :param resource: the module's name without ``openai_``.
        :param check: in check mode.
        :param options: as in a playbook; an id that is "newest" is the one of the last result that told it.
        """
        options = {name: self.ids[name] if value == "newest" else value for name, value in options.items()}
        module = importlib.import_module(f"{_MODULE_UTILS}._{resource}")
        validation = ArgumentSpecValidator(**full_spec(module.SPEC).to_kwargs()).validate(options)
        assert not validation.error_messages
        requests, asked = len(self._requests), len(self.model.runs)
        task = Task(validation.validated_parameters, check, True, self.lines.append, self.lines.append, self.wire)
        result = carry_out(module.ensure, task)
        self.ids |= {name: value for name, value in result.items() if name.endswith("_id") and value}
        made = self._requests[requests:]
        sent = [request for request in made if not request.startswith("GET ")]
        return Done(result, sent, [each for each in made if each not in sent], self.model.runs[asked:])

    @property
    def requests(self) -> list[str]:
        """All requests so far."""
        return list(self._requests)

    def foretold(self, resource: str, **options: Any) -> Done:
        """Carry out a task in check mode and then for real: the first must change nothing, and foretell the second."""
        check = self.do(resource, check=True, **options)
        assert (check.sent, check.model) == ([], [])
        done = self.do(resource, **options)
        for name in ("failed", "changed", "diff"):
            assert check.result.get(name) == done.result.get(name), name
        return done

    @staticmethod
    def wait(until: Callable[[], bool]) -> None:
        """Wait for what happens behind the tasks."""
        deadline = time.monotonic() + 30
        while not until():
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def change(self, statement: str, *values: Any) -> None:
        """Change the store behind the runtime's back."""
        with closing(sqlite3.connect(self.store, isolation_level=None)) as connection:
            connection.execute(statement, values)

    def _count(self, request: httpx2.Request) -> None:
        self._requests.append(f"{request.method} {_ID.sub('*', request.url.path.removeprefix('/v1'))}")
