# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong gets a message that names the option and the remedy, in time, and leaves nothing half made."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.playbook import AnsiblePlaybook, Outcome, play
from ansible_collections.threadworks.openai.tests.runtime.harness import Served, served_here

Json = dict[str, Any]

# Nobody listens there.
_NOWHERE = "http://127.0.0.1:9/v1"
_ASSISTANT: Json = {"name": "assistant", "register": "assistant", "openai_assistant": {"name": "A", "model": "m"}}
_THREAD: Json = {"messages": [{"content": "Hello"}]}
_RUN: Json = {"assistant_id": "{{ assistant.assistant_id }}", "thread": _THREAD, "max_retries": 0}

# Name of the row: module, its options, what the message says, the runs that it leaves behind.
_WRONG: dict[str, tuple[str, Json, str, list[str]]] = {
    "no key and no server": (
        "openai_thread_run",
        {**_RUN, "base_url": None},
        r"^No model server is configured: set api_key \(OPENAI_API_KEY\) .*base_url \(OPENAI_BASE_URL\).*local_model",
        [],
    ),
    "a wrong key": (
        "openai_thread_run",
        {**_RUN, "base_url": "{{ strict }}", "api_key": "sk-wrong-key-of-mine"},
        r"refused the key \(401\): Incorrect API key provided: .*api_key \(OPENAI_API_KEY\) and base_url \(.*\)\.$",
        ["failed"],
    ),
    "a server that is down": (
        "openai_thread_run",
        {**_RUN, "base_url": _NOWHERE},
        r"connection to the model server at 127.0.0.1:9 failed: .*base_url \(OPENAI_BASE_URL\)",
        ["failed"],
    ),
    "a server that answers 500": (
        "openai_thread_run",
        {**_RUN, "thread": {"messages": [{"content": "Break"}]}},
        r"model server at 127.0.0.1:\d+ answered 500: Broken\.$",
        ["failed"],
    ),
    "a server that does not answer": (
        "openai_thread_run",
        {**_RUN, "thread": {"messages": [{"content": "Hang"}]}, "timeout": 5},
        r"did not send anything for 5 seconds \(option timeout\)",
        ["failed"],
    ),
    "a server of something else": (
        "openai_thread_run",
        {**_RUN, "base_url": "{{ url | replace('/v1', '/other') }}"},
        r"answered 404: .*Check base_url, .*POST /responses\.$",
        ["failed"],
    ),
    "an unknown assistant": (
        "openai_thread_run",
        {**_RUN, "assistant_id": "asst_x"},
        r"^assistant_id: No assistant found with id 'asst_x'.*runtime_store",
        [],
    ),
    "an unknown thread": (
        "openai_run",
        {"thread_id": "thread_x", "assistant_id": "{{ assistant.assistant_id }}"},
        "^thread_id: No thread found with id 'thread_x'",
        [],
    ),
    "temperature 3": (
        "openai_thread_run",
        {**_RUN, "temperature": 3},
        "^temperature is 3, but must be between 0 and 2",
        [],
    ),
    "17 pairs": (
        "openai_thread",
        {"key": "T", "metadata": {f"k{n}": "v" for n in range(17)}},
        "^metadata has 17 pairs, but at most 15 are allowed",
        [],
    ),
    "a long value": (
        "openai_thread",
        {"key": "T", "metadata": {"k": "v" * 600}},
        "^metadata.k has 600 characters, but at most 512",
        [],
    ),
    "no content": (
        "openai_thread_run",
        {**_RUN, "thread": {"messages": [{"content": ""}]}},
        r"^thread.messages\[0\].content is empty",
        [],
    ),
    "a store that cannot be written": (
        "openai_thread",
        {"key": "T", "runtime_store": "/proc/no/runtime.db"},
        (
            r"^The local runtime cannot be started\. The store /proc/no/runtime.db cannot be opened: "
            r".* Check the option runtime_store\.$"
        ),
        [],
    ),
    "a store that is no database": (
        "openai_thread",
        {"key": "T", "runtime_store": "{{ playbook_dir }}/text"},
        r"/text .*not a database.* Check the option runtime_store\.$",
        [],
    ),
    "a store that is a folder": (
        "openai_thread",
        {"key": "T", "runtime_store": "{{ playbook_dir }}"},
        r"cannot be opened: .* Check the option runtime_store\.$",
        [],
    ),
    "a runtime that is down": (
        "openai_thread",
        {"key": "T", "runtime_url": _NOWHERE, "max_retries": 0},
        r"^The server at 127.0.0.1:9 \(option runtime_url\) cannot be reached: .*Is it running\?",
        [],
    ),
    "a runtime at no address": (
        "openai_thread",
        {"key": "T", "runtime_url": "localhost:8088"},
        "^runtime_url must be an http or https URL, such as http://",
        [],
    ),
    "a runtime that is something else": (
        "openai_assistant",
        {"name": "A", "runtime_url": "{{ url }}"},
        "HTTP 404.*runtime_url",
        [],
    ),
    "a runtime that wants another token": (
        "openai_thread",
        {"key": "T", "runtime_url": "{{ served }}", "api_key": "wrong-token"},
        "^Incorrect token\\. .*HTTP 401.*api_key",
        [],
    ),
    "async on another host": (
        "openai_thread",
        {"key": "T"},
        (
            "^With async, this task runs on the host localhost, which cannot reach the local runtime of the control "
            "node. Set runtime_url .*delegate_to: localhost"
        ),
        [],
    ),
    "async as another user": (
        "openai_thread",
        {"key": "T"},
        "^With async and become, this task runs as another user, .*Omit become, or set runtime_url ",
        [],
    ),
}
# What else a row's task says. Nobody listens at that port either: the message comes before any connection is made.
_KEYWORDS: dict[str, Json] = {
    "async on another host": {
        "async": 10,
        "vars": {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 9},
    },
    "async as another user": {"async": 10, "become": True, "become_user": "nobody"},
}


def test_the_messages_name_option_and_remedy(ansible_playbook: AnsiblePlaybook) -> None:
    outcome = _play_all_that_is_wrong(ansible_playbook)
    # The play continues.
    assert (outcome.rc, outcome.stats["ignored"]) == (0, len(_WRONG)), outcome
    messages = {name: outcome.results[name]["msg"] for name in _WRONG}
    assert {name: said for name, said in messages.items() if not re.search(_WRONG[name][2], said, re.DOTALL)} == {}
    for name, (_module, _options, _message, runs) in _WRONG.items():
        assert outcome.results[name]["changed"] == bool(runs), name
    # Each row leaves its runs, and nothing else.
    left = {name: runs for name, (_module, _options, _message, runs) in _WRONG.items() if runs}
    assert _left(ansible_playbook.store) == (1, left)


def _play_all_that_is_wrong(playbook: AnsiblePlaybook) -> Outcome:
    """One play. The threads have the names of the rows in their metadata."""
    (playbook.folder / "text").write_text("This is no database, but long enough to be taken for one. " * 99)
    tasks = [_ASSISTANT]
    for name, (module, options, _message, _runs) in _WRONG.items():
        marked = {"thread": _of_row(options["thread"], name)} if "thread" in options else {}
        tasks.append({"name": name, module: {**options, **marked}, "ignore_errors": True, **_KEYWORDS.get(name, {})})
    with (
        ModelServer() as model,
        ModelServer(api_key="sk-right") as strict,
        Served(str(playbook.folder / "served.db"), model.base_url, RUNTIME_TOKEN="right") as served,
    ):
        error = {"status": 500, "error": {"message": "Broken."}, "sticky": True}
        model.script([{"match": "Break", **error}, {"match": "Hang", "hang": True, "sticky": True}])
        address = f"http://127.0.0.1:{served.port}/v1"
        variables = {"url": model.base_url, "strict": strict.base_url, "served": address}
        defaults = {"group/threadworks.openai.openai": {"base_url": model.base_url}}
        return playbook(play(tasks, vars=variables, module_defaults=defaults))


def _of_row(thread: Json, name: str) -> Json:
    """The thread of a row, which no other row finds."""
    messages = [{"content": name}] if thread is _THREAD else thread["messages"]
    return {"messages": messages, "metadata": {"row": name}}


def _left(store: Path) -> tuple[int, dict[str, list[str]]]:
    """The number of assistants in a store, and the statuses of the runs by the rows of their threads."""
    with contextlib.closing(sqlite3.connect(store)) as connection:
        ((assistants,),) = connection.execute("SELECT count(*) FROM assistants")
        left: dict[str, list[str]] = {}
        joined = "threads LEFT JOIN runs ON runs.thread_id = threads.id"
        for document, status in connection.execute(f"SELECT threads.document, status FROM {joined} ORDER BY runs.seq"):
            left.setdefault(json.loads(document)["metadata"].get("row", ""), []).append(status)
        return assistants, left


@pytest.fixture
def broken(tmp_path: Path) -> Any:
    """Makes libraries that are installed but cannot be imported. Those that are missing are in tests/local."""

    def broken(*libraries: str) -> dict[str, str]:
        for library in libraries:
            (tmp_path / "broken" / library).mkdir(parents=True)
            text = f"raise ModuleNotFoundError(\"No module named 'part_of_{library}'\", name='part_of_{library}')\n"
            (tmp_path / "broken" / library / "__init__.py").write_text(text)
        return {"PYTHONPATH": str(tmp_path / "broken")}

    return broken


_LOOK: Json = {"debug": {"msg": "{{ lookup('threadworks.openai.openai_thread', 'T') }}"}}
_INSTALL = r"requirements\.txt"


def test_without_the_sdk_only_runs_fail(
    ansible_playbook: AnsiblePlaybook, model_server: ModelServer, broken: Any
) -> None:
    """The runtime starts before the SDK is imported."""
    tasks: list[Json] = [
        _ASSISTANT,
        {"name": "thread", "openai_thread": {"key": "T"}},
        {"name": "look", **_LOOK},
        {"name": "run", "openai_thread_run": {**_RUN, "key": "the-key"}, "ignore_errors": True},
        {"name": "another", "set_fact": {"truth": 42}},
    ]
    env = {"OPENAI_BASE_URL": model_server.base_url}
    outcome = ansible_playbook(play(tasks), env={**env, **broken("openai")})
    assert (outcome.rc, outcome.stats["ignored"]) == (0, 1), outcome
    assert outcome.results["look"]["msg"]["id"] == outcome.results["thread"]["thread_id"]
    result = outcome.results["run"]
    assert re.search(f"No module named 'part_of_openai'.*{_INSTALL}.*{sys.executable}", result["msg"]), result["msg"]
    assert (result["status"], "another" in outcome.results) == ("failed", True)


def test_without_the_libraries_of_the_runtime_a_served_one_is_left(
    ansible_playbook: AnsiblePlaybook, model_server: ModelServer, broken: Any, tmp_path: Path
) -> None:
    with served_here(tmp_path / "served.db", model_server) as served:
        tasks: list[Json] = [
            {"name": "local", "openai_thread": {"key": "T"}, "ignore_errors": True},
            {"name": "local lookup", **_LOOK, "ignore_errors": True},
            {"name": "served", "openai_thread": {"key": "T", "runtime_url": served.url}},
            {"name": "served lookup", **_LOOK, "vars": {"openai_runtime_url": served.url}},
        ]
        outcome = ansible_playbook(play(tasks), env=broken("falcon", "sqlalchemy", "uvicorn"))
    assert (outcome.rc, outcome.stats["ignored"]) == (0, 2), outcome
    for name in ("local", "local lookup"):
        message = outcome.results[name]["msg"]
        assert re.search(f"cannot be started: .*'part_of_.*pip install -r .*{_INSTALL}", message), message
        assert "runtime_url" in message
    assert outcome.results["served"]["changed"]
    assert outcome.results["served lookup"]["msg"]["id"] == outcome.results["served"]["thread_id"]
    assert not ansible_playbook.store.exists()
