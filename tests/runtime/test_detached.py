# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs in processes of their own: they outlive their caller, keep nothing of it, and are found when they die."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from ansible_collections.threadworks.openai.runtime import Settings, create_app
from ansible_collections.threadworks.openai.runtime.app import Runtime
from ansible_collections.threadworks.openai.runtime.store import rows
from ansible_collections.threadworks.openai.runtime.store.tables import RUNS
from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime.harness import Conversation, raw_client, wait_for

_CALLER = """
import json, sys
from ansible_collections.threadworks.openai.runtime import Settings, create_app
from ansible_collections.threadworks.openai.tests.runtime.harness import Conversation, raw_client

app = create_app(Settings(**json.loads(sys.argv[1])))
print("begun", flush=True)
talk = Conversation(raw_client(app))
print(json.dumps(talk.start()), flush=True)
{ending}
"""


@pytest.fixture
def app(settings: Settings) -> Runtime:
    """An embedded runtime."""
    return create_app(Settings(store=settings.store, base_url=settings.base_url))


@pytest.fixture
def talk(app: Runtime) -> Iterator[Conversation]:
    with raw_client(app) as wire:
        yield Conversation(wire)


def _call(settings: Settings, ending: str = "", **options: Any) -> tuple[dict[str, Any], subprocess.CompletedProcess]:
    arguments = json.dumps({"store": settings.store, "base_url": settings.base_url, **options})
    environment = {**os.environ, "PYTHONPATH": os.environ["ANSIBLE_COLLECTIONS_PATH"]}
    caller = subprocess.run(
        [sys.executable, "-c", _CALLER.format(ending=ending), arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        start_new_session=True,
        check=False,
    )
    begun, run = caller.stdout.splitlines()
    assert begun == "begun", "the runner has gone on in its caller's code"
    return json.loads(run), caller


def _read(talk: Conversation, run: dict[str, Any]) -> dict[str, Any]:
    return talk.wire.get(f"/threads/{run['thread_id']}/runs/{run['id']}").json()


def _until(talk: Conversation, run: dict[str, Any], *statuses: str) -> dict[str, Any]:
    return wait_for(lambda: found if (found := _read(talk, run))["status"] in statuses else None)


def _owner(app: Runtime, run: dict[str, Any]) -> str:
    with app.context.store.read() as connection:
        return rows.find(connection, RUNS, run["id"]).lease_owner


def _runner(app: Runtime, run: dict[str, Any]) -> int:
    return int(_owner(app, run).split("|")[1])


def test_a_run_outlives_its_caller(settings: Settings, talk: Conversation, model_server: ModelServer) -> None:
    model_server.script([{"text": "one two three", "delta_delay": 0.3}])
    run, caller = _call(settings)
    # Neither its exit nor its output, whose pipe must be closed at both ends, has waited for the run.
    assert (caller.returncode, caller.stderr) == (0, "")
    assert _read(talk, run)["status"] == "in_progress"
    assert _until(talk, run, "completed", "failed")["status"] == "completed"


def test_a_run_outlives_its_callers_violent_death(
    settings: Settings, talk: Conversation, model_server: ModelServer
) -> None:
    model_server.script([{"text": "one two three", "delta_delay": 0.2}])
    run, caller = _call(settings, "import os, signal; os.killpg(0, signal.SIGKILL)")
    assert caller.returncode == -signal.SIGKILL
    assert _until(talk, run, "completed", "failed")["status"] == "completed"


def test_a_runner_keeps_nothing_of_its_parents(
    app: Runtime, talk: Conversation, model_server: ModelServer, tmp_path: Path
) -> None:
    model_server.script([{"hang": True}])
    with (tmp_path / "open").open("w") as held:
        os.set_inheritable(held.fileno(), True)
        run = talk.start()
        pid = _runner(app, run)
        opened = [os.readlink(entry) for entry in Path(f"/proc/{pid}/fd").iterdir()]
    assert str(tmp_path / "open") not in opened
    assert [os.readlink(f"/proc/{pid}/fd/{number}") for number in range(3)] == ["/dev/null"] * 3
    assert os.readlink(f"/proc/{pid}/cwd") == "/"
    assert os.getsid(pid) != os.getsid(0)
    talk.cancel(run)
    talk.until(run, "cancelled")
    wait_for(lambda: not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text())


def test_no_child_is_left_to_be_waited_for(talk: Conversation) -> None:
    talk.finish()
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_a_killed_runner_is_found_dead_at_once(app: Runtime, talk: Conversation, model_server: ModelServer) -> None:
    model_server.script([{"text": "one two three", "delta_delay": 0.5}])
    run = talk.start()
    wait_for(lambda: talk.messages(run))
    os.kill(_runner(app, run), signal.SIGKILL)
    failed = wait_for(lambda: found if (found := talk.read(run))["status"] != "in_progress" else None, seconds=2)
    assert (failed["status"], failed["last_error"]["code"]) == ("failed", "server_error")
    assert "died" in failed["last_error"]["message"]
    assert talk.messages(run)[0]["incomplete_details"] == {"reason": "run_failed"}
    assert talk.steps(run)[0]["status"] == "failed"
    assert talk.finish()["status"] == "completed"


def test_a_killed_runner_does_not_block_its_thread(app: Runtime, talk: Conversation, model_server: ModelServer) -> None:
    model_server.script([{"hang": True}])
    run = talk.start()
    os.kill(_runner(app, run), signal.SIGKILL)
    message = {"role": "user", "content": "x"}
    wait_for(lambda: talk.wire.post(f"/threads/{talk.thread}/messages", json=message).status_code == 200, seconds=2)


def test_a_stopped_runner_cannot_hinder_a_cancellation(
    app: Runtime, talk: Conversation, model_server: ModelServer
) -> None:
    model_server.script([{"hang": True}])
    run = talk.start()
    pid = _runner(app, run)
    os.kill(pid, signal.SIGSTOP)
    assert talk.cancel(run).json()["status"] == "cancelling"
    os.kill(pid, signal.SIGKILL)
    assert talk.until(run, "cancelled")["cancelled_at"]


def test_a_stream_tells_that_its_runner_has_died(app: Runtime, talk: Conversation, model_server: ModelServer) -> None:
    model_server.script([{"hang": True}])
    body = {"assistant_id": talk.assistant, "stream": True}
    with talk.wire.stream("POST", talk.runs, json=body) as answer:
        lines = answer.iter_lines()
        assert next(lines) == "event: thread.run.created"
        os.kill(_runner(app, talk.wire.get(talk.runs).json()["data"][0]), signal.SIGKILL)
        events = [line[7:] for line in lines if line.startswith("event: ")]
    assert events == ["thread.run.queued", "thread.run.in_progress", "thread.run.failed", "done"]


def _set(app: Runtime, run: dict[str, Any], **columns: Any) -> None:
    with app.context.store.write() as connection:
        connection.execute(update(RUNS.table).where(RUNS.table.c.id == run["id"]).values(columns))


def test_a_runner_of_another_host_is_believed_until_its_lease_ends(
    app: Runtime, talk: Conversation, model_server: ModelServer
) -> None:
    model_server.script([{"hang": True}])
    run = talk.start()
    os.kill(_runner(app, run), signal.SIGKILL)
    _set(app, run, lease_owner="elsewhere|1|1|x", lease_until=time.time() + 1)
    assert talk.read(run)["status"] == "in_progress"
    assert talk.until(run, "failed")["last_error"]["code"] == "server_error"


def test_a_runner_that_lost_its_lease_writes_nothing_more(
    app: Runtime, talk: Conversation, model_server: ModelServer
) -> None:
    model_server.script([{"text": "one two three", "delta_delay": 0.3}])
    run = talk.start()
    pid = _runner(app, run)
    _set(app, run, lease_owner="elsewhere|1|1|x", lease_until=time.time() + 60)
    wait_for(lambda: not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text())
    assert talk.read(run)["status"] == "in_progress"
    assert [message["status"] for message in talk.messages(run)] in ([], ["in_progress"])


def test_a_caller_that_dies_before_its_runner_starts_is_noticed(
    settings: Settings, talk: Conversation, model_server: ModelServer
) -> None:
    ending = "import os; os._exit(0)"
    never = _CALLER.replace(
        "talk = ",
        "from ansible_collections.threadworks.openai.runtime.runner.detached import Detached\n"
        "Detached.start = lambda self, run_id, watch: iter(())\ntalk = ",
    )
    caller = subprocess.run(
        [sys.executable, "-c", never.format(ending=ending), json.dumps({"store": settings.store})],
        env={**os.environ, "PYTHONPATH": os.environ["ANSIBLE_COLLECTIONS_PATH"]},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    run = json.loads(caller.stdout.splitlines()[1])
    assert run["status"] == "queued"
    assert "died" in _read(talk, run)["last_error"]["message"]


def test_leases_are_renewed(settings: Settings, model_server: ModelServer) -> None:
    app = create_app(Settings(store=settings.store, base_url=settings.base_url, lease=0.6))
    model_server.script([{"hang": True}])
    with raw_client(app) as wire:
        talk = Conversation(wire)
        run = talk.start()
        owner = _owner(app, run)
        until = time.time() + 1.5
        while time.time() < until:
            assert talk.read(run)["status"] == "in_progress"
            time.sleep(0.1)
        assert _owner(app, run) == owner
        talk.cancel(run)
        talk.until(run, "cancelled")
