# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a model server sends, what is stored can be read."""

from __future__ import annotations

from threadworks_runtime.app import Runtime
from threadworks_runtime.store import rows
from threadworks_runtime.store.tables import MESSAGES

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime.harness import Conversation

_HALF = "\ud800"


def test_half_a_surrogate_pair_is_replaced(talk: Conversation, model_server: ModelServer) -> None:
    model_server.script([{"text": f"one {_HALF} two"}])
    run = talk.finish()
    assert run["status"] == "completed"
    (message,) = talk.messages(run)
    assert message["content"][0]["text"]["value"] == "one ? two"


def test_thread_that_has_one_already_can_be_read(talk: Conversation, app: Runtime) -> None:
    run = talk.finish()
    (message,) = talk.messages(run)
    with app.context.store.writing() as connection:
        row = rows.find(connection, MESSAGES, message["id"])
        row.document["content"][0]["text"]["value"] = _HALF
        rows.save(connection, MESSAGES, row, row.document)
    for path in (f"/threads/{talk.thread}/messages", f"{talk.runs}?include[]=messages"):
        answer = talk.wire.get(path)
        assert (answer.status_code, "ud800" in answer.text) == (200, True)
