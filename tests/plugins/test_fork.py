# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A client that is used before a fork."""

from __future__ import annotations

import os
from typing import Any

import pytest

from ansible_collections.threadworks.openai.plugins.module_utils import _client
from ansible_collections.threadworks.openai.tests.unit.plugins.scripted import (
    Peer,
    Scripted,
    answer,
    wire_to,
)


def echo(peer: Peer) -> None:
    """Answers with the path, in two pieces."""
    while request := peer.request():
        data = answer({"id": request[0].split()[1]})
        peer.send(data[:-5])
        peer.send(data[-5:])


@pytest.mark.parametrize("unix", [False, True])
def test_no_connection_survives_a_fork(unix: bool, tmp_path: Any) -> None:
    """Parent and children use the client that the parent has used before, all at the same moment."""
    with Scripted(echo, path=tmp_path / "x.sock" if unix else None) as server:
        wire = wire_to(server.url)
        wire.get("threads", "before")
        go, ready = os.pipe()
        children = []
        for number in range(8):
            pid = os.fork()
            if pid == 0:
                code = 1
                try:
                    os.close(ready)
                    os.read(go, 1)
                    code = 0 if _asked_and_answered(wire, f"child{number}") else 2
                finally:
                    os._exit(code)
            children.append(pid)
        os.close(go)
        os.close(ready)
        fine = _asked_and_answered(wire, "parent")
        codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]
        assert (fine, codes) == (True, [0] * 8)


def _asked_and_answered(wire: _client.Wire, name: str) -> bool:
    return all(wire.get("threads", f"{name}-{n}")["id"] == f"/v1/threads/{name}-{n}" for n in range(50))
