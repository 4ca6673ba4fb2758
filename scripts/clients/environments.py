# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clients, and the environments that they are installed in: each client has its own, below `build/clients`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "clients"
PROGRAMS = Path(__file__).resolve().parent / "programs"
_CALL = {"name": "get_weather", "arguments": {"city": "Oslo"}}
_WEATHER = tuple({"match": f"weather in {city}", "calls": [_CALL]} for city in ("Oslo", "Bergen"))
_PLUGIN = tuple({**answer, "calls": [{**_CALL, "name": "Weather-get_weather"}]} for answer in _WEATHER)
_SEND = {
    "my_primary_instructions": "Be brief.",
    "recipient": "Clerk",
    "message": "Search for the fan.",
    "additional_instructions": "",
}
_INSTALL_SECONDS = 900


@dataclass(frozen=True)
class Client:
    """One client.

    Attributes:
        name: The name in the table.
        program: The file in `programs`.
        packages: The packages to install. The first one's version is displayed.
        script: The answers of the model server.
        arguments: The arguments of the program.
    """

    name: str
    program: str
    packages: tuple[str, ...]
    script: tuple[dict[str, Any], ...] = ()
    arguments: tuple[str, ...] = ()

    @property
    def environment(self) -> Path:
        """The directory of its environment. Clients with the same packages share one."""
        return BUILD / self.packages[0].partition("[")[0].partition("<")[0]

    @property
    def is_node(self) -> bool:
        """Whether it runs on Node.js."""
        return self.program.endswith(".mjs")


_SEMANTIC_KERNEL = ("semantic-kernel[azure]",)
CLIENTS = (
    Client("openai-python", "run_openai_python.py", ("openai",), _WEATHER),
    Client("openai-node", "run_openai_node.mjs", ("openai@latest",), _WEATHER),
    Client("langchain-classic", "run_langchain.py", ("langchain-classic", "openai"), _WEATHER),
    Client("autogen-ext", "run_autogen.py", ("autogen-ext[openai]", "autogen-agentchat"), _WEATHER),
    Client("semantic-kernel, OpenAI", "run_semantic_kernel.py", _SEMANTIC_KERNEL, _PLUGIN),
    Client("semantic-kernel, Azure", "run_semantic_kernel.py", _SEMANTIC_KERNEL, _PLUGIN, ("azure",)),
    Client(
        "agency-swarm",
        "run_agency_swarm.py",
        ("agency-swarm<1",),  # the last line of versions with the Assistants API
        (*_WEATHER, {"match": "ask the clerk", "calls": [{"name": "SendMessage", "arguments": _SEND}]}),
    ),
    Client("azure-ai-agents", "run_azure_ai_agents.py", ("azure-ai-agents",), _WEATHER),
)


class NotInstalled(Exception):
    """A client cannot be installed. The message is the last line of the installer."""


def command(client: Client) -> tuple[list[str], str]:
    """Install a client, unless it is installed, and return the command of its program, and its version.

    Raises:
        NotInstalled: It cannot be installed.
    """
    program = str(PROGRAMS / client.program)
    if client.is_node:
        return _with_node(client, program)
    python = client.environment / "bin" / "python"
    done = client.environment / "installed"
    if not done.exists():
        _run([sys.executable, "-m", "venv", "--clear", str(client.environment)])
        _run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *client.packages])
        done.touch()
    name = client.environment.name
    shown = "import importlib.metadata, sys; print(importlib.metadata.version(sys.argv[1]))"
    return [str(python), program, *client.arguments], _run([str(python), "-c", shown, name]).strip()


def environ(client: Client, root: str, token: str) -> dict[str, str]:
    """Return the environment variables of a client's program.

    Args:
        client: The client.
        root: The URL of the runtime, without a path.
        token: The token of the runtime.
    """
    # Settings of the user, such as OPENAI_BASE_URL, must not change what a program does.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "AZURE_"))}
    given = {"BASE_URL": f"{root}/v1", "ROOT": root, "TOKEN": token, "MODULES": str(client.environment)}
    # Some clients read a key before they are given one.
    return {**kept, **given, "OPENAI_API_KEY": token, "NO_PROXY": "127.0.0.1", "PYTHONWARNINGS": "ignore"}


def _with_node(client: Client, program: str) -> tuple[list[str], str]:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise NotInstalled("Node.js and npm are not installed")
    folder = client.environment
    package = folder / "node_modules" / "openai" / "package.json"
    if not package.exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text("{}")
        _run([npm, "install", "--no-audit", "--no-fund", "--prefix", str(folder), *client.packages])
    return [node, program], str(json.loads(package.read_text())["version"])


def _run(arguments: list[str]) -> str:
    done = subprocess.run(
        arguments, capture_output=True, text=True, timeout=_INSTALL_SECONDS, check=False, stdin=subprocess.DEVNULL
    )
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
        raise NotInstalled(lines[-1])
    return done.stdout
