# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of a served runtime: who can see it, and the stream of changes. test_page_in_browser.py uses it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import httpx2
import pytest
from threadworks_runtime.app import create_app
from threadworks_runtime.page import ASSETS, session
from threadworks_runtime.settings import Settings

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime.harness import (
    BETA,
    AppServer,
    Conversation,
    events_of,
    raw_client,
    talking,
)

pytestmark = pytest.mark.any_store

_TOKEN = "correct horse"
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def guarded(settings: Settings) -> Iterator[AppServer]:
    """A served runtime that requires a token."""
    with AppServer(create_app(replace(settings, token=_TOKEN, hosts=None))) as server:
        yield server


@pytest.fixture
def browser(guarded: AppServer) -> Iterator[httpx2.Client]:
    """A client that keeps cookies."""
    with httpx2.Client(base_url=guarded.root, timeout=60, verify=False) as client:
        yield client


def _sign_in(browser: httpx2.Client, token: str = _TOKEN) -> httpx2.Response:
    return browser.post("/sign-in", content=str(httpx2.QueryParams({"token": token})), headers=_FORM)


def test_without_a_token_the_page_is_open(wire: httpx2.Client, server: AppServer) -> None:
    answer = httpx2.get(f"{server.root}/", timeout=60)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "/page/app.js" in answer.text
    assert "Sign out" not in answer.text


def test_with_a_token_there_is_only_the_form(browser: httpx2.Client) -> None:
    answer = browser.get("/")
    assert answer.status_code == 401
    assert 'name="token"' in answer.text
    assert "app.js" not in answer.text
    assert [browser.get(path, headers=BETA).status_code for path in ("/v1/threads", "/page/live")] == [401, 401]


def test_signed_in(browser: httpx2.Client) -> None:
    answer = _sign_in(browser)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "/page/app.js" in browser.get("/").text
    assert browser.get("/v1/threads", headers=BETA).json()["data"] == []
    assert browser.post("/sign-out").status_code == 303
    assert browser.get("/v1/threads", headers=BETA).status_code == 401


def test_a_session_only_reads(browser: httpx2.Client) -> None:
    _sign_in(browser)
    answers = [browser.post("/v1/threads", json={}, headers=BETA), browser.delete("/v1/threads/thread_1", headers=BETA)]
    assert [answer.status_code for answer in answers] == [401, 401]


@pytest.mark.parametrize("token", ["", "correct", _TOKEN + "x", "ü", "\0", "x" * 8000])
def test_a_wrong_token_shows_nothing(browser: httpx2.Client, token: str) -> None:
    answer = _sign_in(browser, token)
    assert answer.status_code == 401
    assert "not the token of this server" in answer.text
    assert "set-cookie" not in answer.headers
    assert browser.get("/v1/threads", headers=BETA).status_code == 401


def test_a_form_that_is_too_large(browser: httpx2.Client) -> None:
    assert _sign_in(browser, "x" * 10_000).status_code == 413


@pytest.mark.parametrize("cookie", ["", ".", "9999999999.", "9999999999.0", "x.y", "ü.ü", "9" * 5000 + ".0", "-1.0"])
def test_a_made_up_cookie(guarded: AppServer, cookie: str) -> None:
    headers = [*BETA.items(), ("Cookie", f"threadworks_session={cookie}".encode())]
    assert httpx2.get(f"{guarded.url}/threads", headers=headers, timeout=60).status_code == 401


def test_a_session_ends(browser: httpx2.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_LIFETIME", -1)
    cookie = _sign_in(browser).headers["set-cookie"].partition(";")[0]
    answer = browser.get("/v1/threads", headers={**BETA, "Cookie": cookie})
    assert answer.status_code == 401


def test_a_cookie_of_another_token(browser: httpx2.Client, settings: Settings) -> None:
    cookie = _sign_in(browser).headers["set-cookie"].partition(";")[0]
    with AppServer(create_app(replace(settings, token="another", hosts=None))) as other:
        assert httpx2.get(f"{other.url}/threads", headers={**BETA, "Cookie": cookie}, timeout=60).status_code == 401


def test_the_cookie_is_strict_and_without_the_token(browser: httpx2.Client) -> None:
    cookie = _sign_in(browser).headers["set-cookie"]
    attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/"} <= attributes
    assert "secure" not in attributes
    assert not any(word in cookie for word in _TOKEN.split())
    behind_tls = browser.post(
        "/sign-in", content="token=correct+horse", headers={**_FORM, "X-Forwarded-Proto": "https"}
    )
    assert "secure" in behind_tls.headers["set-cookie"].lower()


def test_the_policy_allows_no_scripts_in_the_page(guarded: AppServer, browser: httpx2.Client) -> None:
    _sign_in(browser)
    for path in ("/", *ASSETS):
        answer = browser.get(path)
        policy = answer.headers["content-security-policy"]
        assert answer.status_code == 200
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert "<script>" not in browser.get("/").text


def test_a_local_runtime_has_no_page(settings: Settings) -> None:
    with talking(replace(settings, executor="local")) as talk:
        answer = httpx2.get(f"{talk.server.root}/", timeout=60)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "unknown_url")


def test_the_changes_of_a_run(server: AppServer, talk: Conversation, model_server: ModelServer) -> None:
    model_server.script([{"text": "The answer.", "hold": True}])
    run = talk.start()
    with raw_client(server) as client, client.stream("GET", f"{server.root}/page/live?run={run['id']}") as answer:
        seen = []
        for name, data in events_of(answer):
            seen.append((name, data.get("run", {}).get("status")))
            if seen == [("run", "in_progress")]:
                model_server.release()
                talk.wire.post("/threads", json={})
            if ("run", "completed") in seen:
                break
    assert data["messages"][0]["content"][0]["text"]["value"] == "The answer."
    assert [step["type"] for step in data["steps"]] == ["message_creation"]


def test_new_runs(server: AppServer, talk: Conversation) -> None:
    with raw_client(server) as client, client.stream("GET", f"{server.root}/page/live?run=run_none") as answer:
        lines = answer.iter_lines()
        assert next(lines) == ": waiting"
        talk.finish()
        assert next(line for line in lines if line.startswith("event")) == "event: new"


def test_too_many_runs(wire: httpx2.Client, server: AppServer) -> None:
    answer = wire.get(f"{server.root}/page/live", params={"run": [f"run_{number}" for number in range(101)]})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "run")
