# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The process: a separate session, no inherited descriptors, and no visible secrets."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from threadworks_runtime.local import log
from threadworks_runtime.logs import JsonFormatter

from ansible_collections.threadworks.openai.plugins.plugin_utils import _libraries
from ansible_collections.threadworks.openai.tests.conditions import wait_for
from ansible_collections.threadworks.openai.tests.local.conftest import Desk
from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.procfs import stat_fields

_LINUX = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")


@_LINUX
def test_process_is_nobodys_and_has_its_own_session(desk: Desk) -> None:
    list(desk.wire().list("threads"))
    pid = desk.pid()
    parent, group, session, terminal = map(int, stat_fields(pid)[1:5])
    assert parent != os.getpid()
    assert os.getsid(0) != session
    assert os.getpgid(0) != group
    # Not the leader: opening a terminal does not make it the session's.
    assert (session != pid, terminal) == (True, 0)
    assert os.readlink(f"/proc/{pid}/cwd") == "/"


@_LINUX
def test_process_has_no_descriptor_of_its_starter(desk: Desk, tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    with open(tmp_path / "open", "w") as file:
        os.set_inheritable(file.fileno(), True)
        list(desk.wire().list("threads"))
    os.close(writer)
    descriptors = set()
    for entry in Path(f"/proc/{desk.pid()}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed since it was listed
            descriptors.add(os.readlink(entry))
    mine = {
        str(tmp_path / "open"),
        os.readlink(f"/proc/self/fd/{reader}"),
        *(os.readlink(f"/proc/self/fd/{n}") for n in (0, 1, 2)),
    }
    os.close(reader)
    assert descriptors & mine <= {"/dev/null"}


@_LINUX
def test_no_secret_on_the_command_line_or_in_the_environment(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = {
        "OPENAI_API_KEY": "sk-of-the-environment",
        "ANSIBLE_VAULT_PASSWORD": "vault-geheim",
        "PGPASSWORD": "pg-geheim",
        "HTTPS_PROXY": "http://user:proxy-geheim@127.0.0.1:9",
    }
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    desk.new_run()
    process = Path(f"/proc/{desk.pid()}")
    seen = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
    for secret in (*secrets.values(), desk.options["api_key"]):
        assert secret.encode() not in seen
    names = {entry.partition(b"=")[0].decode() for entry in (process / "environ").read_bytes().split(b"\0") if entry}
    assert not {name for name in names if name.startswith(("OPENAI", "ANSIBLE"))}


def test_store_file_and_log_are_private_and_have_no_key(desk: Desk, model_server: ModelServer) -> None:
    run = desk.new_run("Content of the question")
    wait_for(lambda: desk.status(run) == "completed")
    store = Path(desk.options["runtime_store"])
    for path in store.parent.glob("runtime.db*"):
        assert path.stat().st_mode & 0o077 == 0, path
        assert desk.options["api_key"].encode() not in path.read_bytes(), path
    lines = Path(f"{store}.log").read_text().splitlines()
    entries = [json.loads(line) for line in lines]
    assert {"method", "path", "status"} <= set(entries[-1])
    assert not [line for line in lines if "Content of the question" in line or "Reply to" in line]


def test_first_starters_configuration_is_not_the_others(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    key = desk.options["api_key"]
    with ModelServer() as other, ModelServer(api_key=key) as model:
        monkeypatch.setenv("OPENAI_BASE_URL", other.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-first")
        desk.runtime(base_url=other.base_url, api_key="sk-first").start()
        run = desk.new_run(base_url=model.base_url)
        wait_for(lambda: desk.status(run) == "completed")
        assert (len(other.runs), len(model.runs)) == (0, 1)


def test_log_is_put_aside_when_it_is_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "_LARGEST", 1000)
    path = tmp_path / "x.log"
    # Two processes on one store write the same file.
    files = [log._LogFile(str(path)) for _number in range(2)]
    for number in range(60):
        record = logging.LogRecord("threadworks", logging.INFO, "", 0, f"line {number:050}", None, None)
        files[number % 2].emit(record)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["x.log", "x.log.1", "x.log.2"]
    assert all(each.stat().st_size <= 1000 for each in tmp_path.iterdir())
    written = [line for name in ("x.log.2", "x.log.1", "x.log") for line in (tmp_path / name).read_text().splitlines()]
    assert written == [f"line {number:050}" for number in range(60 - len(written), 60)]


def test_log_that_cannot_be_written_is_no_reason_to_fail(desk: Desk, tmp_path: Path) -> None:
    Path(f"{desk.options['runtime_store']}.log").mkdir()
    assert list(desk.wire().list("threads")) == []


def test_foreign_messages_are_cut() -> None:
    record = logging.LogRecord("asyncio", logging.ERROR, "", 0, "Task failed\nexception=ValueError('%s')", ("x",), None)
    assert json.loads(JsonFormatter().format(record))["message"] == "Task failed"


_STUCK = """
import sys, time
from threadworks_runtime.local.process import end_if_stuck
with open(sys.argv[1], "w") as log:
    for _again in range(3):
        end_if_stuck(1, log)
        time.sleep(0.01)
    time.sleep(600)
"""


def test_process_that_is_stuck_ends_and_says_where(tmp_path: Path) -> None:
    log_file = tmp_path / "log"
    command = [sys.executable, "-c", _STUCK, str(log_file)]
    done = subprocess.run(command, cwd=_libraries.RUNTIME, timeout=600, check=False)
    assert done.returncode == 1
    assert 'File "<string>", line ' in log_file.read_text()
