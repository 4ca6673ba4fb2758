# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Search for an API key that is set in every possible way, and that the model server repeats. It must not be found.

The search includes the most verbose output, all remaining files (stores, logs, results, temporary files), and the
command lines and environments of all processes. Two places cannot be avoided and are excluded: the file in which the
user has written the key, and the environment of `ansible-playbook` and its workers if the user has set it there. The
local runtime is always started without the key. For asynchronous tasks, Ansible itself puts the `environment` of the
task on the command line of the module, and stores the module with its options in a file that only its user can read,
until the module has ended.
"""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

from canary import Canary, Watch
from chapter import Chapter, Options
from stage import Stage, stage

from ansible_collections.threadworks.openai.tests.conditions import wait_for
from ansible_collections.threadworks.openai.tests.playbook import play
from ansible_collections.threadworks.openai.tests.runtime.processes import Served

Json = dict[str, Any]

_PASSWORD = "vault-password"
_GIVEN = "given_"
_SERVED = "served runtime"
_AT_ONCE = 4
_SILENCE = 2
_GROUP = "group/threadworks.openai.openai"


@dataclasses.dataclass(frozen=True)
class _Way:
    """A way to set a key.

    Attributes:
        env: The environment of `ansible-playbook`.
        keywords: The keywords of the play.
        task: The keywords of each task.
        options: The options of each task of the collection and of each lookup. They are set by variables from a file,
            because Ansible displays the lines of a failed task.
        echoed: Whether the model server gets the key, and can therefore repeat it.
        files: Further files by name.
        arguments: The arguments of `ansible-playbook`.
    """

    env: dict[str, str] = dataclasses.field(default_factory=dict)
    keywords: Json = dataclasses.field(default_factory=dict)
    task: Json = dataclasses.field(default_factory=dict)
    options: Json = dataclasses.field(default_factory=dict)
    files: dict[str, str] = dataclasses.field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    echoed: bool = True


def run(options: Options) -> Chapter:
    """Set the key in every way, with a playbook for each."""
    chapter = Chapter()
    names = ("environment", _SERVED) if options.short else (*_ways("", ""), _SERVED)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        searches = dict(zip(names, pool.map(lambda name: _searched(name, options), names), strict=True))
    chapter.inform("ways to give a key", len(names))
    seen = sum(search.looked_at for search in searches.values())
    chapter.at_least("files and processes looked at", seen, 10 * len(names))
    chapter.none("canary hits", [f"{name}: {hit}" for name, search in searches.items() for hit in search.hits])
    failed = [f"{name}: {what}" for name, search in searches.items() for what in search.failed]
    chapter.none("playbooks that did not run as expected", failed)
    return chapter


def _searched(name: str, options: Options) -> _Search:
    key, token = (Canary(f"{kind}{name.replace(' ', '')}{options.seed}") for kind in ("key", "token"))
    with stage(options.folder / name.replace(" ", "-")) as here:
        search = _Search(here, key, options.short)
        if name == _SERVED:
            search.serve(token)
        else:
            search.play(_ways(key.value, here.model.base_url)[name])
    return search


def _ways(key: str, base_url: str) -> dict[str, _Way]:
    text = json.dumps(key)
    with_key = base_url.replace("//", f"//user:{_quoted(key)}@")
    local = "ansible_connection=local ansible_python_interpreter='{{ ansible_playbook_python }}'"
    return {
        "environment": _Way(env={"OPENAI_API_KEY": key}),
        "environment of each task": _Way(
            files={"task.json": json.dumps({"secret": key})},
            keywords={"vars_files": ["task.json"]},
            task={"environment": {"OPENAI_API_KEY": "{{ secret }}"}},
        ),
        "play variable": _Way(
            files={"play.json": json.dumps({"secret": key})},
            keywords={"vars_files": ["play.json"], "vars": {"openai_api_key": "{{ secret }}"}},
        ),
        "variable file": _Way(files={"key.yml": f"openai_api_key: {text}"}, keywords={"vars_files": ["key.yml"]}),
        "vault": _Way(
            files={"vault.yml": f"vaulted: {text}", "password": _PASSWORD},
            keywords={"vars_files": ["vault.yml"], "vars": {"openai_api_key": "{{ vaulted }}"}},
            arguments=("--vault-password-file", "password"),
        ),
        "host variable": _Way(
            files={"hosts": f"localhost {local}", "host_vars/localhost.yml": f"openai_api_key: {text}"},
            arguments=("-i", "hosts"),
        ),
        "extra variable of a file": _Way(
            files={"extra.json": f'{{"openai_api_key": {text}}}'}, arguments=("-e", "@extra.json")
        ),
        "task option": _Way(options={"api_key": key}),
        "module defaults": _Way(
            files={"defaults.json": json.dumps({"default_key": key})},
            keywords={"vars_files": ["defaults.json"], "module_defaults": {_GROUP: {"api_key": "{{ default_key }}"}}},
        ),
        "URL": _Way(options={"base_url": with_key}),
        "URL of the settings": _Way(files={"ansible.cfg": f"[openai]\nbase_url = {with_key}\n"}),
        "URL with a query": _Way(options={"base_url": f"{base_url}?key={_quoted(key)}"}),
        "key with a line break": _Way(options={"api_key": f"{key}\r\nX-Injected: yes"}),
        "proxy of the environment": _Way(env={"HTTPS_PROXY": f"http://user:{_quoted(key)}@127.0.0.1:9"}, echoed=False),
        "database URL": _Way(options={"runtime_store": f"postgresql://user:{_quoted(key)}@127.0.0.1:9/x"}),
        "runtime URL": _Way(options={"runtime_url": f"http://user:{_quoted(key)}@127.0.0.1:9/v1"}),
    }


# The model server repeats its key in every place that can be displayed.
def _echoes(key: str) -> dict[str, Json]:
    told = f"Incorrect API key provided: {key}."
    return {
        "status 401": {"status": 401, "error": {"message": told}},
        "status 500": {"status": 500, "error": {"message": told}},
        "status 418": {"status": 418, "error": {"message": told, "type": key, "code": key, "param": key}},
        "header": {
            "status": 429,
            "error": {"message": told},
            "headers": {"Retry-After": "0", "X-Key": key},
        },
        "error event": {"text": "Two words", "error": {"message": told, "code": key}},
        "failed": {"failed": {"code": "server_error", "message": told}},
        "incomplete": {"text": "Two words", "incomplete": key},
        "format": {"text": json.dumps({"key": key})},
        "hang": {"hang": True},
        "cut": {"break_after": 3},
    }


class _Search:
    """A search for a key that is set in one way.

    Attributes:
        hits: The places in which the key was found.
        failed: The playbooks that did not run as expected.
        looked_at: The number of searched files and processes.
    """

    def __init__(self, here: Stage, canary: Canary, short: bool) -> None:
        self.hits: list[str] = []
        self.failed: list[str] = []
        self.looked_at = 0
        self._here, self._canary, self._folder = here, canary, here.playbook.folder
        self._short = short
        self._echoes = _echoes(canary.value)
        if short:
            self._echoes = {name: self._echoes[name] for name in ("status 401", "error event", "failed")}
        here.model.script([{"match": f"Echo: {name}.", "sticky": True, **echo} for name, echo in self._echoes.items()])

    def play(self, way: _Way) -> None:
        """Run the playbook with the key set in this way, and search for the key."""
        variables = {f"{_GIVEN}{name}": value for name, value in way.options.items()}
        given = self._write({**way.files, "given.json": json.dumps(variables)})
        keywords = {**way.keywords, "vars_files": [*way.keywords.get("vars_files", []), "given.json"]}
        if not way.echoed:
            self._here.model.script([])
        without_async = "environment" in way.task
        tasks = [{**task, **way.task} for task in self._tasks(way.options) if not (without_async and "async" in task)]
        text = play(tasks, **keywords)
        # A short path, because Ansible creates a socket in it.
        environment = {**way.env, "TMPDIR": str(self._here.runtimes.folder / "tmp")}
        if "ansible.cfg" in way.files:
            self._here.playbook.forget("OPENAI_BASE_URL")
            environment["ANSIBLE_CONFIG"] = str(self._folder / "ansible.cfg")
        with Watch(self._canary) as watch:
            outcome = self._here.playbook(text, "-vvvv", "--diff", *way.arguments, env=environment)
        self._look(watch, outcome.stdout + outcome.stderr, given)
        # If the user sets the key in an environment, Ansible and its modules have it there. The runtime never has it.
        allowed = way.env or "environment" in way.task
        self.hits += [
            f"environment of: {command}"
            for command in watch.environments
            if "threadworks_runtime" in command or not allowed
        ]
        ended = [task.name for task in outcome.tasks]
        self.failed += [f"task {task['name']} did not run:\n{outcome}" for task in tasks if task["name"] not in ended][
            :1
        ]

    def serve(self, token: Canary) -> None:
        """Serve a runtime with the key of a model server, and run a playbook with the token of the runtime."""
        given = self._write({"given.json": json.dumps({f"{_GIVEN}api_key": token.value})})
        tasks = self._tasks({"api_key": token.value})
        environment = {"OPENAI_API_KEY": self._canary.value, "RUNTIME_TOKEN": token.value}
        with (
            Served(
                str(self._folder / "served.db"), self._here.model.base_url, "--timeout", f"{_SILENCE}", **environment
            ) as served,
            Watch(self._canary) as watch,
            Watch(token) as watch_token,
        ):
            outcome = self._here.playbook(
                play(tasks, vars_files=["given.json"]), "-vvvv", "--diff", env={"OPENAI_RUNTIME_URL": served.url}
            )
        self._look(watch, outcome.stdout + outcome.stderr, given)
        self._canary = token
        self._look(watch_token, outcome.stdout + outcome.stderr, given)

    def _write(self, files: dict[str, str]) -> set[Path]:
        (self._here.runtimes.folder / "tmp").mkdir()
        for name, text in files.items():
            (self._folder / name).parent.mkdir(exist_ok=True)
            (self._folder / name).write_text(text)
        if "vault.yml" in files:
            command = ["vault", "encrypt", "--vault-password-file", "password", "vault.yml"]
            subprocess.run(
                [sys.executable, "-m", "ansible", *command], cwd=self._folder, check=True, capture_output=True
            )
        return {self._folder / name for name in files if name != "vault.yml"}

    def _tasks(self, options: Json) -> list[Json]:
        lookups = ", ".join(f"{name}={_GIVEN}{name}" for name in options)
        lookup = f"lookup('threadworks.openai.openai_thread', 'T'{lookups and ', ' + lookups})"
        one = {"assistant_id": "{{ assistant.assistant_id }}", "max_retries": 0, "timeout": _SILENCE}
        schema = {"name": "numbers", "schema": {"type": "object", "properties": {"key": {"type": "integer"}}}}
        tasks: list[Json] = [
            {"name": "assistant", "openai_assistant": {"name": "A", "model": "m"}, "register": "assistant"},
            {"name": "thread", "openai_thread": {"key": "T", "metadata": {"a": 1}}, "register": "thread"},
            {"name": "bad choice", "openai_thread": {"key": "T", "state": "gone"}},
            {"name": "bad id", "openai_run_info": {"thread_id": "thread_x"}},
            {"name": "lookup", "debug": {"msg": "{{ " + lookup + " }}"}},
            {"name": "hello", "openai_thread_run": {**one, "thread": {"messages": [{"content": "Hello"}]}}},
            {"name": "asynchronous", "openai_thread": {"key": "U"}, "async": 600, "poll": 4},
            {"name": "all variables", "debug": {"var": "assistant, thread, ansible_facts"}},
        ]
        for name in self._echoes:
            thread = {"messages": [{"content": f"Echo: {name}."}]}
            given = {"response_format": {"type": "json_schema", "json_schema": schema}} if name == "format" else {}
            tasks.append({"name": name, "openai_thread_run": {**one, "thread": thread, **given}})
        if self._short:  # test_secrets.py has asynchronous tasks with each kind of runtime
            tasks = [task for task in tasks if "async" not in task]
        return [self._with_options(task, {name: f"{{{{ {_GIVEN}{name} }}}}" for name in options}) for task in tasks]

    def _with_options(self, task: Json, options: Json) -> Json:
        module = next(iter(name for name in task if name.startswith("openai_")), None)
        task = {**task, module: {**options, **task[module]}} if module else task
        return {**task, "ignore_errors": True}

    def _look(self, watch: Watch, output: str, given: set[Path]) -> None:
        self.hits += [f"output: {line.strip()[:200]}" for line in output.splitlines() if self._canary.is_in(line)]
        self.hits += [f"command line: {command}" for command in watch.commands]
        # Ansible's wrapper of an asynchronous module removes its files some seconds after its end.
        wait_for(lambda: not list(self._folder.rglob("AnsiballZ*")))
        folders = (self._folder, self._here.runtimes.folder)
        self.hits += [f"file: {hit}" for folder in folders for hit in self._canary.files(folder, given)]
        self.looked_at += watch.seen + sum(1 for folder in folders for _each in folder.rglob("*"))


def _quoted(key: str) -> str:
    return quote(key, safe="")
