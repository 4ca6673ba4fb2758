# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where connection options may come from, and which source wins."""

from __future__ import annotations

from typing import Any

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.playbook import AnsiblePlaybook, play
from ansible_collections.threadworks.openai.tests.unit.plugins.scripted import Scripted, always

Json = dict[str, Any]

# In order of precedence.
_SOURCES = ["task", "module_defaults", "vars", "task's environment", "environment", "ini"]


def _from(strongest: str, store: dict[str, str]) -> str:
    """A play with a task that gets a store from each of these sources: the strongest, and those that are weaker."""
    present = _SOURCES[_SOURCES.index(strongest) :]
    # It does not create a store, but says which one does not exist.
    task: Json = {"name": strongest, "openai_export": {"dest": "all.jsonl"}, "ignore_errors": True}
    keywords: Json = {}
    if "task" in present:
        task["openai_export"]["runtime_store"] = store["task"]
    if "module_defaults" in present:
        keywords["module_defaults"] = {"group/threadworks.openai.openai": {"runtime_store": store["module_defaults"]}}
    if "vars" in present:
        keywords["vars"] = {"openai_runtime_store": "{{ of_vars }}", "of_vars": store["vars"]}
    if "task's environment" in present:
        task["environment"] = {"OPENAI_RUNTIME_STORE": store["task's environment"]}
    return play([task], **keywords)


def test_the_strongest_source_wins(ansible_playbook: AnsiblePlaybook) -> None:
    store = {source: str(ansible_playbook.folder / f"{source}.db") for source in _SOURCES}
    config = ansible_playbook.folder / "ansible.cfg"
    config.write_text(f"[openai]\nruntime_store = {store['ini']}\n")
    ansible_playbook.forget("OPENAI_RUNTIME_STORE")
    env = {"ANSIBLE_CONFIG": str(config), "OPENAI_RUNTIME_STORE": store["environment"]}
    plays = [_from(source, store) for source in _SOURCES if source != "ini"]
    outcome = ansible_playbook("".join(plays), env=env)
    assert (outcome.rc, outcome.stats["ignored"]) == (0, len(plays)), outcome
    for task in outcome.tasks:
        assert f"The store {store[task.name]} does not exist" in task.result["msg"], outcome

    del env["OPENAI_RUNTIME_STORE"]
    assert ansible_playbook(play([{"openai_thread": {"key": "T"}}]), env=env).rc == 0
    assert [path.stem for path in ansible_playbook.folder.glob("*.db")] == ["ini"]


def test_without_any_source_the_store_is_in_the_home_of_ansible(ansible_playbook: AnsiblePlaybook) -> None:
    ansible_playbook.forget("OPENAI_RUNTIME_STORE")
    assert ansible_playbook(play([{"openai_thread": {"key": "T"}}])).rc == 0
    store = ansible_playbook.folder / "ansible" / "threadworks.openai" / "runtime.db"
    assert store.stat().st_mode & 0o777 == 0o600


def test_every_option_from_every_place(ansible_playbook: AnsiblePlaybook) -> None:
    """The model server records its requests. Each task gets the options from a different source."""
    places: Json = {
        "environment": {
            "environment": {
                "OPENAI_BASE_URL": "{{ url }}",
                "OPENAI_API_KEY": "sk-right",
                "OPENAI_ORGANIZATION": "org-1",
                "OPENAI_PROJECT_ID": "proj-1",
                "OPENAI_RUNTIME_CONCURRENT_RUNS": "5",
                "OPENAI_RUNTIME_IDLE_TIMEOUT": "100",
            }
        },
        "the other name": {
            "environment": {
                "OPENAI_BASE_URL": "{{ url }}",
                "OPENAI_API_KEY": "sk-right",
                "OPENAI_ORG_ID": "org-1",
                "OPENAI_PROJECT_ID": "proj-1",
            }
        },
        "vars": {
            "vars": {
                "openai_base_url": "{{ url }}",
                "openai_api_key": "{{ 'sk-' ~ 'right' }}",
                "openai_organization": "org-{{ 1 }}",
                "openai_project": "proj-1",
                "openai_timeout": "{{ 20 + 1 }}",
                "openai_max_retries": "0",
                "openai_runtime_concurrent_runs": "{{ 5 + 1 }}",
                "openai_runtime_idle_timeout": "110",
            }
        },
        "task": {
            "base_url": "{{ url }}",
            "api_key": "sk-right",
            "organization": "org-1",
            "project": "proj-1",
            "runtime_concurrent_runs": 7,
            "runtime_idle_timeout": 120.5,
        },
    }
    config = ansible_playbook.folder / "ansible.cfg"
    config.write_text("[openai]\nruntime_concurrent_runs = 4\nruntime_idle_timeout = 90\n")
    tasks: list[Json] = [{"openai_assistant": {"name": "A", "model": "m"}, "register": "assistant"}]
    for place, how in places.items():
        options = {"assistant_id": "{{ assistant.assistant_id }}", "key": place, **(how if place == "task" else {})}
        tasks.append({"name": place, "openai_thread_run": options, **(how if place != "task" else {})})
        tasks.append({"name": f"after {place}", "openai_local_runtime_info": {}})
    with ModelServer(api_key="sk-right") as model:
        text = play(tasks, vars={"url": model.base_url})
        outcome = ansible_playbook(text, env={"ANSIBLE_CONFIG": str(config)})
        assert outcome.rc == 0, outcome
        sent = [{name.lower(): value for name, value in request["headers"].items()} for request in model.requests]
    assert [(each["openai-organization"], each["openai-project"]) for each in sent] == [("org-1", "proj-1")] * 4
    timeouts = [each["x-stainless-read-timeout"] for each in sent]
    assert [float(each) for each in timeouts] == [120, 120, 21, 120]
    # The local runtime uses the latest value.
    told = [outcome.results[f"after {place}"]["runtimes"][0] for place in places]
    assert [each["concurrent_runs"] for each in told] == [5, 4, 6, 7]
    assert [each["idle_timeout"] for each in told] == [100, 90, 110, 120.5]
    assert len({each["pid"] for each in told}) == 1


def test_the_proxy_of_a_task_is_for_its_client_too(ansible_playbook: AnsiblePlaybook) -> None:
    page = {"object": "list", "data": [], "has_more": False}
    asked: Json = {"openai_assistant_info": {"runtime_url": "http://runtime.example:8080/v1", "max_retries": 0}}
    with Scripted(always(page)) as proxy:
        through: Json = {"http_proxy": f"http://127.0.0.1:{proxy.port}"}
        tasks = [{**asked, "environment": through}, {**asked, "name": "without", "ignore_errors": True}]
        outcome = ansible_playbook(play(tasks))
    assert outcome.rc == 0, outcome
    assert proxy.lines == ["GET http://runtime.example:8080/v1/assistants?limit=100 HTTP/1.1"]
    assert outcome.tasks[1].status == "failed"


_WRONG: list[tuple[Json, str]] = [
    ({"openai_timeout": "soon"}, "timeout"),
    ({"openai_max_retries": "many"}, "max_retries"),
    ({"openai_base_url": "{{ nowhere }}"}, "nowhere"),
]


def test_a_wrong_value_from_outside_is_named(ansible_playbook: AnsiblePlaybook) -> None:
    tasks: list[Json] = [
        {"name": message, "openai_thread": {"key": "T"}, "vars": variables, "ignore_errors": True}
        for variables, message in _WRONG
    ]
    outcome = ansible_playbook(play(tasks))
    assert (outcome.rc, outcome.stats["ignored"]) == (0, len(_WRONG)), outcome
    for _variables, message in _WRONG:
        assert message in outcome.results[message]["msg"]
    assert not ansible_playbook.store.exists()
