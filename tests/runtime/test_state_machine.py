# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random sequences of operations, and what must hold after each of them (Assistants wire, section 7)."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx2
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule, run_state_machine_as_test
from threadworks_runtime.app import Runtime, create_app
from threadworks_runtime.lifecycle import WireEvent
from threadworks_runtime.model import ModelServers
from threadworks_runtime.owners import new_owner
from threadworks_runtime.runner.execution import Execution
from threadworks_runtime.runner.ledger import Ledger
from threadworks_runtime.runner.subscription import Subscription
from threadworks_runtime.settings import ModelOptions, Settings
from threadworks_runtime.status import ACTIVE_STATUSES

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime.harness import (
    BETA,
    TERMINAL,
    TOOL,
)

_ANSWERS = [
    {"text": "one two three"},
    {"calls": [{"name": "disk", "arguments": {}}]},
    {"calls": [{"name": "disk", "arguments": {}}, {"name": "disk", "arguments": {}}]},
    {"refusal": "no"},
    {"incomplete": "max_output_tokens", "text": "one"},
    {"failed": {"code": "server_error", "message": "broken"}},
    {"status": 400, "error": {"message": "no", "code": "content_filter"}},
    {"text": "one two three", "break_after": 6},
]
_FOLLOWS = {
    "queued": {"in_progress", "cancelled", "expired", "failed"},
    "in_progress": {"requires_action", "cancelling", *TERMINAL},
    "cancelling": {"cancelled"},
    "requires_action": {"queued", "cancelled", "expired"},
}


class _Http:
    """A client of an application, without a socket between them: there are many requests."""

    def __init__(self, app: Runtime) -> None:
        loop = asyncio.new_event_loop()
        client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://runtime/v1", headers=BETA)
        self.run, self._close, self._client = loop.run_until_complete, loop.close, client

    def get(self, path: str) -> httpx2.Response:
        return self.run(self._client.get(path))

    def post(self, path: str, json: Any = None) -> httpx2.Response:
        return self.run(self._client.post(path, json=json))

    def delete(self, path: str) -> httpx2.Response:
        return self.run(self._client.delete(path))

    def close(self) -> None:
        self.run(self._client.aclose())
        self._close()


class _Wire(RuleBasedStateMachine):
    threads = Bundle("threads")
    model: ModelServer
    store: str

    def __init__(self) -> None:
        super().__init__()
        model = ModelOptions(base_url=self.model.base_url, max_retries=0)
        # There is no room for runs: a queued one is executed when the test says so.
        self._settings = Settings(store=self.store, model=model, executor="served", concurrent_runs=0)
        self._app = create_app(self._settings)
        self._http = _Http(self._app)
        self._assistant = self._post("/assistants", {"model": "scripted", "tools": [TOOL]})[1]["id"]
        # The store has the threads of earlier sequences, too.
        self._threads: set[str] = set()
        self._seen: dict[str, dict[str, Any]] = {}

    def teardown(self) -> None:
        self._http.close()
        self._app.context.store.close()

    def _post(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        answer = self._http.post(path, json=body)
        assert answer.status_code in (200, 400), answer.text
        return answer.status_code, answer.json()

    def _active(self, thread: str) -> dict[str, Any] | None:
        runs = self._http.get(f"/threads/{thread}/runs?limit=100").json()["data"]
        active = [run for run in runs if run["status"] in ACTIVE_STATUSES]
        assert len(active) <= 1, "a thread has one active run"
        return active[0] if active else None

    @rule(target=threads)
    def create_thread(self) -> str:
        thread = self._post("/threads", {"messages": [{"role": "user", "content": "Hello"}]})[1]["id"]
        self._threads.add(thread)
        return thread

    @rule(thread=threads)
    def create_message(self, thread: str) -> None:
        status, _body = self._post(f"/threads/{thread}/messages", {"role": "user", "content": "More"})
        assert (status == 400) == (self._active(thread) is not None)

    @rule(thread=threads)
    def create_run(self, thread: str) -> None:
        locked = self._active(thread) is not None
        status, run = self._post(f"/threads/{thread}/runs", {"assistant_id": self._assistant})
        assert (status == 400) == locked
        if not locked:
            assert run["status"] == "queued"

    @rule(thread=threads, answer=st.sampled_from(_ANSWERS))
    def execute(self, thread: str, answer: dict[str, Any]) -> None:
        run = self._active(thread)
        self.model.reset()
        self.model.script([answer])
        id = run["id"] if run else "run_x"
        told = self._http.run(self._execute(id))
        if run and run["status"] == "queued":
            after = self._http.get(f"/threads/{thread}/runs/{id}").json()
            assert told[0][0] == "thread.run.in_progress"
            name, data = told[-1]
            assert (name, {**data, "details": None}) == (f"thread.run.{after['status']}", {**after, "details": None})
            assert after["status"] in ("requires_action", *TERMINAL)
        else:
            assert told == [], "only a queued run is executed"

    async def _execute(self, id: str) -> list[WireEvent]:
        store, servers = self._app.context.store, ModelServers()
        subscription = Subscription()
        ledger = Ledger(store, id, new_owner(), self._settings, subscription)
        await Execution(store, id, servers, self._settings.model, ledger).run()
        await servers.close()
        subscription.close()
        # Deltas are complete; the rest are documents.
        return [event async for several in subscription for event in several if isinstance(event, tuple)]

    @rule(thread=threads)
    def cancel(self, thread: str) -> None:
        run = self._active(thread)
        id = run["id"] if run else next(iter(self._ids(thread)), "run_x")
        answer = self._http.post(f"/threads/{thread}/runs/{id}/cancel")
        if run:
            assert answer.json()["status"] == "cancelled"
        else:
            assert answer.status_code in (400, 404)

    @rule(thread=threads, complete=st.booleans())
    def submit(self, thread: str, complete: bool) -> None:
        run = self._active(thread)
        if run is None:
            return
        action = run["required_action"]
        calls = action["submit_tool_outputs"]["tool_calls"] if action else [{"id": "call_x"}]
        outputs = [{"tool_call_id": call["id"], "output": "x"} for call in calls][: None if complete else -1]
        status, answer = self._post(
            f"/threads/{thread}/runs/{run['id']}/submit_tool_outputs", {"tool_outputs": outputs}
        )
        assert (status == 200) == (run["status"] == "requires_action" and complete)
        if status == 200:
            assert answer["status"] == "queued"

    @rule(thread=threads, run=st.integers(0, 3), value=st.text(max_size=5).filter(lambda text: "\0" not in text))
    def modify_run(self, thread: str, run: int, value: str) -> None:
        for id in self._ids(thread)[run : run + 1]:
            assert self._post(f"/threads/{thread}/runs/{id}", {"metadata": {"k": value}})[1]["metadata"] == {"k": value}

    @rule(thread=consumes(threads))
    def delete_thread(self, thread: str) -> None:
        runs = self._ids(thread)
        self._threads.remove(thread)
        assert self._http.delete(f"/threads/{thread}").status_code == 200
        assert self._http.get(f"/threads/{thread}/runs").status_code == 404
        for id in runs:
            self._seen.pop(id, None)

    def _ids(self, thread: str) -> list[str]:
        return [run["id"] for run in self._http.get(f"/threads/{thread}/runs?limit=100").json()["data"]]

    @invariant()
    def runs_are_consistent(self) -> None:
        for thread in self._threads:
            path = f"/threads/{thread}"
            for run in self._http.get(f"{path}/runs?limit=100").json()["data"]:
                self._check(
                    run,
                    self._http.get(f"{path}/runs/{run['id']}/steps?order=asc&limit=100").json()["data"],
                    self._http.get(f"{path}/messages?order=asc&limit=100&run_id={run['id']}").json()["data"],
                )

    def _check(self, run: dict[str, Any], steps: list[dict[str, Any]], messages: list[dict[str, Any]]) -> None:
        before, status = self._seen.get(run["id"]), run["status"]
        if before is not None and before["status"] != status:
            reachable = {before["status"]}
            while more := set().union(*(_FOLLOWS.get(known, set()) for known in reachable)) - reachable:
                reachable |= more
            assert status in reachable, (before["status"], status)
        if before is not None and before["status"] in TERMINAL:
            assert {**before, "metadata": None} == {**run, "metadata": None}, "a terminal state is final"
        self._seen[run["id"]] = run

        assert (run["usage"] is not None) == (status in TERMINAL)
        assert (run["required_action"] is not None) == (status == "requires_action")
        assert (run["last_error"] is not None) == (status == "failed")
        assert (run["incomplete_details"] is not None) == (status == "incomplete")
        for stamp in ("completed_at", "failed_at", "cancelled_at"):
            assert (run[stamp] is not None) == (status == stamp[:-3])
        stamps = [run["created_at"], run["started_at"], run["completed_at"] or run["failed_at"] or run["cancelled_at"]]
        present = [stamp for stamp in stamps if stamp is not None]
        assert present == sorted(present)
        assert present[-1] <= time.time()

        answered = {step["step_details"].get("message_creation", {}).get("message_id") for step in steps} - {None}
        assert answered == {message["id"] for message in messages}
        open_steps = [step for step in steps if step["status"] == "in_progress"]
        assert len(open_steps) == (1 if status == "requires_action" else 0)
        for step in steps:
            assert (step["usage"] is None) == (step["status"] == "in_progress")
        if status in TERMINAL:
            assert {message["status"] for message in messages} <= {"completed", "incomplete"}
        if status == "completed":
            assert {part["status"] for part in (*messages, *steps)} == {"completed"}
        if status in TERMINAL:
            assert run["usage"]["total_tokens"] >= sum(step["usage"]["total_tokens"] for step in steps)


def test_random_sequences_keep_the_invariants(store_address: str) -> None:
    _Wire.store = store_address
    with ModelServer() as model:
        _Wire.model = model
        run_state_machine_as_test(
            _Wire,
            settings=settings(
                max_examples=30,
                stateful_step_count=25,
                deadline=None,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
                database=None,
            ),
        )
