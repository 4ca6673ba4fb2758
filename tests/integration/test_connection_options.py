# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where connection options may come from, and which source wins."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.playbook import AnsiblePlaybook, play
from ansible_collections.threadworks.openai.tests.unit.plugins.scripted import Scripted, always

Json = dict[str, Any]

# Each source specifies a different store, so that the created file shows which source was used, in order of precedence.
_SOURCES = ["task", "module_defaults", "vars", "task's environment", "environment", "ini"]


@pytest.mark.parametrize("strongest", _SOURCES)
def test_the_strongest_source_wins(ansible_playbook: AnsiblePlaybook, strongest: str) -> None:
    present = _SOURCES[_SOURCES.index(strongest) :]
    store = {source: str(ansible_playbook.folder / f"{source}.db") for source in present}
    config = ansible_playbook.folder / "ansible.cfg"
    config.write_text(f"[openai]\nruntime_store = {store['ini']}\n")
    ansible_playbook.forget("OPENAI_RUNTIME_STORE")
    env = {"ANSIBLE_CONFIG": str(config)}
    if "environment" in present:
        env["OPENAI_RUNTIME_STORE"] = store["environment"]
    task: Json = {"openai_thread": {"key": "T"}}
    keywords: Json = {}
    if "task" in present:
        task["openai_thread"]["runtime_store"] = store["task"]
    if "module_defaults" in present:
        keywords["module_defaults"] = {"group/threadworks.openai.openai": {"runtime_store": store["module_defaults"]}}
    if "vars" in present:
        keywords["vars"] = {"openai_runtime_store": "{{ of_vars }}", "of_vars": store["vars"]}
    if "task's environment" in present:
        task["environment"] = {"OPENAI_RUNTIME_STORE": store["task's environment"]}
    outcome = ansible_playbook(play([task], **keywords), env=env)
    assert outcome.rc == 0, outcome
    assert [path.stem for path in ansible_playbook.folder.glob("*.db")] == [strongest]


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


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"vars": {"openai_timeout": "soon"}}, "timeout"),
        ({"vars": {"openai_max_retries": "many"}}, "max_retries"),
        ({"vars": {"openai_base_url": "{{ nowhere }}"}}, "nowhere"),
    ],
)
def test_a_wrong_value_from_outside_is_named(ansible_playbook: AnsiblePlaybook, keywords: Json, message: str) -> None:
    outcome = ansible_playbook(play([{"name": "thread", "openai_thread": {"key": "T"}}], **keywords))
    assert outcome.rc == 2, outcome
    assert message in outcome.results["thread"]["msg"]
    assert not ansible_playbook.store.exists()
