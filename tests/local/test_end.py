# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a local runtime ends: when it is idle, stopped, replaced or stuck, and never with work on its hands."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from pathlib import Path

import pytest

from ansible_collections.threadworks.openai.plugins.module_utils import _local_runtime, _recovery
from ansible_collections.threadworks.openai.plugins.module_utils._errors import TaskError
from ansible_collections.threadworks.openai.plugins.module_utils._task import Task, carry_out
from ansible_collections.threadworks.openai.plugins.plugin_utils import _control
from ansible_collections.threadworks.openai.tests.conditions import wait_for
from ansible_collections.threadworks.openai.tests.local.conftest import Desk
from ansible_collections.threadworks.openai.tests.local_runtimes import LocalRuntimes, is_alive
from ansible_collections.threadworks.openai.tests.model_server import ModelServer

# Shorter than any look at the clock.
_TINY = 0.05


def test_idle_runtime_ends_and_leaves_nothing(desk: Desk, local_runtimes: LocalRuntimes) -> None:
    list(desk.wire(runtime_idle_timeout=0.5).list("threads"))
    pid = local_runtimes.pids()[0]
    wait_for(lambda: not is_alive(pid))
    assert list(local_runtimes.sockets.iterdir()) == []
    assert "ending: idle" in Path(f"{desk.options['runtime_store']}.log").read_text()


def test_first_request_is_waited_for(desk: Desk, local_runtimes: LocalRuntimes) -> None:
    runtime = desk.runtime(runtime_idle_timeout=_TINY)
    runtime.start()
    # A query of the state does not count as a request, and does not keep the runtime alive.
    wait_for(lambda: (runtime.describe() or {"idle_seconds": -1})["idle_seconds"] > 10 * _TINY)


def test_requests_that_arrive_as_it_ends_are_all_answered(desk: Desk, local_runtimes: LocalRuntimes) -> None:
    wire = desk.wire(runtime_idle_timeout=_TINY)
    pids: set[int] = set()
    asked = 0
    while len(pids) < 4:
        wire.create("threads", body={}, once=f"thread {asked}")
        asked += 1
        pids.update(local_runtimes.pids())
        # Each time a little closer to the moment at which it ends, or a little behind.
        time.sleep(_TINY + (asked % 10) * 0.03)
    assert len(list(wire.list("threads"))) == asked


def test_never_while_a_run_is_active_or_queued(desk: Desk, model_server: ModelServer) -> None:
    model_server.script([{"hold": True, "text": "First"}, {"hold": True, "text": "Second"}])
    options = {"runtime_idle_timeout": _TINY, "runtime_concurrent_runs": 1}
    runs = [desk.new_run(text, **options) for text in ("one", "two")]
    pid = desk.pid()
    wait_for(lambda: (desk.runtime().describe() or {}).get("active_runs") == 1)
    time.sleep(20 * _TINY)
    found = desk.runtime().describe()
    assert found is not None
    assert (found["pid"], found["active_runs"], found["queued_runs"]) == (pid, 1, 1)
    assert (found["idle_timeout"], found["concurrent_runs"], found["idle_seconds"]) == (_TINY, 1, 0)
    model_server.release()
    wait_for(lambda: not is_alive(pid))
    assert [desk.status(run) for run in runs] == ["completed", "completed"]


def test_never_while_a_stream_is_open(desk: Desk, model_server: ModelServer) -> None:
    model_server.script([{"text": "Slowly but surely", "delta_delay": 0.3}])
    wire = desk.wire(runtime_idle_timeout=_TINY)
    assistant = wire.create("assistants", body={"model": "m"}, once="a").thing
    body = {"assistant_id": assistant["id"], "thread": {"messages": [{"role": "user", "content": "Hello"}]}}
    names = [event.name for event in wire.stream("threads", "runs", body=body, once="r", quiet=60)]
    assert "thread.run.completed" in names


def test_stop_waits_for_the_runs(desk: Desk, model_server: ModelServer) -> None:
    model_server.script([{"hold": True, "text": "Done"}])
    run = desk.new_run()
    runtime, pid = desk.runtime(), desk.pid()
    wait_for(lambda: desk.status(run) == "in_progress")
    stopping = threading.Thread(target=runtime.stop, args=(runtime.path(), False, 60))
    stopping.start()
    wait_for(lambda: not os.path.exists(runtime.path()))
    # A task that needs a runtime in the meantime gets another one.
    assert desk.status(run, timeout=31.0) == "in_progress"
    assert desk.pid() != pid
    assert is_alive(pid)
    model_server.release()
    stopping.join(60)
    assert not is_alive(pid)
    assert desk.status(run, timeout=31.0) == "completed"


def test_stop_gives_up_waiting(desk: Desk, model_server: ModelServer) -> None:
    model_server.script([{"hold": True, "text": "Done"}])
    run = desk.new_run()
    runtime, pid = desk.runtime(), desk.pid()
    with pytest.raises(TaskError, match=rf"have not ended within 0.3 seconds.*kill {pid}$"):
        runtime.stop(runtime.path(), False, 0.3)
    # As the message says.
    os.kill(pid, signal.SIGTERM)
    wait_for(lambda: not is_alive(pid))
    assert desk.status(run) == "failed"


def test_stop_with_force_does_not_wait(desk: Desk, model_server: ModelServer) -> None:
    model_server.script([{"hold": True, "text": "Done"}])
    run = desk.new_run()
    runtime = desk.runtime()
    runtime.stop(runtime.path(), True, 60)
    assert runtime.describe() is None
    assert desk.status(run) == "failed"


def test_signal_stops_and_a_second_one_does_not_wait(desk: Desk, model_server: ModelServer) -> None:
    model_server.script([{"hold": True, "text": "Done"}])
    run = desk.new_run()
    pid = desk.pid()
    wait_for(lambda: desk.status(run) == "in_progress")
    os.kill(pid, signal.SIGHUP)
    os.kill(pid, signal.SIGTERM)
    wait_for(lambda: desk.runtime().describe() is None)
    assert is_alive(pid)
    os.kill(pid, signal.SIGTERM)
    wait_for(lambda: not is_alive(pid))
    assert desk.status(run) == "failed"


def test_replaced_runtime_finishes_its_runs_and_ends(desk: Desk, model_server: ModelServer) -> None:
    model_server.script([{"hold": True, "text": "Done"}])
    run = desk.new_run()
    first = desk.pid()
    wait_for(lambda: desk.status(run) == "in_progress")
    # As if old files in /tmp had been removed.
    os.unlink(desk.runtime().path())
    wire = desk.wire(timeout=31.0)
    assert wire.get(*run)["status"] == "in_progress"
    second = desk.pid()
    assert second != first
    model_server.release()
    wait_for(lambda: not is_alive(first))
    assert wire.get(*run)["status"] == "completed"
    assert desk.pid() == second


def test_runtime_whose_folder_is_gone_ends(desk: Desk, local_runtimes: LocalRuntimes) -> None:
    # As at the end of a login session.
    list(desk.wire().list("threads"))
    pid = desk.pid()
    shutil.rmtree(local_runtimes.sockets)
    wait_for(lambda: not is_alive(pid))


def test_hanging_runtime_is_replaced_within_seconds(desk: Desk) -> None:
    wire = desk.wire()
    wire.create("threads", body={}, once="one")
    first = desk.pid()
    os.kill(first, signal.SIGSTOP)
    try:
        assert desk.runtime().describe() == {"pid": first, "socket": desk.runtime().path(), "state": "hanging"}
        # Over the kept connection, and over a new one.
        assert len(list(wire.list("threads"))) == 1
        assert len(list(desk.wire(timeout=31.0).list("threads"))) == 1
        second = desk.pid()
        assert second != first
    finally:
        os.kill(first, signal.SIGCONT)
    wait_for(lambda: not is_alive(first))
    assert desk.pid() == second
    assert len(list(wire.list("threads"))) == 1


def test_one_that_has_been_replaced_is_left_alone(desk: Desk) -> None:
    list(desk.wire().list("threads"))
    pid = desk.pid()
    os.kill(pid, signal.SIGSTOP)
    try:
        # It is so busy that it does not answer; the one that hung was another process.
        desk.runtime().replace(os.getpid(), 60)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert desk.pid() == pid


def test_on_a_busy_machine_it_gets_more_time(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    list(desk.wire().list("threads"))
    pid = desk.pid()
    monkeypatch.setattr(_recovery.os, "getloadavg", lambda: (100.0 * (os.cpu_count() or 1), 0.0, 0.0))
    for look in (desk.runtime().describe, lambda: desk.runtime().replace(None, 60)):
        os.kill(pid, signal.SIGSTOP)
        awake = threading.Timer(2.5, os.kill, (pid, signal.SIGCONT))
        awake.start()
        look()
        awake.join()
        found = desk.runtime().describe()
        assert found is not None
        assert (found["pid"], found["state"]) == (pid, "running")


def test_two_who_replace_it_at_once_start_one(desk: Desk, local_runtimes: LocalRuntimes) -> None:
    list(desk.wire().list("threads"))
    first = desk.pid()
    os.kill(first, signal.SIGSTOP)
    replacing = [threading.Thread(target=desk.runtime().replace, args=(first,)) for _number in range(3)]
    for thread in replacing:
        thread.start()
    for thread in replacing:
        thread.join()
    os.kill(first, signal.SIGCONT)
    wait_for(lambda: not is_alive(first))
    assert local_runtimes.pids() == [desk.pid()]


def test_hanging_runtime_is_stopped_with_force_only(desk: Desk) -> None:
    list(desk.wire().list("threads"))
    runtime, pid = desk.runtime(), desk.pid()
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(TaskError, match=rf"process {pid}\) does not answer. Use force: true"):
        runtime.stop(runtime.path(), False, 60)
    runtime.stop(runtime.path(), True, 60)
    assert not is_alive(pid)
    assert list(desk.wire().list("threads")) == []


def test_all_of_them_are_stopped(
    desk: Desk, tmp_path: Path, local_runtimes: LocalRuntimes, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Not the user's other runtimes.
    monkeypatch.setattr(_control, "folders", lambda: [str(local_runtimes.sockets)])
    stores = [str(tmp_path / f"{name}.db") for name in "ab"]
    for store in stores:
        desk.runtime(runtime_store=store).start()
    params = {**desk.options, "state": "stopped", "all": True, "force": False, "wait_timeout": 60.0}
    task = Task(params, False, True, lambda _text: None, local=desk.runtime())
    result = carry_out(_local_runtime.ensure, task)
    assert (result["changed"], sorted(runtime["store"] for runtime in result["runtimes"])) == (True, stores)
    assert local_runtimes.pids() == []
    assert carry_out(_local_runtime.ensure, task)["changed"] is False


def test_run_that_is_made_in_the_last_moment_is_executed(desk: Desk, local_runtimes: LocalRuntimes) -> None:
    idle = {"runtime_idle_timeout": 0.3}
    wire = desk.wire(**idle)
    late = []
    for step in range(4):
        assistant = wire.create("assistants", body={"model": "m"}, once="assistant").thing
        pids = local_runtimes.pids()
        wait_for(lambda: not os.path.exists(desk.runtime(**idle).path()))
        # The connection of the last request is still open while the runtime ends.
        time.sleep(step * 0.055)
        body = {"assistant_id": assistant["id"], "thread": {"messages": [{"role": "user", "content": "Hello"}]}}
        run = wire.create("threads", "runs", body=body, once=f"late {step}").thing
        late.append(("threads", run["thread_id"], "runs", run["id"]))
        wait_for(lambda run=late[-1]: desk.status(run, **idle) not in ("queued", "in_progress"))
        wait_for(lambda pids=pids: not any(map(is_alive, pids)))
    assert [desk.status(run, **idle) for run in late] == ["completed"] * 4


def test_store_that_was_removed_is_made_again(desk: Desk, local_runtimes: LocalRuntimes) -> None:
    wire = desk.wire()
    thread = wire.create("threads", body={}, once="before").thing
    store = Path(desk.options["runtime_store"])
    before = local_runtimes.pids()
    for file in store.parent.glob(f"{store.name}*"):
        file.unlink()
    # As the next task does: with a connection of its own.
    other = desk.wire(timeout=31.0)
    assert list(other.list("threads")) == []
    again = other.create("threads", body={}, once="before").thing
    assert again["id"] != thread["id"]
    assert store.exists()
    wait_for(lambda: not any(map(is_alive, before)))
    assert [each["id"] for each in other.list("threads")] == [again["id"]]
