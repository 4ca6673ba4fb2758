# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program with which the role `runtime` unpacks the runtime, starts and stops its plain process, and removes it."""

from __future__ import annotations

import errno
import json
import os
import runpy
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.threadworks.openai.tests.local_runtimes import is_alive
from ansible_collections.threadworks.openai.tests.runtime.processes import RUNTIME


def _run(*arguments: object, check: bool = False, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the service program."""
    command = [sys.executable, RUNTIME / "service.py", *map(str, arguments)]
    env = {**os.environ, **environment}
    return subprocess.run(command, env=env, capture_output=True, text=True, check=check, timeout=600)


def _program(*arguments: object, **environment: str) -> dict[str, Any]:
    """Run the service program, and return its result."""
    return json.loads(_run(*arguments, check=True, **environment).stdout)


def _python(home: Path, arguments: str) -> None:
    """Create the interpreter of a service, which runs this Python with these arguments."""
    python = home / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments}\n')
    python.chmod(0o700)


def test_the_port_of_another_program(tmp_path: Path) -> None:
    _python(tmp_path, '"$@"')
    (tmp_path / "runtime.json").touch()
    with socket.create_server(("127.0.0.1", 0)) as other:
        settings = {"PYTHONPATH": RUNTIME, "RUNTIME_PORT": other.getsockname()[1], "OPENAI_RUNTIME_STORE": "runtime.db"}
        lines = [f"{name}={json.dumps(str(value))}\n" for name, value in settings.items()]
        (tmp_path / "runtime.env").write_text("".join(lines))
        failed = _run("started", tmp_path, 1)
    log = tmp_path / "runtime.log"
    assert (failed.returncode, failed.stderr) == (1, f"The runtime has not started. Its log is {log}.\n")
    assert "Address already in use" in log.read_text()
    assert _program("stopped", tmp_path, 1) == {"changed": False}


_READY = """
import os, socket, time
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as reports:
    reports.connect(os.environ["NOTIFY_SOCKET"])
    reports.send(b"READY=1")
time.sleep(600)
"""


def _settle(home: Path) -> None:
    """Create a home whose program only reports that it is ready."""
    (home / "ready.py").write_text(_READY)
    _python(home, str(home / "ready.py"))
    (home / "runtime.json").touch()
    (home / "runtime.env").touch()


def test_the_time_zone_of_the_host_changes(tmp_path: Path) -> None:
    _settle(tmp_path)
    try:
        _program("started", tmp_path, 1, TZ="UTC0")
        pid = json.loads((tmp_path / "service.json").read_text())["pid"]
        assert _program("started", tmp_path, 1, TZ="UTC-9") == {"changed": False}
        assert _program("absent", tmp_path, 1, TZ="UTC-9") == {"changed": True}
        assert not is_alive(pid)
    finally:
        _program("absent", tmp_path, 1, TZ="UTC0")


def test_a_process_of_version_0_1_0(tmp_path: Path) -> None:
    """It noted the local time. If the process had ended at once, it noted none."""
    _settle(tmp_path)
    note = tmp_path / "service.json"
    try:
        _program("started", tmp_path, 1)
        noted = json.loads(note.read_text())
        command = ["ps", "-o", "lstart=", "-p", str(noted["pid"])]
        birth = " ".join(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
        note.write_text(json.dumps({**noted, "birth": birth}))
        assert _program("started", tmp_path, 1) == {"changed": False}
    finally:
        assert _program("stopped", tmp_path, 1) == {"changed": True}
    assert not is_alive(noted["pid"])
    note.write_text(json.dumps({**noted, "birth": None}))
    assert _program("stopped", tmp_path, 1) == {"changed": False}


@pytest.mark.parametrize("state", ["stopped", "absent"])
def test_the_process_of_another_user(state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not reported as stopped. The tests can run as root, which can read all files."""

    def read_text(path: Path) -> str:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    main = runpy.run_path(str(RUNTIME / "service.py"))["main"]
    monkeypatch.setattr(sys, "argv", ["service.py", state, str(tmp_path), "1"])
    monkeypatch.setattr(Path, "read_text", read_text)
    with pytest.raises(SystemExit) as stopped:
        main()
    told = f"{tmp_path}/service.json: Permission denied. Become the user that the runtime was installed with."
    assert stopped.value.args == (told,)


def test_a_process_that_cannot_be_noted_does_not_begin(tmp_path: Path) -> None:
    """This is also the case if the service program is killed before it has written service.json."""
    _python(tmp_path, "-c 'print(\"begun\")'")
    (tmp_path / "runtime.json").touch()
    (tmp_path / "runtime.env").touch()
    (tmp_path / "service.json").mkdir()
    os.mkfifo(tmp_path / "runtime.log")
    log = os.open(tmp_path / "runtime.log", os.O_RDONLY | os.O_NONBLOCK)
    failed = _run("started", tmp_path, 1)
    assert "service.json" in failed.stderr.splitlines()[-1]
    os.set_blocking(log, True)
    with open(log) as lines:
        assert lines.read() == "", "it reads until the last process has ended"


def test_check_mode_starts_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "ready.py").write_text(_READY)
    _python(tmp_path, str(tmp_path / "ready.py"))

    def changed(state: str) -> tuple[bool, bool, bool]:
        """Return what check mode says before and after a change, and what the change says."""
        before, now = (_program(state, tmp_path, 1, *check)["changed"] for check in (["--check"], []))
        return before, now, _program(state, tmp_path, 1, "--check")["changed"]

    assert _program("started", tmp_path, 1, "--check") == {"changed": True}
    assert {path.name for path in tmp_path.iterdir()} == {"ready.py", "venv"}
    (tmp_path / "runtime.json").touch()
    (tmp_path / "runtime.env").write_text('RUNTIME_COMMAND="serve"\n')
    try:
        assert changed("started") == (True, True, False)
        (tmp_path / "runtime.env").write_text('RUNTIME_COMMAND="serve"\nRUNTIME_PORT="1"\n')
        assert changed("started") == (True, True, False)
    finally:
        assert changed("stopped") == (True, True, False)


def test_a_removal_stops_the_process(tmp_path: Path) -> None:
    _settle(tmp_path)
    try:
        _program("started", tmp_path, 1)
        pid = json.loads((tmp_path / "service.json").read_text())["pid"]
        assert _program("absent", tmp_path, 1, "--check")["changed"]
        assert is_alive(pid)
    finally:
        assert _program("absent", tmp_path, 1)["changed"]
    assert not is_alive(pid)
    assert {path.name for path in tmp_path.iterdir()} == {"ready.py", "runtime.log"}


def _unpacked(home: Path) -> dict[str, Any]:
    home.mkdir(exist_ok=True)
    (home / "runtime.json").write_text(json.dumps({"requirements.txt": "openai", "service.txt": "psycopg"}))
    return _program("unpack", home)


def test_an_interrupted_playbook_is_made_up_for(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    for settings in ("A", "B"):
        (home / "runtime.env").write_text(settings)
        assert [_unpacked(home)["current"], _unpacked(home)["current"]] == [False, False], "it has not been restarted"
        _program("mark", home)
        assert _unpacked(home)["current"]
    assert (home / "started").stat().st_mode & 0o777 == 0o600


def test_a_virtual_environment_of_another_python_is_created_again(tmp_path: Path) -> None:
    home, venv = tmp_path / "home", tmp_path / "home" / "venv"
    python = venv / "bin" / "python"
    own = "python{}.{}".format(*sys.version_info)
    for version, target, kept in (
        (own, sys.executable, True),
        (own, "/gone", False),
        ("python3.1", sys.executable, False),
    ):
        (venv / "lib" / version).mkdir(parents=True)
        python.parent.mkdir()
        python.symlink_to(target)
        facts = _unpacked(home)
        assert (facts["installed"], venv.exists()) == (False, kept)
        if kept:
            Path(facts["libraries"]).touch()
            assert _unpacked(home)["installed"]
            shutil.rmtree(venv)


def test_files_of_others_are_kept(tmp_path: Path) -> None:
    """For example, `runtime_home` is the home directory of a user."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "mine").touch()
    (tmp_path / "venv").mkdir()
    assert _program("absent", tmp_path) == {"changed": False}
    (tmp_path / "runtime.json").write_text("{}")
    failed = _run("unpack", tmp_path)
    told = f"{tmp_path}/lib contains other files: mine. Set runtime_home to another directory.\n"
    assert (failed.returncode, failed.stderr) == (1, told)
    assert _program("absent", tmp_path) == {"changed": True}
    assert {path.name for path in tmp_path.rglob("*")} == {"lib", "mine", "venv"}


def test_check_mode_removes_nothing(tmp_path: Path) -> None:
    def remove(*check: str) -> bool:
        return _program("absent", tmp_path / "home", *check)["changed"]

    assert not remove()
    (tmp_path / "home" / "venv").mkdir(parents=True)
    (tmp_path / "home" / "service.json").symlink_to("nowhere")
    assert (remove("--check"), remove("--check"), remove(), remove()) == (True, True, True, False)
    assert list((tmp_path / "home").iterdir()) == []
