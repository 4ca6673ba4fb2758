# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""However a task is carried out, it means the same: by its action or as a module, on the local or a served runtime."""

from __future__ import annotations

import contextlib
import importlib
import json
import re
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.threadworks.openai.tests.integration.elsewhere import far_host
from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.playbook import AnsiblePlaybook, Outcome, play
from ansible_collections.threadworks.openai.tests.runtime.harness import Served

Json = dict[str, Any]

_RUN: Json = {"thread_id": "{{ thread.thread_id }}", "assistant_id": "{{ assistant.assistant_id }}"}
_TASKS: dict[str, tuple[str, Json]] = {
    "assistant": ("openai_assistant", {"name": "A", "model": "m", "metadata": {"n": 1}}),
    "thread": ("openai_thread", {"key": "T"}),
    "message": ("openai_message", {"thread_id": "{{ thread.thread_id }}", "content": "Hello"}),
    "run": ("openai_run", {**_RUN, "steps": True}),
    "run_again": ("openai_run", _RUN),
    "failing_run": ("openai_run", {**_RUN, "additional_messages": [{"content": "Fail"}]}),
    "thread_run": (
        "openai_thread_run",
        {
            "assistant_id": "{{ assistant.assistant_id }}",
            "thread": {"messages": [{"content": "Hello"}]},
            "response_format": {"type": "json_object"},
            "steps": True,
        },
    ),
    "unknown_thread": ("openai_run", {**_RUN, "thread_id": "thread_x"}),
    "out_of_range": ("openai_assistant", {"name": "A", "temperature": 3}),
    "no_such_state": ("openai_thread", {"key": "T", "state": "gone"}),
    "absent": ("openai_thread", {"key": "T", "state": "absent"}),
}
_FAILING = {"failing_run", "unknown_thread", "out_of_range", "no_such_state"}
_CHANGED = {"assistant", "thread", "message", "run", "thread_run", "absent"}
# A module in a process of its own takes its time: there one of each kind must do. Asynchronous tasks take even more.
_MODULES = {
    "served module": _TASKS.keys() - {"run_again", "out_of_range", "absent"},
    "local module": {"assistant", "thread_run", "unknown_thread", "no_such_state"},
}
# What Ansible adds to a result, on one path or the other.
_NOT_OURS = {"invocation", "_ansible_no_log", "exception", "failed_when_result"}
_NOT_OURS |= {
    "ansible_job_id",
    "started",
    "finished",
    "results_file",
    "stdout",
    "stderr",
    "stdout_lines",
    "stderr_lines",
}


def test_all_ways_mean_the_same(tmp_path: Path, collections: Path) -> None:
    outcomes = _play_in_all_ways(tmp_path, collections)
    for way, outcome in outcomes.items():
        assert outcome.rc == 0, outcome
        statuses = {task.name: task.status for task in outcome.tasks}
        assert statuses == {name: _status(name) for name in statuses}, way
        assert statuses.keys() == _MODULES.get(way, _TASKS.keys()), way
    local = outcomes.pop("local")
    for way, outcome in outcomes.items():
        for name in outcome.results:
            assert _comparable(outcome, name) == _comparable(local, name), way
    for name in _TASKS.keys() - _FAILING:
        assert local.results[name].keys() - _NOT_OURS == _documented(name) | {"changed"}

    failed = local.results["failing_run"]
    assert failed["run"]["last_error"]["code"] == "server_error"
    assert "answered 400: No." in failed["msg"]
    assert failed["run_id"] in failed["msg"]
    assert local.results["thread_run"]["output"] == {"reply": "Reply to: Hello"}


def _status(name: str) -> str:
    return "failed" if name in _FAILING else "changed" if name in _CHANGED else "ok"


def _play_in_all_ways(folder: Path, collections: Path) -> dict[str, Outcome]:
    """The outcomes of the same play: on the local runtime and on a served one, by actions and by modules."""
    tasks = [
        {"name": name, resource: options, "register": name, "ignore_errors": name in _FAILING}
        for name, (resource, options) in _TASKS.items()
    ]
    modules = {way: [task for task in tasks if task["name"] in names] for way, names in _MODULES.items()}
    plays = {
        "local": play(tasks),
        "served": play(tasks),
        # With a local runtime, asynchronous tasks are modules. With a served one, all tasks on another host are.
        "local module": play([{**task, "async": 300, "poll": 4} for task in modules["local module"]]),
        "served module": play(modules["served module"], hosts="far"),
    }
    with ModelServer(api_key="sk-model") as model, contextlib.ExitStack() as stack:
        model.script([{"match": "Fail", "status": 400, "error": {"message": "No."}, "sticky": True}])
        secrets = {"OPENAI_API_KEY": "sk-model", "RUNTIME_TOKEN": "the-token"}
        started = {}
        for way, text in plays.items():
            (folder / way).mkdir()
            playbook = stack.enter_context(AnsiblePlaybook(folder / way, collections))
            env = {"OPENAI_BASE_URL": model.base_url, "OPENAI_API_KEY": "sk-model"}
            if "served" in way:
                env = _client_of(stack.enter_context(Served(str(playbook.store), model.base_url, **secrets)))
            # A module's results file is found again by its job alone: it is in the home of the user otherwise.
            env["ANSIBLE_ASYNC_DIR"] = str(folder / way / "async")
            far = far_host(playbook.folder) if way == "served module" else ()
            started[way] = playbook.start(text, *far, env=env)
        return {way: playbook.wait() for way, playbook in started.items()}


def _client_of(server: Served) -> dict[str, str]:
    return {"OPENAI_RUNTIME_URL": f"http://127.0.0.1:{server.port}/v1", "OPENAI_API_KEY": "the-token"}


def _comparable(outcome: Outcome, name: str) -> Json:
    """A result without what is never the same twice: ids, times, and what follows from them."""
    text = json.dumps({key: value for key, value in outcome.results[name].items() if key not in _NOT_OURS})
    text = re.sub(r"(asst|thread|msg|run|step|chatcmpl)_\w{20,}|[0-9a-f]{64}", r"\1*", text)
    return json.loads(re.sub(r'(_at": )\d+', r"\g<1>0", text.replace("runtime_url", "runtime_store")))


def _documented(name: str) -> set[str]:
    """The keys of a task's result, as its module documents them."""
    resource, options = _TASKS[name]
    module = importlib.import_module(f"ansible_collections.threadworks.openai.plugins.modules.{resource}")
    optional = {name for name in ("steps", "details") if not options.get(name)}
    return yaml.safe_load(module.RETURN).keys() - {"error"} - optional
