# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run without a question, and one that another task makes at the same moment."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.threadworks.openai.tests.unit.plugins.run_states import (
    QUICK,
    Thread,
)
from ansible_collections.threadworks.openai.tests.world import Json, World

NO_QUESTION = "has no message with the role user"
ASSISTANT_SAYS: Json = {"role": "assistant", "content": "Hi"}


@pytest.mark.parametrize("check", [True, False])
def test_a_run_without_a_question_gets_a_warning(world: World, check: bool) -> None:
    world.do("assistant", name="A", model="m")
    world.do("thread", key="T", messages=[ASSISTANT_SAYS])
    run: Json = {"thread_id": "newest", "assistant_id": "newest"}
    world.do("run", check=check, **run, additional_messages=[{"content": "Hello"}], key="k")
    assert world.warnings == []
    world.predictions.clear()
    world.do("thread", key="U", messages=[ASSISTANT_SAYS])
    world.do("run", check=check, **run, additional_messages=[ASSISTANT_SAYS])
    assert [NO_QUESTION in line for line in world.warnings] == [True]
    world.do("thread_run", check=check, assistant_id="newest", thread={"messages": [ASSISTANT_SAYS]})
    world.do("thread_run", check=check, assistant_id="newest")
    assert [NO_QUESTION in line for line in world.warnings] == [True] * 3


@pytest.mark.parametrize("answer", [QUICK, {"hang": True}], ids=["completed", "active"])
@pytest.mark.parametrize("key", [None, "k"])
def test_a_run_that_another_task_makes_between_two_requests(
    thread: Thread, monkeypatch: pytest.MonkeyPatch, answer: Json, key: str | None
) -> None:
    """It has put its own message on the thread, which is not a new one."""
    asked: Json = {"additional_messages": [{"content": "And now?"}], "key": key, "wait": answer is QUICK}
    send, made = thread.world.wire.transport.send, []

    def interrupted(request: Any) -> Any:
        if request.path.endswith("/messages") and not made:
            made.append(request)
            thread.answers(answer)
            assert thread.run(**asked).result["changed"]
        return send(request)

    monkeypatch.setattr(thread.world.wire.transport, "send", interrupted)
    done = thread.run(**asked)
    assert (done.result.get("msg"), done.result["changed"], len(thread.runs)) == (None, False, 1)
