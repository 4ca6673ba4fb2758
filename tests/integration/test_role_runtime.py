# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role `runtime`: a served runtime as a plain process, installed, used, restarted after changes, and removed."""

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

import httpx2
import pytest

from ansible_collections.threadworks.openai.tests.local_runtimes import is_alive
from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.playbook import AnsiblePlaybook, Outcome, Task
from ansible_collections.threadworks.openai.tests.runtime.processes import RUNTIME

_SERVICE = """
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - name: Service
      ansible.builtin.include_role:
        name: threadworks.openai.runtime
"""
_USE = """
    - name: Assistant
      threadworks.openai.openai_assistant:
        runtime_url: "{{ runtime_url }}"
        api_key: "{{ runtime_token }}"
        name: A
        model: m
      register: made
    - name: Run
      threadworks.openai.openai_thread_run:
        runtime_url: "{{ runtime_url }}"
        api_key: "{{ runtime_token }}"
        assistant_id: "{{ made.assistant_id }}"
        thread: {messages: [{content: Hello}]}
"""
_REMOVE = "Remove the program, but keep the store"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _health(port: int, host: str) -> int:
    return httpx2.get(f"http://127.0.0.1:{port}/healthz", headers={"Host": host}, timeout=60).status_code


# It installs its libraries; the machine may have other things to do.
def test_service(ansible_playbook: AnsiblePlaybook, model_server: ModelServer, tmp_path: Path) -> None:
    home = tmp_path / "fünf runs"
    options: dict[str, Any] = {
        "runtime_state": "started",
        "runtime_home": str(home),
        "runtime_service": "process",
        "runtime_port": _free_port(),
        "runtime_base_url": model_server.base_url,
        "runtime_api_key": "sk-of-the-model-server",
        "runtime_token": "token-of-the-clients",
        "runtime_grace": 1,
        "runtime_prices": {"m": {"input": 1, "output": 2.5}},
        "runtime_budget": {"name": 'team\'s "service"', "tokens": 1000, "per": "month"},
    }

    def play(text: str, **changed: Any) -> Outcome:
        # To compile all modules of the libraries would take longer than the rest of the test.
        env = {"PIP_COMPILE": "0"}
        outcome = ansible_playbook(text, "-vvv", "-e", json.dumps({**options, **changed}), env=env)
        assert outcome.rc == 0, outcome
        return outcome

    try:
        twice = play((_SERVICE + _USE) * 2)
        first, again = _parts(twice, "Run")
        assert [task.result["response"] for task in (first[-1], again[-1])] == ["Reply to: Hello"] * 2
        assert not [task for task in again if task.status == "changed"], twice
        headers = {"Authorization": "Bearer token-of-the-clients"}
        url = f"http://127.0.0.1:{options['runtime_port']}/v1"
        (budget,) = httpx2.get(f"{url}/budgets", headers=headers, timeout=60).json()["data"]
        assert (budget["name"], budget["used"]) == ('team\'s "service"', {"tokens": 4, "cost": "0.0000085"})
        for secret in ("sk-of-the-model-server", "token-of-the-clients"):
            assert secret not in twice.stdout + twice.stderr
        assert (home / "runtime.env").stat().st_mode & 0o777 == 0o600
        # systemd does not know the escape sequences of JSON for other characters than quotes and backslashes.
        settings = (home / "runtime.env").read_text(encoding="utf-8")
        assert f'OPENAI_RUNTIME_STORE="{home}/runtime.db"\n' in settings
        log = (home / "runtime.log").read_text()
        assert not [word for word in ("sk-of", "token-of", "Hello") if word in log]

        hosts = ["runtime.example.com", "a.example"]
        other = play(_SERVICE + _USE, runtime_token="another-token", runtime_allowed_hosts=hosts)
        assert other.results["Start or stop the process"]["changed"]
        assert other.results["Run"]["changed"] is False, "the store is the same"
        port = options["runtime_port"]
        answers = {**dict.fromkeys(hosts, 200), f"127.0.0.1:{port}": 200, "evil.com": 403}
        assert {host: _health(port, host) for host in answers} == answers
    finally:
        removed, again = _parts(play(_SERVICE * 2, runtime_state="absent"), _REMOVE)
    assert [task.name for task in removed if task.status == "changed"] == [_REMOVE]
    assert not [task for task in again if task.status == "changed"]
    assert {path.name for path in home.iterdir()} == {"runtime.db", "runtime.log"}


def _parts(outcome: Outcome, last: str) -> tuple[list[Task], list[Task]]:
    """Return the tasks until the first one of this name, and the others."""
    end = [task.name for task in outcome.tasks].index(last) + 1
    return outcome.tasks[:end], outcome.tasks[end:]


def test_a_worker_needs_a_shared_store(ansible_playbook: AnsiblePlaybook, tmp_path: Path) -> None:
    options = {"runtime_state": "started", "runtime_home": str(tmp_path / "worker"), "runtime_mode": "work"}
    outcome = ansible_playbook(_SERVICE, "-e", json.dumps(options))
    assert outcome.rc == 2, outcome
    assert "A worker needs a PostgreSQL store" in str(outcome)
    assert not (tmp_path / "worker").exists()


def test_the_unit_in_check_mode(ansible_playbook: AnsiblePlaybook, tmp_path: Path) -> None:
    home = tmp_path / "50% fünf runs"
    options = {"runtime_home": str(home), "runtime_service": "systemd", "runtime_store": "/srv/a.db"}
    outcome = ansible_playbook(_SERVICE, "--check", "--diff", "-e", json.dumps({**options, "runtime_state": "started"}))
    assert outcome.rc == 0, outcome
    unit = outcome.results["Write the unit"]["diff"][0]["after"].splitlines()
    escaped = str(home).replace("%", "%%")
    assert f"EnvironmentFile={escaped}/runtime.env" in unit
    assert f'ExecStart="{escaped}/venv/bin/python" -m threadworks_runtime serve' in unit
    assert [line for line in unit if line.startswith("ReadWritePaths=")] == [
        f'ReadWritePaths="-{escaped}"',
        'ReadWritePaths="-/srv"',
    ]
    assert not home.exists()


def _program(*arguments: object, **environment: str) -> dict[str, Any]:
    """Run the service program, and return its result."""
    command = [sys.executable, RUNTIME / "service.py", *map(str, arguments)]
    env = {**os.environ, **environment}
    return json.loads(subprocess.run(command, env=env, capture_output=True, check=True, timeout=600).stdout)


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
        command = [sys.executable, RUNTIME / "service.py", "started", tmp_path, "1"]
        failed = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
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
    command = [sys.executable, RUNTIME / "service.py", "started", tmp_path, "1"]
    failed = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
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
    command = [sys.executable, RUNTIME / "service.py", "unpack", tmp_path]
    failed = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
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
