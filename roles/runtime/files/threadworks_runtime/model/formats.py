# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check whether an answer has the requested JSON format."""

from __future__ import annotations

from ..json_schema.checking import problems
from ..json_schema.text import read_json
from .capabilities import is_refusal, text_of
from .errors import ModelError
from .types import Json, ResponseRequest


async def check_format(output: list[Json], request: ResponseRequest) -> None:
    """Check the text of an answer, because not all servers enforce a format.

    Args:
        output: The response's output items. A refusal or a function call has no text to check.
        request: The request.

    Raises:
        ModelError: The text is not JSON or violates the schema. The message contains the path and the reason.
    """
    text_format = request.get("text", {}).get("format")
    messages = [item for item in output if item["type"] == "message"]
    if not text_format or is_refusal(messages) or any(item["type"] == "function_call" for item in output):
        return
    try:
        value = read_json(text_of(messages[-1:]))
    except ValueError as error:
        raise _broken(text_format, f"it is not JSON ({error})") from error
    if text_format["type"] == "json_object":
        if not isinstance(value, dict):
            raise _broken(text_format, "it is not an object")
    elif problem := (await problems([text_format["schema"]], [(0, value)]))[0]:
        raise _broken(text_format, problem)


def _broken(text_format: Json, reason: str) -> ModelError:
    name = f"json_schema {text_format['name']}" if "name" in text_format else text_format["type"]
    return ModelError(
        "server_error",
        f"The answer violates response_format ({name}): {reason}. The model server does not enforce the format, or "
        "the model cannot follow it.",
    )
