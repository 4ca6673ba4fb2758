# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Error answers become types with data: by code from the runtime, by text from other servers of the wire."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.threadworks.openai.plugins.module_utils._error_answer import from_response
from ansible_collections.threadworks.openai.plugins.module_utils._errors import (
    KeyTaken,
    NotFound,
    NotSupported,
    RunNotCancellable,
    ThreadLocked,
    WireError,
)

LOCKED = "Thread thread_1 already has an active run run_1."
LOCKED_FOR_MESSAGES = "Can't add messages to thread_1 while a run run_1 is active."
ACTIVE = {"code": "run_active", "run_id": "run_1", "run_status": "queued"}


@pytest.mark.parametrize(
    ("status", "error", "kind", "data"),
    [
        (400, {"message": "In another language.", **ACTIVE}, ThreadLocked, {"run_id": "run_1"}),
        (400, {"message": LOCKED, "code": None}, ThreadLocked, {"run_id": "run_1"}),
        (400, {"message": LOCKED_FOR_MESSAGES}, ThreadLocked, {"run_id": "run_1"}),
        (400, {"message": "No.", "code": "run_not_cancellable"}, RunNotCancellable, {}),
        (400, {"message": "Cannot cancel run with status 'completed'."}, RunNotCancellable, {}),
        (400, {"message": "No.", "code": "idempotency_key_reused"}, KeyTaken, {}),
        (404, {"message": "No.", "code": "thread_not_found"}, NotFound, {"kind": "thread"}),
        (404, {"message": "No run found with id 'run_1'."}, NotFound, {"kind": "run"}),
        (404, {"message": "Gone."}, NotFound, {"kind": ""}),
        (404, {"message": "No.", "code": "unknown_url"}, NotSupported, {}),
        (404, {"message": "Invalid URL (GET /v1/threads)"}, NotSupported, {}),
        (405, {"message": "No."}, NotSupported, {}),
        # What a user has written is no reason, and neither is another trouble with the idempotency key.
        (400, {"message": f"Invalid value for 'name': {LOCKED}", "code": "invalid_value"}, WireError, {}),
        (400, {"message": "Invalid value for 'Idempotency-Key'", "code": "invalid_idempotency_key"}, WireError, {}),
    ],
)
def test_an_error_answer_is_recognised(
    status: int, error: dict[str, Any], kind: type[WireError], data: dict[str, str]
) -> None:
    found = from_response(status, {"error": error})
    assert found.__class__ is kind
    assert found.data["error"] == {
        "message": error["message"],
        "type": None,
        "param": None,
        "code": error.get("code"),
        "status": status,
    }
    assert {name: getattr(found, name) for name in data} == data


def test_an_error_of_a_budget_has_the_budget() -> None:
    more = {"budget": "team", "per": "day", "used": {"tokens": 6}, "limit": {"tokens": 6}, "free_at": 1795737600}
    found = from_response(400, {"error": {"message": "No.", "code": "budget_exceeded", **more, "other": 1}})
    assert found.data["error"] == {
        **more,
        "message": "No.",
        "type": None,
        "param": None,
        "code": "budget_exceeded",
        "status": 400,
    }


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"detail": "Not Found"}, "Not Found"),
        ({"message": "Resource not found", "statusCode": 404}, "Resource not found"),
        ({"error": {"message": "File Not Found", "type": "not_found_error", "code": 404}}, "File Not Found"),
        ({"error": "path not found"}, "path not found"),
        ("404 page not found", "404 page not found"),
        (None, "did not return a reason"),
    ],
)
def test_a_wrong_url_is_no_missing_object(body: Any, said: str) -> None:
    found = from_response(404, body)
    assert found.__class__ is NotSupported, "a task with state: absent would succeed"
    assert said in found.message
    assert "runtime_url" in found.message
