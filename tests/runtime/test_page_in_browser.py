# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of a served runtime in a real browser: changes without a reload, hostile texts, signing in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from threadworks_runtime.app import create_app
from threadworks_runtime.settings import Settings

from ansible_collections.threadworks.openai.tests.browser import SCHEMES, WIDTHS, Visit, chromium, visit
from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime.harness import AppServer, Conversation

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.any_store

_TOKEN = "correct horse"
_HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def page(browser: Browser, server: AppServer) -> Iterator[Visit]:
    """The page of a server without a token."""
    with visit(browser, f"{server.root}/") as visited:
        yield visited
        assert visited.complaints == []


def test_an_active_run_shows_its_progress(page: Visit, talk: Conversation, model_server: ModelServer) -> None:
    model_server.script([{"text": "The answer.", "hold": True}])
    page.page.wait_for_selector("text=No runs.")
    # The run appears in the list that is open, and changes there.
    run = talk.start()
    page.page.wait_for_selector(f"tr[data-id='{run['id']}'] .status.in_progress")
    page.page.click(f"tr[data-id='{run['id']}'] a")
    page.page.wait_for_selector(f"h1:has-text('{run['id']}')")
    page.page.wait_for_selector("dd .status.in_progress")
    page.page.evaluate("window.isStillTheSame = true")
    model_server.release()
    page.page.wait_for_selector("dd .status.completed")
    page.page.wait_for_selector("article.message.assistant >> text=The answer.")
    assert page.page.evaluate("window.isStillTheSame")


def test_hostile_texts_are_only_text(page: Visit, talk: Conversation, model_server: ModelServer) -> None:
    model_server.script([{"text": _HOSTILE}])
    run = talk.finish(instructions=_HOSTILE, metadata={"<b>": _HOSTILE})
    for view in (f"runs/{run['id']}", f"threads/{run['thread_id']}", "runs", "usage?group=status"):
        page.page.goto(f"{talk.server.root}/#/{view}")
        page.page.wait_for_selector("main h1:not(:has-text('Loading'))")
        assert page.page.evaluate("document.querySelectorAll('main script, main img, main b').length") == 0
    page.page.goto(f"{talk.server.root}/#/runs/{run['id']}")
    page.page.wait_for_selector("article.message.assistant")
    assert page.page.inner_text("article.message.assistant .text") == _HOSTILE


def test_a_wrong_token_shows_nothing(browser: Browser, settings: Settings) -> None:
    app = create_app(replace(settings, token=_TOKEN, hosts=None))
    with AppServer(app) as guarded, visit(browser, f"{guarded.root}/") as visited:
        visited.page.fill("#token", "wrong")
        visited.page.click("button")
        visited.page.wait_for_selector("text=not the token of this server")
        assert visited.page.query_selector("nav, table, #find") is None
        assert visited.page.context.cookies() == []
        assert visited.serious_findings() == []
        visited.page.fill("#token", _TOKEN)
        visited.page.click("button")
        visited.page.wait_for_selector("text=No runs.")
        # The browser reports the status of the refused form.
        assert [each for each in visited.complaints if "401" not in each] == []


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_each_width_and_scheme(
    browser: Browser, talk: Conversation, model_server: ModelServer, width: int, scheme: str
) -> None:
    model_server.script([{"text": "word " * 200 + "x" * 500}])
    run = talk.finish()
    views = ["runs", f"runs/{run['id']}", "threads", f"threads/{run['thread_id']}", "assistants", "usage"]
    with visit(browser, f"{talk.server.root}/", width, scheme) as visited:
        for view in views:
            visited.page.goto(f"{talk.server.root}/#/{view}")
            visited.page.wait_for_selector("main h1:not(:has-text('Loading'))")
            assert (view, visited.page.evaluate("document.documentElement.scrollWidth")) == (view, width)
            assert (view, visited.serious_findings()) == (view, [])
        assert visited.complaints == []
