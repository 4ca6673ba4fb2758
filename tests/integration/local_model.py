# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The program of the role `local_model`, without Ansible."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

_ROLE = Path(__file__).resolve().parents[2] / "roles" / "local_model"
_SETTINGS = {
    "wheels": "installed",
    "name": "SmolLM2-135M-Instruct",
    "n_ctx": 1024,
    "n_predict": 512,
    "n_parallel": 1,
    "n_threads": 1,
    "cache_ram_mib": 0,
    "seed": 1,
    "temperature": 0.2,
    "min_p": 0.5,
}
_PLAYBOOK = """
import json, subprocess, sys

for line in sys.stdin:
    command, program = json.loads(line)
    ended = subprocess.run(command, input=program, capture_output=True, text=True)
    print(json.dumps([ended.returncode, ended.stdout, ended.stderr]), flush=True)
"""


def server_of(home: Path) -> tuple[int, str]:
    """Return the process id and the address in the state file of the server, or 0 and "" if there are none."""
    try:
        state = json.loads((home / "server.json").read_text())
    except FileNotFoundError:
        return 0, ""
    return state["server"][0], state["address"]


def answers(address: str) -> bool:
    """Return whether there is a server at this address."""
    parts = urlsplit(address)
    with socket.socket() as client:
        return bool(address) and client.connect_ex((parts.hostname, parts.port)) == 0


class Playbook:
    """A process that runs the program as the role does. For the program, it is a playbook: it has such a command.

    A context manager. At its end the process ends, as if its playbook had ended.

    Args:
        home: The directory of the server. The process is started in its parent.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self._boot = yaml.safe_load((_ROLE / "vars" / "main.yml").read_text())["__local_model_boot"]
        self._program = (_ROLE / "files" / "local_model.py").read_text()
        script = home.parent / "ansible-playbook"
        script.write_text(_PLAYBOOK)
        self._process = subprocess.Popen(
            [sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Playbook:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._process.communicate()

    def kill(self) -> None:
        """End the process with SIGKILL."""
        self._process.kill()
        self._process.wait()

    def start(self, *arguments: str, scope: str = "playbook", lifetime: int = 3600, **settings: Any) -> dict[str, Any]:
        """Start the server with these settings, and return the result."""
        text = json.dumps({**_SETTINGS, **settings})
        return self._run("started", "--settings", text, "--scope", scope, "--lifetime", str(lifetime), *arguments)

    def stop(self, *arguments: str) -> dict[str, Any]:
        """Stop the server, and return the result."""
        return self._run("stopped", *arguments)

    def _run(self, state: str, *arguments: str) -> dict[str, Any]:
        command = [sys.executable, "-c", self._boot, state, str(self.home), *arguments]
        self._process.stdin.write(json.dumps([command, self._program]) + "\n")
        self._process.stdin.flush()
        code, result, errors = json.loads(self._process.stdout.readline())
        assert code == 0, errors
        return json.loads(result)
