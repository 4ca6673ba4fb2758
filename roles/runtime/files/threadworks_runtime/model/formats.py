# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an answer has the JSON format that was asked for."""

from __future__ import annotations

import json
from typing import Any

from .errors import ModelError
from .events import Json


def check_format(text: str, text_format: Json) -> None:
    """Check an answer's text; not every server enforces a format, so it is never taken on trust.

    :param text: the text of the answer.
    :param text_format: the request's ``text.format``.
    :raises ModelError: the text is not JSON, or breaks the schema; the message has the path and the reason.
    """
    try:
        value = json.loads(text)
    except ValueError as error:
        raise _broken(text_format, f"it is not JSON ({error})") from error
    if text_format["type"] == "json_object":
        if not isinstance(value, dict):
            raise _broken(text_format, "it is not an object")
    else:
        _check_schema(value, text_format)


def _check_schema(value: Any, text_format: Json) -> None:
    # Imported late: few runs need it.
    import jsonschema
    import jsonschema_specifications
    import referencing.exceptions

    schema = text_format["schema"]
    kind = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    try:
        kind.check_schema(schema)
        # The registry knows the standard schemas only: a $ref in an assistant's schema must not fetch from the network.
        validator = kind(schema, registry=jsonschema_specifications.REGISTRY)
        error = jsonschema.exceptions.best_match(validator.iter_errors(value))
    except (jsonschema.SchemaError, referencing.exceptions.Unresolvable) as failure:
        reason = getattr(failure, "message", None) or str(failure)
        message = f"response_format {text_format['name']} is not a usable schema: {reason}"
        raise ModelError("invalid_prompt", message) from failure
    if error:
        raise _broken(text_format, f"at {error.json_path}: {error.message}")


def _broken(text_format: Json, reason: str) -> ModelError:
    name = f"json_schema {text_format['name']}" if "name" in text_format else text_format["type"]
    return ModelError(
        "server_error",
        f"The answer breaks response_format ({name}): {reason}."
        " The model server does not enforce the format, or the model cannot keep to it.",
    )
