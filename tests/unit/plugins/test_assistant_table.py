# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task with openai_assistant means."""

from __future__ import annotations

import pytest

from ansible_collections.threadworks.openai.tests.unit.plugins.table import (
    Refusal,
    Row,
    all_of,
    did,
    look_at,
    look_at_refusal,
    nothing,
)
from ansible_collections.threadworks.openai.tests.world import Json, World

LIST, GET = "GET /assistants", "GET /assistants/*"
CREATE, MODIFY, DELETE = "POST /assistants", "POST /assistants/*", "DELETE /assistants/*"
A: Json = {"name": "A", "model": "m"}
FUNCTION: Json = {"type": "function", "function": {"name": "disk", "parameters": {"type": "object", "properties": {}}}}

# Each field: a value, and another one.
FIELDS: Json = {
    "model": ("n", "o"),
    "description": ("For tests.", "For more tests."),
    "instructions": ("Be kind.", "Be brief."),
    "tools": ([FUNCTION], [FUNCTION, {"type": "code_interpreter"}]),
    "tool_resources": (
        {"code_interpreter": {"file_ids": ["file_1"]}},
        {"code_interpreter": {"file_ids": ["file_2"]}},
    ),
    "metadata": ({"a": 1}, {"b": 2}),
    "temperature": (0.5, 1),
    "top_p": (0.5, 1),
    "response_format": ({"type": "json_object"}, "auto"),
    "reasoning_effort": ("low", "none"),
}
TABLE = {
    "none": Row(nothing, A, [CREATE], [LIST]),
    "none, every field": Row(
        nothing, {**A, **{name: first for name, (first, _second) in FIELDS.items()}}, [CREATE], [LIST]
    ),
    "the same": Row(did("assistant", **A), A, [], [LIST]),
    "the same, the name alone": Row(did("assistant", **A), {"name": "A"}, [], [LIST]),
    "another name": Row(did("assistant", **A), {**A, "name": "B"}, [CREATE], [LIST]),
    **{
        f"{name} given": Row(did("assistant", **A), {**A, name: first}, [MODIFY], [LIST])
        for name, (first, _second) in FIELDS.items()
    },
    **{
        f"{name} changed": Row(did("assistant", **{**A, name: first}), {**A, name: second}, [MODIFY], [LIST])
        for name, (first, second) in FIELDS.items()
    },
    **{
        f"{name} not given any more": Row(did("assistant", **{**A, name: first}), {"name": "A"}, [], [LIST])
        for name, (first, _second) in FIELDS.items()
    },
    "tools emptied": Row(did("assistant", **A, tools=[FUNCTION]), {**A, "tools": []}, [MODIFY], [LIST]),
    "metadata emptied": Row(did("assistant", **A, metadata={"a": 1}), {**A, "metadata": {}}, [MODIFY], [LIST]),
    "metadata emptied, an effort kept": Row(
        did("assistant", **A, metadata={"a": 1}, reasoning_effort="low"), {**A, "metadata": {}}, [MODIFY], [LIST]
    ),
    "by id": Row(did("assistant", **A), {"assistant_id": "newest"}, [], [GET]),
    "by id, another name": Row(did("assistant", **A), {"assistant_id": "newest", "name": "B"}, [MODIFY], [GET]),
    "by id, two of one name": Row(
        all_of(did("assistant", **A), did("assistant", name="B", model="m"), did("assistant", **A)),
        {"assistant_id": "newest", "name": "B"},
        [MODIFY],
        [GET],
    ),
    "behind a page of others": Row(
        all_of(did("assistant", **A), *(did("assistant", name=f"{n}", model="m") for n in range(100))),
        A,
        [],
        [LIST],
    ),
    "deleted behind our back": Row(
        all_of(did("assistant", **A), did("assistant", assistant_id="newest", state="absent")), A, [CREATE], [LIST]
    ),
    "absent": Row(did("assistant", **A), {"name": "A", "state": "absent"}, [DELETE], [LIST]),
    "absent, none": Row(nothing, {"name": "A", "state": "absent"}, [], [LIST]),
    "absent, by id": Row(did("assistant", **A), {"assistant_id": "newest", "state": "absent"}, [DELETE], [GET]),
    "absent, unknown id": Row(nothing, {"assistant_id": "asst_x", "state": "absent"}, [], [GET]),
}


def twins(world: World) -> None:
    """Two assistants of one name."""
    for _time in range(2):
        world.wire.post("assistants", body=A)


REFUSALS = {
    "none, no model": Refusal(nothing, {"name": "A"}, "^model is missing\\. .*'A', which does not exist"),
    "unknown id": Refusal(nothing, {"assistant_id": "asst_x"}, "^assistant_id: No assistant .*'asst_x'.*runtime_store"),
    "two of one name": Refusal(twins, A, r"^2 assistants have the name 'A': asst_\w+, asst_\w+\. .*assistant_id"),
    "two of one name, absent": Refusal(twins, {"name": "A", "state": "absent"}, "^2 assistants have the name 'A'"),
}


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE.keys())
def test_assistant(world: World, row: Row) -> None:
    look_at(world, "assistant", row)


@pytest.mark.parametrize("row", REFUSALS.values(), ids=REFUSALS.keys())
def test_assistant_fails(world: World, row: Refusal) -> None:
    look_at_refusal(world, "assistant", row)


def test_the_result_is_what_the_server_has(world: World) -> None:
    given = {**A, **{name: first for name, (first, _second) in FIELDS.items()}}
    result = world.do("assistant", **given).result
    assert result["assistant"] == world.wire.get("assistants", result["assistant_id"])
    shown = {name: value for name, value in given.items() if name not in ("reasoning_effort", "metadata")}
    assert result["assistant"].items() >= shown.items()
    assert result["assistant"]["metadata"] == {"a": "1", "ansible_reasoning_effort": "low"}


def test_check_mode_knows_the_result_as_far_as_anybody_can(world: World) -> None:
    result = world.do("assistant", check=True, **A).result
    assert result["assistant_id"] == "(known after apply)"
    assert result["assistant"].items() >= A.items()
