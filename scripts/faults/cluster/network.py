# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A network namespace as another machine, whose connection can be cut."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from paths import COLLECTIONS

from ansible_collections.threadworks.openai.tests.conditions import wait_for


class Machine:
    """A network namespace with an own model server. A context manager.

    Its names and addresses contain the number of this process, because all processes on this computer share them.

    Args:
        folder: A directory for its files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._name = _name()
        self._link = f"{self._name}-host"
        network = 4 * (os.getpid() % (1 << 14))
        self.host = f"10.213.{network >> 8}.{network % 256 + 1}"
        """The address of the host, as the machine sees it."""
        self._address = f"10.213.{network >> 8}.{network % 256 + 2}"
        self.prefix = ("ip", "netns", "exec", self._name)
        """The start of a command on the machine."""
        self._model: subprocess.Popen[bytes] | None = None

    @staticmethod
    def is_possible() -> bool:
        """Return whether this user can create network namespaces."""
        try:
            made = subprocess.run(["ip", "netns", "add", _name()], capture_output=True, check=False)
            subprocess.run(["ip", "netns", "delete", _name()], capture_output=True, check=False)
        except OSError:
            return False
        return made.returncode == 0

    def __enter__(self) -> Machine:
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self) -> None:
        inside = f"{self._name}-in"
        for line in (
            f"ip netns add {self._name}",
            f"ip link add {self._link} type veth peer name {inside} netns {self._name}",
            f"ip address add {self.host}/30 dev {self._link}",
            f"ip link set {self._link} up",
            f"ip -n {self._name} address add {self._address}/30 dev {inside}",
            f"ip -n {self._name} link set {inside} up",
            f"ip -n {self._name} link set lo up",
        ):
            subprocess.run(line.split(), check=True, capture_output=True)
        port = self._folder / f"{self._name}.port"
        module = "ansible_collections.threadworks.openai.tests.model_server"
        command = [*self.prefix, sys.executable, "-m", module, "--port-file", str(port)]
        self._model = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": COLLECTIONS})
        wait_for(port.exists)
        self.model_url = f"http://127.0.0.1:{port.read_text()}/v1"

    def __exit__(self, *_exc: object) -> None:
        if self._model is not None:
            self._model.kill()
            self._model.wait()
        subprocess.run(["ip", "link", "delete", self._link], capture_output=True, check=False)
        subprocess.run(["ip", "netns", "delete", self._name], capture_output=True, check=False)

    def cut(self) -> None:
        """Drop all packets, silently, as when a cable is pulled out behind a switch."""
        subprocess.run(["ip", "link", "set", self._link, "down"], check=True)

    def heal(self) -> None:
        """Pass packets on again."""
        subprocess.run(["ip", "link", "set", self._link, "up"], check=True)


def _name() -> str:
    return f"tw{os.getpid()}"
