# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients of Azure: other paths, `api-version`, and the key in a header of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import httpx2
import openai
import pytest
from threadworks_runtime.app import create_app
from threadworks_runtime.azure import own_path
from threadworks_runtime.settings import Settings

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime.harness import AppServer

pytestmark = pytest.mark.any_store

_TOKEN = "s3cret"


@pytest.fixture
def guarded(settings: Settings) -> Iterator[AppServer]:
    with AppServer(create_app(replace(settings, token=_TOKEN))) as server:
        yield server


@pytest.mark.parametrize(
    ("path", "own"),
    [
        ("/v1/threads", "/v1/threads"),
        ("/openai/threads", "/v1/threads"),
        ("/openai/v1/threads", "/v1/threads"),
        ("/openai/v1/files/x/content", "/v1/files/x/content"),
        ("/api/projects/mine/threads/runs", "/v1/threads/runs"),
        ("/openai", "/openai"),
        ("/openai/", "/v1/"),
        ("/openaix/threads", "/openaix/threads"),
        ("/healthz", "/healthz"),
        ("/x/openai/threads", "/x/openai/threads"),
    ],
)
def test_paths(path: str, own: str) -> None:
    assert own_path(path) == own


def test_the_sdk_for_azure(guarded: AppServer, model_server: ModelServer) -> None:
    client = openai.AzureOpenAI(
        azure_endpoint=guarded.root, api_key=_TOKEN, api_version="2025-03-01-preview", max_retries=0
    )
    assistant = client.beta.assistants.create(model="m", name="A")
    run = client.beta.threads.create_and_run_poll(
        assistant_id=assistant.id, thread={"messages": [{"role": "user", "content": "Hello"}]}
    )
    assert run.status == "completed"
    (reply, _question) = client.beta.threads.messages.list(run.thread_id)
    assert reply.content[0].type == "text"
    assert reply.content[0].text.value == "Reply to: Hello"
    file = client.files.create(file=("a.txt", b"text"), purpose="assistants")
    assert client.files.content(file.id).read() == b"text"
    assert "api-version" not in str(model_server.requests)


@pytest.mark.parametrize("name", ["runbook.md", 'a "b".txt'])
def test_the_name_of_a_file_in_a_field_of_its_own(guarded: AppServer, model_server: ModelServer, name: str) -> None:
    fields = {"purpose": "assistants", "filename": name, "file": "text"}
    parts = "".join(
        f'--B1\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n' for field, value in fields.items()
    )
    headers = {"api-key": _TOKEN, "content-type": "multipart/form-data; boundary=B1"}
    url = f"{guarded.root}/api/projects/mine/files?api-version=v1"
    file = httpx2.post(url, content=f"{parts}--B1--\r\n".encode(), headers=headers, timeout=60)
    assert file.status_code == 200, file.text
    assert file.json()["filename"] == name.replace('"', "%22")
    content = httpx2.get(
        url.replace("/files", f"/files/{file.json()['id']}/content"), headers={"api-key": _TOKEN}, timeout=60
    )
    assert content.text == "text"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"api-key": _TOKEN}, 200),
        ({"Authorization": f"Bearer {_TOKEN}"}, 200),
        ({"Authorization": "Bearer wrong", "api-key": _TOKEN}, 200),
        ({"api-key": "wrong"}, 401),
        ({"api-key": ""}, 401),
        ({"api-key": "\u00fc"}, 401),
        ({"Authorization": f"Basic {_TOKEN}"}, 401),
        ({}, 401),
    ],
)
def test_the_key_in_a_header_of_its_own(guarded: AppServer, headers: dict[str, str], status: int) -> None:
    encoded = {name: value.encode("latin-1") for name, value in headers.items()}
    for prefix in ("/openai", "/openai/v1", "/api/projects/mine", "/v1"):
        answer = httpx2.get(f"{guarded.root}{prefix}/threads?api-version=v1", headers=encoded, timeout=60)
        assert answer.status_code == status, prefix


def test_the_header_of_the_api_is_needed_without_a_version(guarded: AppServer) -> None:
    answer = httpx2.get(f"{guarded.root}/openai/threads", headers={"api-key": _TOKEN}, timeout=60)
    assert answer.json()["error"]["code"] == "invalid_beta"
