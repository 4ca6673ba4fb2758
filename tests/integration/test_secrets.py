# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The key is nowhere to be seen: not in the most verbose output, not in results, files or the list of processes."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.threadworks.openai.tests.conditions import wait_for
from ansible_collections.threadworks.openai.tests.local_runtimes import LocalRuntimes
from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.playbook import AnsiblePlaybook, Outcome, play
from ansible_collections.threadworks.openai.tests.runtime.harness import Served

Json = dict[str, Any]

_KEY = "sk-SeCrEtKeY-0123456789abcdef"
_ASSISTANT: Json = {"name": "assistant", "register": "assistant", "openai_assistant": {"name": "A", "model": "m"}}


def _run(content: str, **options: Any) -> Json:
    thread = {"messages": [{"content": content}]}
    options = {"assistant_id": "{{ assistant.assistant_id }}", "thread": thread, **options}
    return {"name": content, "openai_thread_run": options, "ignore_errors": True}


# It succeeds, and fails in every way: the server echoes the key, refuses it, is not there, says nothing, wants more.
_TASKS: list[Json] = [
    _ASSISTANT,
    {"name": "thread", "openai_thread": {"key": "T", "metadata": {"a": 1}}},
    _run("Hello"),
    _run("Echo", max_retries=0),
    _run("Refuse"),
    _run("Hang", timeout=3, max_retries=0),
    _run("Break", max_retries=0),
    _run("Hello", temperature=3),
    _run("Hello", assistant_id="asst_x"),
    {"name": "choice", "openai_thread": {"key": "T", "state": "gone"}, "ignore_errors": True},
    {"name": "no store", "openai_thread": {"key": "T", "runtime_store": "/proc/no"}, "ignore_errors": True},
    {
        "name": "nobody",
        "openai_thread": {"key": "T", "runtime_url": "http://127.0.0.1:9/v1", "max_retries": 0},
        "ignore_errors": True,
    },
]
_ANSWERS: list[Json] = [
    {"match": "Echo", "status": 500, "error": {"message": f"Bad key {_KEY}!"}, "sticky": True},
    {"match": "Refuse", "status": 401, "error": {"message": f"Incorrect API key provided: {_KEY}."}, "sticky": True},
    {"match": "Hang", "hang": True, "sticky": True},
    {"match": "Break", "break_after": 3, "sticky": True},
    {"match": "Hello", "hold": True, "sticky": True},
]


@dataclass
class _Seen:
    """What can be seen of processes: the command lines of all, and the environments of this test's local runtimes."""

    commands: set[bytes] = field(default_factory=set)
    environments: set[bytes] = field(default_factory=set)


@contextlib.contextmanager
def _watch_processes(local_runtimes: LocalRuntimes, model_server: ModelServer) -> Iterator[_Seen]:
    """Look at all processes again and again. The model answers "Hello" after a look since the question."""
    seen = _Seen()
    over = threading.Event()
    own = f"XDG_RUNTIME_DIR={local_runtimes.folder}".encode()

    def look(process: Path) -> None:
        command = (process / "cmdline").read_bytes()
        seen.commands.add(command)
        if command.endswith(b"\0threadworks_runtime\0local\0"):
            environment = (process / "environ").read_bytes()
            if own in environment.split(b"\0"):
                seen.environments.add(environment)

    def watch() -> None:
        released = 0
        while not over.wait(0.1):
            asked = sum("Hello" in str(body["input"]) for body in model_server.runs)
            for process in Path("/proc").glob("[0-9]*"):
                with contextlib.suppress(OSError):
                    look(process)
            model_server.release(asked - released)
            released = asked

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def test_the_key_is_nowhere(
    ansible_playbook: AnsiblePlaybook, model_server: ModelServer, local_runtimes: LocalRuntimes
) -> None:
    """A play for each place of the key that a play can set, and one with the key of the environment."""
    model_server.script(_ANSWERS)
    # Ansible shows the lines around a task that fails: the key must not be near.
    environment = {"environment": {"OPENAI_API_KEY": "{{ secret }}"}}
    plays = [
        play(_keyed("vars"), vars={"openai_api_key": _KEY}),
        play(_keyed("task"), module_defaults={"group/threadworks.openai.openai": {"api_key": _KEY}}),
        play([{**task, **environment} for task in _keyed("task's environment")], vars={"secret": _KEY}),
        play(_keyed("environment")),
    ]
    env = {"OPENAI_BASE_URL": model_server.base_url, "OPENAI_API_KEY": _KEY}
    with _watch_processes(local_runtimes, model_server) as seen:
        outcome = ansible_playbook("".join(plays), "-vvvv", "--diff", env=env)
    assert (outcome.rc, outcome.stats["ignored"]) == (0, 9 * len(plays)), outcome
    _look_for(_KEY, ansible_playbook, outcome, seen, local_runtimes)


def _keyed(place: str) -> list[Json]:
    """The tasks, with runs that no other play finds."""
    return [
        {**task, "openai_thread_run": {**task["openai_thread_run"], "key": f"{place} {number}"}}
        if "openai_thread_run" in task
        else task
        for number, task in enumerate(_TASKS)
    ]


def test_the_key_of_asynchronous_tasks_is_nowhere(
    ansible_playbook: AnsiblePlaybook, model_server: ModelServer, local_runtimes: LocalRuntimes
) -> None:
    """They are modules on the control node, which use its local runtime."""
    model_server.script(_ANSWERS)
    names = ("Hello", "Echo", "Refuse", "choice")
    tasks = [{**task, "async": 300, "poll": 4} for task in _TASKS if task["name"] in ("assistant", "thread", *names)]
    env = {"OPENAI_BASE_URL": model_server.base_url, "OPENAI_API_KEY": _KEY}
    env["ANSIBLE_ASYNC_DIR"] = str(ansible_playbook.folder / "async")
    with _watch_processes(local_runtimes, model_server) as seen:
        outcome = ansible_playbook(play(tasks), "-vvvv", "--diff", env=env)
    assert (outcome.rc, outcome.stats["ignored"]) == (0, 5), outcome
    assert outcome.results["Hello"]["msg"].startswith("assistant_id: No assistant found")
    _look_for(_KEY, ansible_playbook, outcome, seen, local_runtimes)


def test_the_key_of_a_served_runtime_is_nowhere(
    ansible_playbook: AnsiblePlaybook, model_server: ModelServer, local_runtimes: LocalRuntimes
) -> None:
    """Both keys: the model server's, which stays in the server, and the server's own, given to modules."""
    model_server.script(_ANSWERS)
    token = "ToKeN-0123456789abcdef"
    tasks = [{**each, "async": 300, "poll": 4} for each in (_ASSISTANT, _run("Hello"), _run("Refuse"), _TASKS[9])]
    store = str(ansible_playbook.folder / "served.db")
    with (
        Served(store, model_server.base_url, OPENAI_API_KEY=_KEY, RUNTIME_TOKEN=token) as served,
        _watch_processes(local_runtimes, model_server) as seen,
    ):
        env = {"OPENAI_RUNTIME_URL": f"http://127.0.0.1:{served.port}/v1", "OPENAI_API_KEY": token}
        env["ANSIBLE_ASYNC_DIR"] = str(ansible_playbook.folder / "async")
        outcome = ansible_playbook(play(tasks), "-vvvv", "--diff", env=env)
        log = served.log
    assert "POST" in log
    assert (outcome.rc, outcome.stats["ignored"]) == (0, 2), outcome
    assert not seen.environments, "nobody needs a local runtime"
    for secret in (_KEY, token):
        assert secret not in log
        _look_for(secret, ansible_playbook, outcome, seen, local_runtimes)


def _look_for(
    secret: str, playbook: AnsiblePlaybook, outcome: Outcome, seen: _Seen, local_runtimes: LocalRuntimes
) -> None:
    assert secret not in outcome.stdout + outcome.stderr
    assert not [line for line in seen.commands if secret.encode() in line]
    # Ansible's wrapper of an asynchronous module tidies up some seconds after its end.
    wait_for(lambda: not list(playbook.folder.rglob("AnsiballZ*")))
    left = [path for path in playbook.folder.rglob("*") if path.is_file() and path.suffix != ".yml"]
    left += [path for path in local_runtimes.folder.rglob("*") if path.is_file()]
    assert [path for path in left if path.suffix == ".db"]
    assert [path for path in left if path.suffix == ".jsonl"]
    assert not [path for path in left if secret.encode() in path.read_bytes()]
    if local_runtimes.sockets.exists():
        assert [path for path in left if path.suffix == ".log"]
        assert seen.environments
        assert not [text for text in seen.environments if secret.encode() in text]
        log = playbook.store.with_name("runtime.db.log")
        # What is asked of the model, and what it answers, is not the log's matter either.
        assert "POST" in log.read_text()
        assert "Hello" not in log.read_text()


@pytest.mark.any_runtime
def test_a_reply_is_never_a_template(ansible_playbook: AnsiblePlaybook, model_server: ModelServer) -> None:
    text = "{{ 1+1 }} {% raw %} {{ lookup('pipe', 'id') }} !unsafe"
    model_server.script([{"match": "Hello", "text": text, "sticky": True}])
    tasks: list[Json] = [
        _ASSISTANT,
        {**_run("Hello"), "register": "answer"},
        {"name": "reply", "debug": {"msg": "{{ answer.response }}"}},
        {"name": "fact", "set_fact": {"reply": "{{ answer.messages[0].content[0].text.value }}"}},
        {"name": "reply of the fact", "debug": {"msg": "{{ reply }}"}},
    ]
    outcome = ansible_playbook(play(tasks), env={"OPENAI_BASE_URL": model_server.base_url})
    assert outcome.rc == 0, outcome
    assert outcome.results["reply"]["msg"] == outcome.results["reply of the fact"]["msg"] == text


@pytest.mark.parametrize("task", [{}, {"async": 300, "poll": 4}])
def test_word_in_place_of_a_key_garbles_nothing(
    ansible_playbook: AnsiblePlaybook, model_server: ModelServer, task: Json
) -> None:
    """A server without keys is given some word. Ansible itself would hide it in each id."""
    tasks = [
        {**_TASKS[0], **task},
        {"name": "found", "debug": {"msg": "{{ query('threadworks.openai.openai_assistants')[0].id }}"}},
        {"name": "missing", "debug": {"msg": "{{ lookup('threadworks.openai.openai_assistant', 'asst_none') }}"}},
    ]
    tasks[2]["ignore_errors"] = True
    env = {"OPENAI_BASE_URL": model_server.base_url, "OPENAI_API_KEY": "asst"}
    env["ANSIBLE_ASYNC_DIR"] = str(ansible_playbook.folder / "async")
    outcome = ansible_playbook(play(tasks), env=env)
    assert outcome.rc == 0, outcome
    made = outcome.results["assistant"]
    assert made["assistant_id"].startswith("asst_"), outcome
    assert made.get("invocation", {}).get("module_args", {}).get("api_key") in (
        None,
        "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER",
    )
    assert outcome.results["found"]["msg"] == made["assistant_id"]
    assert "'asst_none'" in outcome.results["missing"]["msg"]
