# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lease holders: who is alive, who is dead, and of whom that cannot be known."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from threadworks_runtime.owners import is_gone, new_owner

from ansible_collections.threadworks.openai.tests.procfs import stat_fields


def _owner_of(pid: int) -> str:
    host, _pid, _started, nonce = new_owner().split("|")
    return "|".join([host, str(pid), stat_fields(pid)[19], nonce])


def test_a_living_process_is_not_gone() -> None:
    assert not is_gone(new_owner())
    assert new_owner() != new_owner()


def test_a_dead_process_is_gone_even_if_nobody_has_waited_for_it() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    owner = _owner_of(process.pid)
    assert not is_gone(owner)
    os.kill(process.pid, signal.SIGKILL)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert is_gone(owner), "a zombie does not work"
    process.communicate()
    assert is_gone(owner)


def test_another_process_of_the_same_number_is_another() -> None:
    host, pid, started, nonce = new_owner().split("|")
    assert is_gone("|".join([host, pid, str(int(started) - 1), nonce]))


def test_of_other_hosts_nothing_is_known() -> None:
    _host, pid, started, nonce = new_owner().split("|")
    assert not is_gone(f"elsewhere|{pid}|{started}|{nonce}")
