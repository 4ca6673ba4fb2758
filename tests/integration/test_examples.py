# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the EXAMPLES of each plugin, and compare the samples in RETURN with real results."""

from __future__ import annotations

import ast
import configparser
import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.threadworks.openai.tests.local_runtimes import LocalRuntimes
from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.playbook import AnsiblePlaybook, Outcome, play
from ansible_collections.threadworks.openai.tests.runtime.harness import served_here

Json = dict[str, Any]

_PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
_FILES = sorted([*_PLUGINS.glob("modules/openai_*.py"), *_PLUGINS.glob("lookup/openai_*.py")])
_NOT_RUN = (
    # It would stop the local runtimes of other tests.
    "Stop all local runtimes of this user, and wait for their runs",
    # It needs another server.
    "Import two threads from another server",
)

_FUNCTION = {"type": "function", "function": {"name": "disk_usage", "parameters": {"type": "object"}}}
_CALLS = [{"name": "disk_usage", "arguments": {"path": "/var"}}]
# What the examples assume: an assistant, a thread, and a run that waits for the output of a tool.
_ASSUMED: list[Json] = [
    {
        "name": "assumed assistant",
        "register": "assistant",
        "openai_assistant": {"name": "Network assistant", "model": "m", "metadata": {"team": "network"}},
    },
    {
        "name": "assumed thread",
        "register": "thread",
        "openai_thread": {
            "key": "ticket-4711",
            "metadata": {"team": "network"},
            "messages": [{"content": "Why does the link to Oslo flap?"}],
        },
    },
    {
        "name": "assumed run",
        "register": "asked",
        "openai_thread_run": {
            "assistant_id": "{{ assistant.assistant_id }}",
            "tools": [_FUNCTION],
            "thread": {"messages": [{"content": "How full is it?"}]},
        },
    },
]
# What the examples of single modules also assume.
_FURTHER: dict[str, list[Json]] = {
    "openai_import": [
        {"name": "folder", "file": {"path": "{{ playbook_dir }}/assistants-export", "state": "directory"}},
        {
            "name": "export",
            "openai_export": {
                "dest": "{{ playbook_dir }}/assistants-export/archive.jsonl",
                "thread_ids": ["{{ thread.thread_id }}"],
            },
        },
    ],
    "openai_vector_store_info": [{"name": "store", "openai_vector_store": {"name": "runbooks"}}],
}
_VARIABLES: Json = {
    "tickets": [{"id": "ticket-1", "text": "The link to Oslo flaps."}],
    "call": "{{ asked.required_action.submit_tool_outputs.tool_calls[0] }}",
    "thread_id": "{{ asked.thread_id }}",
    "run_id": "{{ asked.run_id }}",
}


def _documentation(path: Path, name: str) -> Any:
    """Return a block of documentation of a plugin, such as EXAMPLES."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == name:
            return yaml.safe_load(ast.literal_eval(node.value))
    raise AssertionError(f"{path.name} has no {name}")


def _examples_of(path: Path) -> list[Json]:
    """Return the tasks in EXAMPLES that the test runs."""
    examples = [task for task in _documentation(path, "EXAMPLES") if task["name"] not in _NOT_RUN]
    assert all("name" in task for task in examples)
    return examples


def _prepare(folder: Path) -> None:
    """Write the files that examples upload."""
    for runbook in ("disk_full.md", "runbooks/disk_full.md"):
        (folder / runbook).parent.mkdir(parents=True, exist_ok=True)
        (folder / runbook).write_text("Delete old logs.")


def _tasks_of(path: Path) -> list[Json]:
    return [*_ASSUMED, *_FURTHER.get(path.stem, []), *_examples_of(path)]


_OF_LOCAL_RUNTIMES = [path for path in _FILES if "local_runtime" in path.stem]
_OTHERS = [path for path in _FILES if path not in _OF_LOCAL_RUNTIMES]


@pytest.mark.parametrize("path", _OF_LOCAL_RUNTIMES, ids=lambda path: path.stem)
def test_examples_of_local_runtimes(path: Path, ansible_playbook: AnsiblePlaybook, model_server: ModelServer) -> None:
    model_server.script([{"match": "How full", "calls": _CALLS}])
    text = play(_tasks_of(path), vars=_VARIABLES)
    outcome = ansible_playbook(text, env={"OPENAI_BASE_URL": model_server.base_url})
    assert outcome.rc == 0, str(outcome)
    assert {task["name"] for task in _examples_of(path)} <= outcome.results.keys(), str(outcome)


@pytest.mark.parametrize("part", range(3))
def test_examples(part: int, ansible_playbook: AnsiblePlaybook, tmp_path: Path) -> None:
    """A playbook per plugin, with its own folder, host, runtime and model server; one start of Ansible for many."""
    paths = _OTHERS[part::3]
    playbooks = []
    with contextlib.ExitStack() as stack:
        for path in paths:
            folder = tmp_path / path.parent.name / path.stem
            _prepare(folder)
            model = stack.enter_context(ModelServer())
            model.script([{"match": "How full", "calls": _CALLS}])
            runtime = stack.enter_context(served_here(folder / "runtime.db", model))
            variables = {**_VARIABLES, "openai_runtime_url": runtime.url}
            playbooks.append(folder / "examples.yml")
            playbooks[-1].write_text(play(_tasks_of(path), hosts=_host(path), connection="local", vars=variables))
        inventory = tmp_path / "hosts"
        python = "ansible_python_interpreter='{{ ansible_playbook_python }}'"
        inventory.write_text("".join(f"{_host(path)} {python}\n" for path in paths))
        outcome = ansible_playbook(playbooks[0], *map(str, playbooks[1:]), "-i", str(inventory))
    assert outcome.rc == 0, str(outcome)
    for path in paths:
        done = {task.name for task in outcome.tasks if task.host == _host(path)}
        assert {task["name"] for task in _examples_of(path)} <= done, str(outcome)


def _host(path: Path) -> str:
    """The name of a plugin's host: a variable of one example is unknown to the others."""
    return f"{path.parent.name}-{path.stem}"


@pytest.mark.any_runtime
def test_examples_of_the_filter_and_the_callback(ansible_playbook: AnsiblePlaybook, model_server: ModelServer) -> None:
    configuration = _documentation(_PLUGINS / "callback/runs.py", "EXAMPLES")["ansible.cfg"]
    (ansible_playbook.folder / "ansible.cfg").write_text(configuration)
    parser = configparser.ConfigParser()
    parser.read_string(configuration)
    env = {
        "OPENAI_BASE_URL": model_server.base_url,
        "ANSIBLE_CALLBACKS_ENABLED": f"json_lines,{parser['defaults']['callbacks_enabled']}",
    }
    examples = _documentation(_PLUGINS / "filter/transcript.py", "EXAMPLES")
    shown = {"name": "page", "debug": {"var": "page"}}
    outcome = ansible_playbook(play([*_ASSUMED, *examples, shown]), env=env)
    assert outcome.rc == 0, str(outcome)
    assert "Why does the link to Oslo flap?" in (ansible_playbook.folder / "ticket-4711.md").read_text()
    for name in ("Show the reply and the tool calls of the run", "page"):
        assert "Reply to: Why does the link to Oslo flap?" in json.dumps(outcome.results[name]), outcome
    assert "OPENAI RUNS" in outcome.stdout
    for file in parser["openai_runs"].values():
        assert "Run an assistant, and return its steps" in (ansible_playbook.folder / file).read_text()


# A task for the RETURN of each module. Those without samples of objects are missing.
_MODULES: dict[str, Json] = {
    "openai_assistant": _ASSUMED[0]["openai_assistant"],
    "openai_assistant_info": {"name": "Network assistant"},
    "openai_thread": {"key": "ticket-4711"},
    "openai_thread_info": {"key": "ticket-4711", "messages": True},
    "openai_message": {"thread_id": "ticket-4711", "content": "Why?"},
    "openai_run": {"thread_id": "ticket-4711", "assistant_id": "Network assistant", "steps": True},
    "openai_thread_run": {**_ASSUMED[2]["openai_thread_run"], "steps": True},
    "openai_run_info": {"runs": ["{{ answered }}"]},
    "openai_local_runtime_info": {},
    "openai_export": {"dest": "{{ playbook_dir }}/archive.jsonl", "thread_ids": ["{{ thread.thread_id }}"]},
    "openai_import": {"src": "{{ playbook_dir }}/archive.jsonl"},
    "openai_file": {"content": "Delete old logs.", "filename": "disk_full.md"},
    "openai_file_info": {"filename": "disk_full.md"},
    "openai_vector_store": {"name": "runbooks"},
    "openai_vector_store_info": {"name": "runbooks", "files": True},
    "openai_tool_turn": {
        "thread_id": "{{ asked.thread_id }}",
        "run_id": "{{ asked.run_id }}",
        "calls": "{{ asked.required_action.submit_tool_outputs.tool_calls }}",
        "allowed": ["disk_usage"],
    },
}
# The terms and options of each lookup.
_LOOKUPS = {
    "openai_assistant": "'Network assistant'",
    "openai_assistants": "metadata={'team': 'network'}",
    "openai_thread": "'ticket-4711'",
    "openai_threads": "metadata={'team': 'network'}",
    "openai_messages": "answered.thread_id, order='desc'",
    "openai_run": "answered.run_id, thread_id=answered.thread_id",
    "openai_runs": "answered.thread_id",
    "openai_run_steps": "answered.run_id, thread_id=answered.thread_id",
    "openai_thread_run": "answered.thread_id",
}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory, collections: Path) -> Outcome:
    """The results of a task for each module, and of each lookup, with a local runtime for openai_local_runtime_info."""
    answered = {
        "name": "answered",
        "register": "answered",
        "openai_run": {"thread_id": "ticket-4711", "assistant_id": "Network assistant"},
    }
    modules = [{"name": f"modules/{name}", name: options} for name, options in _MODULES.items()]
    lookups = [
        {"name": f"lookup/{name}", "debug": {"msg": f"{{{{ query('threadworks.openai.{name}', {terms}) }}}}"}}
        for name, terms in _LOOKUPS.items()
    ]
    with (
        ModelServer() as model,
        LocalRuntimes() as runtimes,
        AnsiblePlaybook(tmp_path_factory.mktemp("samples"), collections) as ansible_playbook,
    ):
        model.script([{"match": "How full", "calls": _CALLS}])
        text = play([*_ASSUMED, answered, *modules, *lookups])
        env = {"OPENAI_BASE_URL": model.base_url, **runtimes.environment}
        outcome = ansible_playbook(text, env=env)
    assert outcome.rc == 0, str(outcome)
    return outcome


def test_samples_of_modules(results: Outcome) -> None:
    for module in _MODULES:
        documented = _documentation(_PLUGINS / f"modules/{module}.py", "RETURN")
        result = results.results[f"modules/{module}"]
        compared = [
            key
            for key, entry in documented.items()
            if key in result and _compare(entry, result[key], f"{module}: {key}")
        ]
        assert compared, module


def test_samples_of_lookups(results: Outcome) -> None:
    for lookup in _LOOKUPS:
        entry = _documentation(_PLUGINS / f"lookup/{lookup}.py", "RETURN")["_raw"]
        assert _compare(entry, results.results[f"lookup/{lookup}"]["msg"], f"{lookup}: _raw")


def _compare(entry: Json, real: Any, where: str) -> bool:
    """Compare the documentation of a value with a real one, and return whether there is anything to compare."""
    compared = []
    if "contains" in entry and real:
        item = real[0] if isinstance(real, list) else real
        missing = item.keys() - entry["contains"].keys()
        assert not missing, f"{where} has keys that are not documented: {missing}"
        compared = [_compare(entry["contains"][name], value, f"{where}.{name}") for name, value in item.items()]
    if "sample" in entry:
        compared.append(_alike(entry["sample"], real, where))
    return any(compared)


def _alike(sample: Any, real: Any, where: str) -> bool:
    """Check that a sample has keys and types of the real value, and return whether both have a value."""
    if sample is None or real is None:
        return False
    if isinstance(sample, list) and isinstance(real, list):
        return bool(sample and real) and _alike(sample[0], real[0], f"{where}[0]")
    if isinstance(sample, dict) and isinstance(real, dict):
        if where.endswith(("metadata", "arguments", "output", "statuses")):
            return True
        missing = sample.keys() - real.keys()
        assert not missing, f"{where} has no {missing}"
        for key, inner in sample.items():
            _alike(inner, real[key], f"{where}.{key}")
        return True
    numbers = (int, float)
    same = isinstance(sample, numbers) and isinstance(real, numbers)
    assert same or type(sample) == type(real), f"{where} is {real!r}, but the sample is {sample!r}"  # noqa: E721
    return True
