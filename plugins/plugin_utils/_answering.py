# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Stores which host of the playbook answers the tool calls of a run, and which tools a person has always allowed. This
# is not stored in variables, because facts or extra variables could replace them. Ansible's main process creates this
# shared memory before it forks its workers. The keys to cancel a run are only in this memory, not in files.

from __future__ import annotations

import atexit
import contextlib
import fcntl
import json
import mmap
import os
import typing as t

from ansible import constants as C
from ansible.utils.display import Display

from ..module_utils._errors import NotFound, TaskError

_LENGTH = 8
_SIZE = 1 << 20
_memory = mmap.mmap(-1, _SIZE)
_owner = os.getpid()


class Answering(t.NamedTuple):
    """A host that answers the tool calls of a run.

    Attributes:
        host: The inventory name of the host.
        play: The play.
        run: The options of a task that cancels the run: its ids and the connection.
        environment: The environment of that task.
    """

    host: str
    play: str
    run: dict[str, t.Any]
    environment: dict[str, str]


def take(answering: Answering) -> str:
    """Assign the tool calls of a run to a host, unless another host answers them.

    Returns:
        The name of the host that answers them. If that host has left its play, the run is being cancelled or is
        cancelled, and nobody answers its calls.

    Raises:
        TaskError: The hosts cannot coordinate.
    """
    if os.getpid() == _owner:
        raise TaskError(
            "The hosts of this play cannot coordinate their tool calls, because this strategy plugin loads action "
            "plugins in its workers. Use the strategy linear or free."
        )
    run_id = answering.run["run_id"]
    with _shared() as state:
        host = _holder(state, run_id)
        if host is None:
            state["runs"][run_id] = answering
        return host or answering.host


def holder(run_id: str) -> str | None:
    """Return the name of the host that answers the tool calls of a run, or None. See `take`."""
    with _shared() as state:
        return _holder(state, run_id)


def _holder(state: dict[str, t.Any], run_id: str) -> str | None:
    found = state["runs"].get(run_id) or state["cancelling"].get(run_id)
    host: str | None = Answering(*found).host if found else state["cancelled"].get(run_id)
    return host


def release(run_id: str, host: str) -> None:
    """Release the tool calls of a run for other hosts."""
    with _shared() as state:
        if run_id in state["runs"] and Answering(*state["runs"][run_id]).host == host:
            del state["runs"][run_id]


def allow(kind: list[t.Any]) -> None:
    """Allow all further calls of a kind: its play, host, tool and tasks, as JSON data."""
    with _shared() as state:
        state["allowed"].append(kind)


def is_allowed(kind: list[t.Any]) -> bool:
    """Return whether a person has allowed all further calls of a kind."""
    with _shared() as state:
        return kind in state["allowed"]


def asking() -> contextlib.AbstractContextManager[None]:
    """Wait until no other host asks a person, and lock the terminal."""
    return _locked("tool-calls.question")


def cancel_abandoned(play: str, hosts: t.Container[str]) -> list[str]:
    """Cancel the runs that wait for a host that has left its play, so that they do not lock their threads.

    Args:
        play: The play that continues.
        hosts: The remaining hosts of the play.

    Returns:
        A message for each cancelled run.
    """
    return _cancel_those(lambda each: each.play != play or each.host not in hosts)


def _cancel_those(is_abandoned: t.Callable[[Answering], bool]) -> list[str]:
    if not _length():
        return []
    with _shared() as state:
        abandoned = [each for each in (Answering(*each) for each in state["runs"].values()) if is_abandoned(each)]
    return [message for each in abandoned if (message := _cancel_once(each))]


def _cancel_once(answering: Answering) -> str:
    """Cancel a run, unless another process does, and return a message, or "" if there is nothing to report."""
    run_id = answering.run["run_id"]
    with _shared() as state:
        if run_id not in state["runs"]:
            return ""
        # A host that asks for the calls from now on must not run tools for a run that is cancelled.
        state["cancelling"][run_id] = state["runs"].pop(run_id)
    is_cancelled = None
    try:
        is_cancelled, message = _cancel(answering)
    finally:
        with _shared() as state:
            del state["cancelling"][run_id]
            if is_cancelled is None:
                # This task was interrupted, for example by its timeout. A later one tries again.
                state["runs"][run_id] = answering
            elif is_cancelled:
                state["cancelled"][run_id] = answering.host
            # Otherwise, another host may answer these calls, or later ones.
    return message


def _cancel(answering: Answering) -> tuple[bool, str]:
    """Cancel a run that still waits for its tool calls.

    Returns:
        Whether the run is cancelled now, and a message, or "" if the run does not wait.
    """
    from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
    from ansible.module_utils.common.parameters import remove_values

    from ..module_utils import _run
    from ..module_utils._status import RunStatus
    from ..module_utils._task import Task, carry_out
    from ._environment import task_environment
    from ._local import LocalRuntime

    run = answering.run
    validation = ArgumentSpecValidator(**_run.SPEC.to_kwargs()).validate(run)
    params = validation.validated_parameters
    task = Task(params, False, False, lambda _text: None, local=LocalRuntime(params, answering.environment))
    why = f"host {answering.host} left the play before it answered the tool calls of the run"
    try:
        with task_environment(answering.environment):
            if task.wire.get("threads", run["thread_id"], "runs", run["run_id"])["status"] != RunStatus.REQUIRES_ACTION:
                return False, ""
            result = carry_out(_run.ensure, task)
    except NotFound:
        return False, ""
    except TaskError as error:
        result = {"failed": True, "msg": error.message}
    if result.get("failed"):
        reason = remove_values(result["msg"], _run.SPEC.secrets(params))
        return False, f"Run {run['run_id']} cannot be cancelled, although {why}: {reason}"
    return True, f"Run {run['run_id']} is cancelled: {why}."


def _length() -> int:
    return int.from_bytes(_memory[:_LENGTH], "big")


@contextlib.contextmanager
def _locked(name: str) -> t.Iterator[None]:
    # If the process is killed, its lock is released.
    with open(os.path.join(C.DEFAULT_LOCAL_TMP, name), "w") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _shared() -> t.Iterator[dict[str, t.Any]]:
    """Lock the memory; what is changed in its content is kept.

    Raises:
        TaskError: It has no space left.
    """
    with _locked("tool-calls.lock"):
        length = _length()
        empty: dict[str, t.Any] = {"runs": {}, "cancelling": {}, "cancelled": {}, "allowed": []}
        state = json.loads(_memory[_LENGTH : _LENGTH + length]) if length else empty
        yield state
        content = json.dumps(state).encode() if any(state.values()) else b""
        if _LENGTH + len(content) > _SIZE:
            raise TaskError("Too many hosts answer tool calls at the same time. Use serial, or fewer hosts in a play.")
        _memory[: _LENGTH + len(content)] = len(content).to_bytes(_LENGTH, "big") + content


def _cancel_the_rest() -> None:
    """Cancel what is still waiting when the playbook ends: also a host that is unreachable leaves no run behind."""
    if os.getpid() == _owner and _length():
        with _shared() as state:
            # A worker was killed while it cancelled them.
            state["runs"].update(state["cancelling"])
            state["cancelling"].clear()
        for message in _cancel_those(lambda _each: True):
            Display().warning(message)


atexit.register(_cancel_the_rest)
