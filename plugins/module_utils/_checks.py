# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Checks of options that an argument spec cannot express, except ranges: lengths, and the format of metadata and
# content. They run before any request, so that errors do not leave a partial result. The limits are those of the
# Assistants API (Assistants wire, sections 2 to 6).

from __future__ import annotations

import datetime
import json
import re
import typing as t

from ._errors import TaskError
from ._identity import ASSISTANT, PREFIX, THREAD, is_predicted
from ._option import Check

_METADATA_PAIRS = 16
_FILE_SOURCES = ("file_id", "path", "filename")
_METADATA_KEY = 64
_METADATA_VALUE = 512
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def at_most(most: int) -> Check:
    """Return a check for the maximum length of a text."""
    return lambda option, value: _check_length(option, value, most)


def text(most: int | None = None) -> Check:
    """Return a check for a text that is not empty, with a maximum length."""
    return lambda option, value: _check_text(option, value, most)


def _check_length(option: str, value: t.Any, most: int) -> None:
    if len(value) > most:
        parts = "characters" if isinstance(value, str) else option.rpartition(".")[2]
        raise TaskError(f"{option} has {len(value)} {parts}, but at most {most} are allowed.")


def _check_text(option: str, value: str, most: int | None = None) -> None:
    if not value.strip():
        raise TaskError(f"{option} is empty. Set a value, or omit the option.")
    if most:
        _check_length(option, value, most)


def check_id(option: str, value: str) -> None:
    """Check an id.

    Raises:
        TaskError: The value cannot be an id.
    """
    _check_text(option, value)
    if not is_predicted(value) and re.search(r"[\s/?#%]", value):
        raise TaskError(f"{option} is '{value}', which is not an id. An id cannot contain spaces or any of / ? # %.")


def check_thread(option: str, value: str) -> None:
    """Check a thread's id, or its key."""
    _check_id_or(option, value, THREAD)


def check_assistant(option: str, value: str) -> None:
    """Check an assistant's id, or its name."""
    _check_id_or(option, value, ASSISTANT)


def _check_id_or(option: str, value: str, prefix: str) -> None:
    if value.startswith(prefix):
        check_id(option, value)
    else:
        _check_text(option, value, _METADATA_VALUE)


def check_time(option: str, value: str) -> int:
    """Convert a point in time to Unix seconds."""
    try:
        if re.fullmatch(r"[0-9]+(\.[0-9]+)?", value):
            return int(float(value))
        # Python 3.10 does not support Z.
        moment = datetime.datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", value.strip()))
    except (ValueError, OverflowError):
        raise TaskError(
            f"{option} is '{value}', but must be a date such as 2026-11-26, a time such as 2026-11-26T14:30:00+01:00, "
            "or Unix seconds."
        ) from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=datetime.timezone.utc)).timestamp())


def pairs(own: int) -> Check:
    """Return a check for metadata, which converts its values to strings.

    Args:
        own: The number of pairs that the collection adds.
    """
    most = _METADATA_PAIRS - own
    reason = f" (the API allows {_METADATA_PAIRS}, and the task needs {own} of them)" if own else ""

    def check(option: str, metadata: dict[str, t.Any]) -> dict[str, str]:
        if len(metadata) > most:
            raise TaskError(f"{option} has {len(metadata)} pairs, but at most {most} are allowed{reason}.")
        return {_checked_key(option, key): _checked_value(option, key, value) for key, value in metadata.items()}

    return check


def _checked_key(option: str, key: t.Any) -> str:
    name = str(key)
    if name.startswith(PREFIX):
        raise TaskError(
            f"{option} has the key '{name}', but keys that start with '{PREFIX}' are reserved for the "
            "collection. Rename the key."
        )
    if not 0 < len(name) <= _METADATA_KEY:
        raise TaskError(
            f"{option} has a key of {len(name)} characters ('{name[:20]}...'), but 1 to {_METADATA_KEY} are allowed."
        )
    return name


def _checked_value(option: str, key: t.Any, value: t.Any) -> str:
    if isinstance(value, (dict, list)) or value is None:
        raise TaskError(
            f"{option}.{key} is {_kind(value)}, but must be a string. Convert it with `| to_json`, or omit it."
        )
    # The API only accepts strings, but YAML reads `3` and `true` as other types.
    text = value if isinstance(value, str) else json.dumps(value)
    if len(text) > _METADATA_VALUE:
        raise TaskError(f"{option}.{key} has {len(text)} characters, but at most {_METADATA_VALUE} are allowed.")
    return text


def utf8(_option: str, value: t.Any) -> t.Any:
    """Return the output of a tool, with bytes that are not UTF-8 replaced by question marks.

    The model can have chosen what the tool reads, so the task must not fail.
    """
    return json.loads(json.dumps(value, ensure_ascii=False).encode(errors="replace"))


def tools(most: int) -> Check:
    """Return a check for the maximum number of tools."""

    def check(option: str, value: list[dict[str, t.Any]]) -> None:
        _check_length(option, value, most)
        _check_tools(option, value)

    return check


def _check_tools(option: str, tools: list[dict[str, t.Any]]) -> None:
    for index, tool in enumerate(tools):
        _check_choice(f"{option}[{index}]", tool, (), ("code_interpreter", "file_search", "function"))
        if tool["type"] == "function":
            _check_name(f"{option}[{index}]", tool, "function")


def check_tool_choice(option: str, value: t.Any) -> None:
    """Check a tool choice."""
    _check_choice(option, value, ("none", "auto", "required"), ("function", "code_interpreter", "file_search"))
    if isinstance(value, dict) and value["type"] == "function":
        _check_name(option, value, "function")


def check_format(option: str, value: t.Any) -> None:
    """Check a response format."""
    _check_choice(option, value, ("auto",), ("text", "json_object", "json_schema"))
    if isinstance(value, dict) and value["type"] == "json_schema":
        _check_name(option, value, "json_schema")
        if not isinstance(value["json_schema"].get("schema"), dict):
            raise TaskError(f"{option}.json_schema.schema is missing. Set it to the JSON Schema of the reply.")


def check_content(option: str, content: t.Any) -> None:
    """Check the content of a message."""
    if isinstance(content, list):
        if not content:
            raise TaskError(f"{option} is an empty list, but must have at least one part.")
        for index, part in enumerate(content):
            _check_part(f"{option}[{index}]", part)
    elif not isinstance(content, str):
        raise TaskError(f"{option} is {_kind(content)}, but must be a string or a list of content parts.")
    elif not content.strip():
        raise TaskError(f"{option} is empty, but must be the content of the message.")


def check_files(option: str, files: list[t.Any]) -> None:
    """Check the files of a vector store."""
    for index, file in enumerate(files):
        where = f"{option}[{index}]"
        if isinstance(file, str):
            _check_text(where, file)
        elif isinstance(file, dict):
            _check_file(where, file)
        else:
            raise TaskError(f"{where} is {_kind(file)}, but must be a string or a dictionary.")


def _check_file(where: str, file: dict[str, t.Any]) -> None:
    if not any(isinstance(file.get(name), str) and file[name] for name in _FILE_SOURCES):
        raise TaskError(f"{where} has none of the keys {', '.join(_FILE_SOURCES)}.")
    if not isinstance(file.get("attributes") or {}, dict):
        raise TaskError(f"{where}.attributes is {_kind(file['attributes'])}, but must be a dictionary.")
    known = (*_FILE_SOURCES, "attributes")
    unknown = sorted(str(name) for name in file if name not in known)
    # The registered result of a task, and a file of the API, have further keys.
    if unknown and not {"changed", "object"} & set(file):
        raise TaskError(f"{where}.{unknown[0]} is not supported. Supported keys: {', '.join(known)}.")


def _check_part(option: str, part: t.Any) -> None:
    _check_choice(option, part, (), ("text", "image_url", "image_file"))
    kind, inside = part["type"], {"image_url": "url", "image_file": "file_id"}
    if kind == "text":
        check_content(f"{option}.text", part.get("text") or "")
    elif not isinstance(part.get(kind), dict) or not part[kind].get(inside[kind]):
        raise TaskError(f"{option}.{kind}.{inside[kind]} is missing. Set it to the image.")


def _check_choice(option: str, value: t.Any, words: tuple[str, ...], types: tuple[str, ...]) -> None:
    if isinstance(value, str) and value in words:
        return
    if isinstance(value, dict) and value.get("type") in types:
        return
    if isinstance(value, dict):
        shown = f"'{value['type']}'" if "type" in value else "missing"
        raise TaskError(f"{option}.type is {shown}, but must be one of {', '.join(types)}.")
    shown = f"'{value}'" if isinstance(value, str) else _kind(value)
    either = f"{', '.join(words)}{',' if len(words) > 1 else ''} or " if words else ""
    raise TaskError(f"{option} is {shown}, but must be {either}a dictionary whose type is one of {', '.join(types)}.")


def _check_name(option: str, value: dict[str, t.Any], inside: str) -> None:
    named = value.get(inside)
    name = named.get("name") if isinstance(named, dict) else None
    if not isinstance(name, str):
        raise TaskError(f"{option}.{inside}.name is missing. Set it to a name.")
    if not _NAME.fullmatch(name):
        raise TaskError(
            f"{option}.{inside}.name is '{name}', but must consist of 1 to 64 of the characters a to z, A to Z, "
            "0 to 9, _ and -."
        )


def _kind(value: t.Any) -> str:
    kinds = {dict: "a dictionary", list: "a list", bool: "a boolean", type(None): "null", str: "a string"}
    return next((name for kind, name in kinds.items() if isinstance(value, kind)), "a number")
