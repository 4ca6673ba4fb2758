# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever a server answers, the task has a message; and lists are read page by page, as far as they are needed."""

from __future__ import annotations

import itertools
import re

import pytest

from ansible_collections.threadworks.openai.tests.unit.plugins.middleware import answering
from ansible_collections.threadworks.openai.tests.world import World

_JSON = "application/json"


@pytest.mark.parametrize(
    ("status", "kind", "body", "message"),
    [
        (200, "text/html", b"<html>Hello</html>", r"an HTML page: Hello.*option runtime_url"),
        (200, _JSON, b"", "not a JSON object"),
        (200, _JSON, b"[]", "not a JSON object"),
        (500, "text/html", b"<html>Broken</html>", r"Broken.*\(HTTP 500\)"),
        (500, _JSON, b"", r"The server did not return a reason. \(HTTP 500\)"),
        (429, _JSON, b'{"error": {"message": "Slow down."}}', r"^Slow down. \(HTTP 429\)"),
        (400, _JSON, b'{"error": "A text."}', r"^A text. \(HTTP 400\)"),
        (400, _JSON, b'{"detail": "Not the wire."}', r"Not the wire. \(HTTP 400\)"),
        (404, _JSON, b'{"error": {"message": "Invalid URL"}}', r"^Invalid URL \(HTTP 404\) .*runtime_url"),
        (404, "text/html", b"<html>Nothing</html>", r"Nothing.*\(HTTP 404\) .*runtime_url"),
    ],
)
def test_every_answer_has_its_message(world: World, status: int, kind: str, body: bytes, message: str) -> None:
    world.put_before(answering(status, kind, body))
    result = world.do("assistant", name="A", model="m").result
    assert result["failed"]
    assert re.search(message, result["msg"]), result["msg"]


def test_what_the_server_said_is_data_too(world: World) -> None:
    error = {"message": "No.", "type": "invalid_request_error", "param": "model", "code": "odd"}
    world.put_before(answering(400, _JSON, b'{"error": %s}' % str(error).replace("'", '"').encode()))
    assert world.do("assistant", name="A", model="m").result["error"] == {**error, "status": 400}


def test_a_list_is_read_as_far_as_it_is_needed(world: World) -> None:
    for number in range(101):
        world.wire.post("assistants", body={"name": str(number), "model": "m"})
    before = len(world.requests)
    names = [each["name"] for each in itertools.islice(world.wire.list("assistants"), 100)]
    assert names == [str(number) for number in range(100, 0, -1)]
    assert len(world.requests) - before == 1
    assert len(list(world.wire.list("assistants"))) == 101
    assert len(world.requests) - before == 3
