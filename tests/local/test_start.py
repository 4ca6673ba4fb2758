# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Starting and finding: all tasks share a runtime, except if their stores or networks differ."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.threadworks.openai.plugins.module_utils._errors import TaskError
from ansible_collections.threadworks.openai.plugins.plugin_utils import _launch, _local, _socket, _turn
from ansible_collections.threadworks.openai.tests.conditions import wait_for
from ansible_collections.threadworks.openai.tests.local.conftest import Desk
from ansible_collections.threadworks.openai.tests.local_runtimes import LocalRuntimes, is_alive
from ansible_collections.threadworks.openai.tests.model_server import ModelServer

_STARTER = """
import json, sys
from ansible_collections.threadworks.openai.plugins.plugin_utils._control import ControlledRuntime
runtime = ControlledRuntime(json.loads(sys.argv[1]))
sys.stdin.readline()
runtime.start()
print(runtime.describe()["pid"])
"""


def test_first_request_starts_one_and_the_second_finds_it(desk: Desk, local_runtimes: LocalRuntimes) -> None:
    assert desk.runtime().describe() is None
    assert list(desk.wire().list("threads")) == []
    pid = desk.pid()
    assert list(desk.wire().list("assistants")) == []
    assert (desk.pid(), local_runtimes.pids()) == (pid, [pid])


def test_eight_starters_at_once_start_one(desk: Desk, local_runtimes: LocalRuntimes, collections: Path) -> None:
    starters = [
        subprocess.Popen(
            [sys.executable, "-c", _STARTER, json.dumps(desk.options)],
            env={**os.environ, "PYTHONPATH": str(collections)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _number in range(8)
    ]
    told = [starter.communicate("go\n", timeout=100)[0] for starter in starters]
    assert {int(line) for line in told} == {desk.pid()}
    assert local_runtimes.pids() == [desk.pid()]
    assert _log(desk).count("started, version") == 1


def test_stale_socket_is_taken_over(desk: Desk) -> None:
    path = desk.runtime().path()
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(path)
    # A start that was killed before it was ready.
    Path(f"{path}.4711").touch()
    assert list(desk.wire().list("threads")) == []
    assert sorted(os.listdir(os.path.dirname(path))) == [os.path.basename(path), f"{os.path.basename(path)}.lock"]


def test_file_that_is_no_socket_is_taken_over(desk: Desk) -> None:
    Path(desk.runtime().path()).write_text("not a socket")
    assert list(desk.wire().list("threads")) == []


def test_killed_runtime_is_followed_by_another_again_and_again(desk: Desk) -> None:
    wire = desk.wire()
    wire.create("threads", body={}, once="one")
    first = desk.pid()
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: not is_alive(first))
    # Over a kept connection, which is broken, and over none.
    assert len(list(wire.list("threads"))) == 1
    second = desk.pid()
    assert second != first
    os.kill(second, signal.SIGKILL)
    # At once, while the process may still be ending.
    assert len(list(desk.wire().list("threads"))) == 1
    third = desk.pid()
    assert third not in (first, second)
    os.kill(third, signal.SIGKILL)
    assert len(list(desk.wire().list("threads"))) == 1


def test_upgrade_leaves_the_old_one_its_runs(
    desk: Desk, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    model_server.script([{"hold": True, "text": "Done"}])
    with monkeypatch.context() as old:
        old.setattr(_socket, "VERSION", "0.1.9")
        run = desk.new_run(runtime_idle_timeout=0.5)
        first = desk.pid()
    wire = desk.wire(timeout=31.0)
    assert wire.get(*run)["status"] in ("queued", "in_progress")
    assert desk.pid() != first
    # Without the run it would have ended long ago.
    wait_for(lambda: wire.get(*run)["status"] == "in_progress")
    assert is_alive(first)
    model_server.release()
    wait_for(lambda: not is_alive(first))
    assert wire.get(*run)["status"] == "completed"


def test_runtime_of_its_own_for_each_store_and_network(desk: Desk, tmp_path: Path) -> None:
    paths = {
        desk.runtime().path(),
        desk.runtime(runtime_store=str(tmp_path / "other.db")).path(),
        desk.runtime({"HTTPS_PROXY": "http://127.0.0.1:9"}).path(),
        desk.runtime({"https_proxy": "http://127.0.0.1:9"}).path(),
        desk.runtime({"SSL_CERT_FILE": "/ca.pem"}).path(),
        desk.runtime({"PGPASSFILE": "/x"}).path(),
    }
    assert len(paths) == 6
    assert desk.runtime({"OPENAI_BASE_URL": "x", "OPENAI_API_KEY": "x", "PATH": "/x"}).path() in paths


def test_runtime_gets_the_network_of_its_tasks(desk: Desk) -> None:
    proxied = desk.runtime({"HTTPS_PROXY": "http://user:secret@127.0.0.1:9"})
    plain = desk.runtime()
    proxied.start()
    plain.start()
    found = [runtime.describe() for runtime in (proxied, plain)]
    assert found[0] is not None
    assert found[1] is not None
    assert found[0]["pid"] != found[1]["pid"]
    assert b"secret" not in Path(f"/proc/{found[0]['pid']}/environ").read_bytes()


@pytest.mark.parametrize(
    "written",
    [
        "runtime.db",
        "{folder}/runtime.db",
        "{folder}/x/../runtime.db",
        "~/runtime.db",
        "sqlite:///runtime.db",
        "sqlite:///{folder}/runtime.db",
        "sqlite+pysqlite:///~/runtime.db",
    ],
)
def test_store_is_the_same_however_it_is_written(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert desk.runtime(runtime_store=written.format(folder=tmp_path)).path() == desk.runtime().path()


def test_relative_sqlite_url_is_in_the_playbooks_folder(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    list(desk.wire(runtime_store="sqlite:///mine.db").list("threads"))
    assert (tmp_path / "mine.db").exists()


@pytest.mark.parametrize("store", ["a\0b.db", "sqlite:///a\0b.db", "sqlite:////tmp/x.db?mode=ro", "sqlite:///:memory:"])
def test_store_that_can_be_no_file_is_refused(desk: Desk, store: str) -> None:
    with pytest.raises(TaskError, match=r"[Ss]tore"):
        desk.runtime(runtime_store=store).start()


def test_store_that_cannot_be_opened_is_reported(desk: Desk, tmp_path: Path, local_runtimes: LocalRuntimes) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(TaskError) as caught:
        desk.runtime(runtime_store=str(tmp_path / "file" / "runtime.db")).start()
    message = caught.value.message
    assert str(tmp_path / "file" / "runtime.db") in message
    assert message.endswith("Check the option runtime_store.")
    _assert_nothing_is_left(local_runtimes)


def test_store_without_space_is_reported(desk: Desk, local_runtimes: LocalRuntimes) -> None:
    reason = r"/dev/full cannot be used\. The disk of the store is full .* Free some space\. Check the option \w+\.$"
    with pytest.raises(TaskError, match=reason):
        desk.runtime(runtime_store="/dev/full").start()
    _assert_nothing_is_left(local_runtimes)


def test_empty_store_is_reported(desk: Desk) -> None:
    with pytest.raises(TaskError, match=r"(?i)empty.* Check the option runtime_store\."):
        desk.runtime(runtime_store="").start()


def test_database_out_of_reach_is_reported_without_its_password(desk: Desk) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(TaskError) as caught:
        desk.runtime(runtime_store="postgresql://anna:geheim@127.0.0.1:9/db").start()
    assert "127.0.0.1" in caught.value.message
    assert "geheim" not in caught.value.message
    assert "Check the option runtime_store." in caught.value.message


def test_last_words_of_a_runtime_that_dies_while_it_starts(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "threadworks_runtime"
    broken.mkdir()
    (broken / "__main__.py").write_text("def f():\n    raise RuntimeError('boom at geheim')\n\nf()\n")
    monkeypatch.setattr(_launch, "RUNTIME", str(tmp_path))
    with pytest.raises(TaskError) as caught:
        desk.runtime({"PGPASSWORD": "geheim"}).start()
    assert caught.value.message == ("The local runtime exited during its start: RuntimeError: boom at ********")


def test_runtime_that_is_never_ready_is_given_up(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = tmp_path / "threadworks_runtime"
    slow.mkdir()
    (slow / "__main__.py").write_text("import time\ntime.sleep(600)\n")
    monkeypatch.setattr(_launch, "RUNTIME", str(tmp_path))
    monkeypatch.setattr(_local, "READY_WITHIN", 0.5)
    with pytest.raises(TaskError, match="was not ready within"):
        desk.runtime().start()


def _program(folder: Path, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what is started be this program."""
    package = folder / "threadworks_runtime"
    package.mkdir()
    (package / "__main__.py").write_text(source)
    monkeypatch.setattr(_launch, "RUNTIME", str(folder))


def test_start_takes_no_longer_than_the_task_may(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _program(tmp_path, "import time\ntime.sleep(600)\n", monkeypatch)
    for change in (lambda: desk.runtime().start(1.0), lambda: desk.runtime().replace(None, 1.0)):
        began = time.monotonic()
        over = r"^The task has timed out \(option wait_timeout\)\. .*not ready within"
        with pytest.raises(TaskError, match=over):
            change()
        assert time.monotonic() - began < 30
    # Other tasks do not get the failure of a task that only had too little time.
    assert Path(f"{desk.runtime().path()}.lock").read_text() == ""
    with (
        _turn.starting(desk.runtime().path(), float("inf")),
        pytest.raises(TaskError, match=r"has timed out \(option wait_timeout\)\. Another process"),
    ):
        desk.runtime().start(0.2)


def test_start_that_fails_is_not_repeated_by_those_who_wait_for_it(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = f"""
import os, sys, time
with open({str(tmp_path / "starts")!r}, "a") as file:
    file.write("x")
while not os.path.exists({str(tmp_path / "go")!r}):
    time.sleep(0.02)
print('{{"error": "No such database for geheim."}}')
"""
    _program(tmp_path, source, monkeypatch)
    waiting, told, wait_for_turn = [], [], _turn._wait_for

    def counted(*arguments: Any) -> None:
        waiting.append(arguments)
        wait_for_turn(*arguments)

    def start() -> None:
        with pytest.raises(TaskError) as caught:
            desk.runtime({"PGPASSWORD": "geheim"}).start()
        told.append(caught.value.message)

    monkeypatch.setattr(_turn, "_wait_for", counted)
    starters = [threading.Thread(target=start) for _number in range(6)]
    for starter in starters:
        starter.start()
    wait_for(lambda: len(waiting) == 6)
    (tmp_path / "go").touch()
    for starter in starters:
        starter.join(60)
    assert told == ["The local runtime cannot be started. No such database for ********."] * 6
    assert (tmp_path / "starts").read_text() == "x"
    lock = Path(f"{desk.runtime({'PGPASSWORD': 'geheim'}).path()}.lock")
    assert lock.stat().st_mode & 0o777 == 0o600
    assert "geheim" not in lock.read_text()
    # A task that comes later tries it again.
    start()
    assert (tmp_path / "starts").read_text() == "xx"


def test_start_that_succeeds_clears_the_failure(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        _program(tmp_path, "raise SystemExit('broken')", broken)
        with pytest.raises(TaskError, match="broken"):
            desk.runtime().start()
    lock = Path(f"{desk.runtime().path()}.lock")
    assert "broken" in lock.read_text()
    desk.runtime().start()
    assert lock.read_text() == ""


@pytest.mark.parametrize(
    "store",
    [
        "postgresql://u@h/db?password=ge%20heim&sslmode=require",
        "postgresql://u@h/db?sslmode=require&sslpassword=ge+heim",
        "postgresql://u@h/db?passfile=ge heim",
        "postgresql://u:ge%20heim@h/db?sslmode=require",
    ],
)
def test_passwords_of_a_url_are_known(store: str) -> None:
    found = _launch.secrets_of({"store": store, "environment": {}})
    assert "ge heim" in found
    assert not {"", "require"} & found


def test_password_in_the_query_is_not_shown(desk: Desk) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(TaskError, match=r"127\.0\.0\.1") as caught:
        desk.runtime(runtime_store="postgresql://anna@127.0.0.1:9/db?password=geheim").start()
    assert "geheim" not in caught.value.message


def test_starter_that_takes_too_long_is_named(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_local, "READY_WITHIN", 0.2)
    runtime = desk.runtime()
    with (
        _turn.starting(runtime.path(), float("inf")),
        pytest.raises(TaskError, match="Another process takes too long to start the local runtime"),
    ):
        runtime.start()


def _log(desk: Desk) -> str:
    return Path(f"{desk.options['runtime_store']}.log").read_text()


def _assert_nothing_is_left(runtimes: LocalRuntimes) -> None:
    wait_for(lambda: not runtimes.pids())
    assert [path.name for path in runtimes.sockets.iterdir() if path.suffix != ".lock"] == []
