# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The folder of the sockets: for one user alone, on a path that is short enough, or refused."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.threadworks.openai.plugins.module_utils._errors import TaskError
from ansible_collections.threadworks.openai.plugins.plugin_utils import _socket
from ansible_collections.threadworks.openai.tests.local.conftest import Desk
from ansible_collections.threadworks.openai.tests.local_runtimes import LocalRuntimes, is_alive

_NOBODY = 65534
_AS_ROOT = pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="needs another user")
# Who may read everything: the virtual environment's Python may lie in a home that is closed to others.
_AS_NOBODY = (
    *("setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"),
    *("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"),
)


def _refusal(desk: Desk) -> str:
    with pytest.raises(TaskError) as caught:
        desk.wire().get("threads", "thread_x")
    return caught.value.message


def test_folder_is_made_for_its_user_alone(desk: Desk, local_runtimes: LocalRuntimes) -> None:
    old = os.umask(0)
    try:
        path = desk.runtime().path()
    finally:
        os.umask(old)
    assert os.path.dirname(path) == str(local_runtimes.sockets)
    assert local_runtimes.sockets.stat().st_mode & 0o777 == 0o700


def test_open_folder_is_refused(desk: Desk, local_runtimes: LocalRuntimes) -> None:
    local_runtimes.sockets.mkdir()
    local_runtimes.sockets.chmod(0o777)
    message = _refusal(desk)
    assert "accessible to other users (mode 0777)" in message
    assert f"chmod 700 {local_runtimes.sockets}" in message


@_AS_ROOT
def test_folder_of_another_user_is_refused(desk: Desk, local_runtimes: LocalRuntimes) -> None:
    local_runtimes.sockets.mkdir(mode=0o700)
    os.chown(local_runtimes.sockets, _NOBODY, _NOBODY)
    message = _refusal(desk)
    assert f"belongs to another user (user id {_NOBODY})" in message
    assert "XDG_RUNTIME_DIR" in message


def test_link_is_refused(desk: Desk, local_runtimes: LocalRuntimes, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    target.mkdir(mode=0o700)
    local_runtimes.sockets.symlink_to(target)
    assert "is not a directory" in _refusal(desk)
    assert list(target.iterdir()) == []


def test_session_folder_of_another_user_is_not_used(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 123456)
    assert _socket.folders() == ["/tmp/threadworks.openai-123456"]


@pytest.mark.parametrize("session", ["", "relative", "/nowhere", "{folder}/" + "x" * 60])
def test_session_folder_that_cannot_be_used_is_replaced(
    local_runtimes: LocalRuntimes, monkeypatch: pytest.MonkeyPatch, session: str
) -> None:
    session = session.format(folder=local_runtimes.folder)
    if len(session) > 50:
        Path(session).mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", session)
    assert _socket.folders() == [f"/tmp/threadworks.openai-{os.geteuid()}"]


def test_longest_session_folder_is_used(
    desk: Desk, local_runtimes: LocalRuntimes, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = 103 - len("/threadworks.openai/0123456789abcdef.sock.4194304")
    folder = local_runtimes.folder / ("x" * (room - len(str(local_runtimes.folder)) - 1))
    folder.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    assert list(desk.wire().list("threads")) == []
    pid = desk.pid()
    assert desk.runtime().path().startswith(str(folder))
    os.kill(pid, signal.SIGKILL)


def test_home_with_a_long_path(desk: Desk, tmp_path: Path) -> None:
    home = tmp_path / ("h" * 120) / ("o" * 120)
    home.mkdir(parents=True)
    options = {"runtime_store": str(home / "runtime.db")}
    assert list(desk.wire(**options).list("threads")) == []
    assert (home / "runtime.db").exists()


_ASK = """
import json, sys
from ansible_collections.threadworks.openai.plugins.module_utils._client import Wire
from ansible_collections.threadworks.openai.plugins.module_utils._connect import connect
from ansible_collections.threadworks.openai.plugins.module_utils._errors import TaskError
from ansible_collections.threadworks.openai.plugins.plugin_utils._control import ControlledRuntime
options = json.loads(sys.argv[1])
local = ControlledRuntime(options)
try:
    found = [thread["id"] for thread in connect(Wire, options, local).list("threads")]
    print(json.dumps({"pid": local.describe()["pid"], "socket": local.path(), "threads": found}))
except TaskError as error:
    print(json.dumps({"error": error.message}))
"""


class Nobody:
    """Another user of this machine, with a folder and a collection that this user can read.

    Attributes:
        folder: The folder; its store is in it.
    """

    def __init__(self, folder: Path, collections: Path) -> None:
        self.folder = folder
        target = folder / "ansible_collections" / "threadworks" / "openai"
        target.mkdir(parents=True)
        source = collections / "ansible_collections" / "threadworks" / "openai"
        for part in ("plugins", "roles", "meta"):
            shutil.copytree(source / part, target / part, ignore=shutil.ignore_patterns("__pycache__"))
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, _NOBODY, _NOBODY)

    def ask(self, desk: Desk, session: str | None = None, **options: object) -> dict[str, object]:
        """List the threads as this user."""
        options = {**desk.options, "runtime_store": str(self.folder / "runtime.db"), **options}
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join([str(self.folder), *map(str, sys.path)]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "XDG_RUNTIME_DIR": session or str(self.folder),
        }
        done = subprocess.run(
            [*_AS_NOBODY, sys.executable, "-c", _ASK, json.dumps(options)],
            env=environment,
            cwd="/",
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.stdout, done.stderr
        return dict(json.loads(done.stdout))


@pytest.fixture
def nobody(local_runtimes: LocalRuntimes, collections: Path) -> Iterator[Nobody]:
    folder = local_runtimes.folder / "nobody"
    folder.mkdir()
    local_runtimes.folder.chmod(0o755)
    yield Nobody(folder, collections)
    for process in Path("/proc").glob("[0-9]*"):
        try:
            mine = f"XDG_RUNTIME_DIR={folder}".encode() in (process / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if mine and is_alive(int(process.name)):
            os.kill(int(process.name), signal.SIGKILL)


@_AS_ROOT
def test_two_users_have_two_runtimes(desk: Desk, nobody: Nobody, local_runtimes: LocalRuntimes) -> None:
    list(desk.wire().list("threads"))
    other = nobody.ask(desk)
    assert "error" not in other, other
    assert str(other["socket"]).startswith(str(nobody.folder))
    assert other["pid"] != desk.pid()
    assert (nobody.folder / "runtime.db").stat().st_uid == _NOBODY


@_AS_ROOT
def test_other_users_folder_is_refused_by_them_too(desk: Desk, nobody: Nobody, local_runtimes: LocalRuntimes) -> None:
    list(desk.wire().list("threads"))
    # As `sudo -u` does with a kept environment. The session folder is another user's, so /tmp is used.
    local_runtimes.folder.chmod(0o755)
    fallback = Path(f"/tmp/threadworks.openai-{_NOBODY}")
    fallback.mkdir()
    try:
        fallback.chmod(0o700)
        answer = nobody.ask(desk, session=str(local_runtimes.folder))
    finally:
        fallback.rmdir()
    assert f"The directory {fallback}" in str(answer["error"])
    assert "belongs to another user (user id 0)" in str(answer["error"])


@_AS_ROOT
def test_unwritable_folder_is_reported(desk: Desk, nobody: Nobody) -> None:
    (nobody.folder / "threadworks.openai").mkdir(mode=0o500)
    os.chown(nobody.folder / "threadworks.openai", _NOBODY, _NOBODY)
    answer = nobody.ask(desk)
    assert "cannot be created: Permission denied" in str(answer["error"])
    assert "XDG_RUNTIME_DIR" in str(answer["error"])


@_AS_ROOT
def test_unwritable_session_folder_is_reported(desk: Desk, nobody: Nobody) -> None:
    nobody.folder.chmod(0o500)
    answer = nobody.ask(desk, runtime_store="/tmp/never.db")
    assert f"The directory {nobody.folder}/threadworks.openai for the socket" in str(answer["error"])
    assert "cannot be created: Permission denied" in str(answer["error"])


_CONNECT = """
import socket, sys
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect(sys.argv[1])
    try:
        connection.sendall(b"GET /healthz HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
        print(connection.recv(1000))
    except ConnectionError:
        print(b"")
"""


@_AS_ROOT
def test_process_of_another_user_is_not_served(desk: Desk) -> None:
    list(desk.wire().list("threads"))
    # As if the folder and the socket were open to everybody.
    as_nobody = [word.replace("+dac_read_search", "+dac_override,+dac_read_search") for word in _AS_NOBODY]
    command = [*as_nobody, sys.executable, "-c", _CONNECT, desk.runtime().path()]
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, timeout=600, check=False)
    assert done.stdout == "b''\n", done.stderr
