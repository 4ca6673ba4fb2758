# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the objects of other servers, and complete them as this runtime stores them. Nothing is lost silently."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..documents import ASSISTANT, SAMPLING, THREAD
from ..objects import Document
from ..schemas.base import Body, check
from ..status import ACTIVE_STATUSES, MessageStatus, RunStatus, StepStatus
from ..store.tables import ASSISTANTS, MESSAGES, RUNS, STEPS, THREADS, Kind
from ..wire_errors import ApiError
from . import schemas

PRIVATE = "threadworks"
"""The key of an exported object for what this runtime knows of it in addition to the API."""
KINDS: dict[str, Kind[Any]] = {
    "assistant": ASSISTANTS,
    "thread": THREADS,
    "thread.message": MESSAGES,
    "thread.run": RUNS,
    "thread.run.step": STEPS,
}
"""The kinds of objects by their field ``object``."""
_RUN_EXPIRY = 600  # seconds until a run expires in the original service
_TIMES: Document = {"cancelled_at": None, "failed_at": None, "completed_at": None}
_ENDED: Document = {**_TIMES, "assistant_id": None, "last_error": None, "metadata": {}, "usage": None}
_DEFAULTS: dict[str, Document] = {
    "assistant": ASSISTANT,
    "thread": THREAD,
    "thread.message": {
        "incomplete_details": None,
        "completed_at": None,
        "incomplete_at": None,
        "content": [],
        "assistant_id": None,
        "run_id": None,
        "attachments": [],
        "metadata": {},
    },
    "thread.run": {
        **_ENDED,
        "required_action": None,
        "expires_at": None,
        "started_at": None,
        "incomplete_details": None,
        "instructions": "",
        "tools": [],
        "temperature": 1.0,
        "top_p": 1.0,
        "max_prompt_tokens": None,
        "max_completion_tokens": None,
        "truncation_strategy": {"type": "auto", "last_messages": None},
        "tool_choice": "auto",
        "parallel_tool_calls": True,
        "response_format": "auto",
    },
    "thread.run.step": {**_ENDED, "expired_at": None},
}
_SCHEMAS: dict[str, type[Body]] = {
    "assistant": schemas.Assistant,
    "thread": schemas.Thread,
    "thread.message": schemas.Message,
    "thread.run": schemas.Run,
    "thread.run.step": schemas.Step,
}
# Other servers return null for options that a request omits.
_WITHOUT_NULLS: dict[str, type[Body]] = {"assistant": schemas.AssistantOptions, "thread": schemas.ThreadOptions}
_PRIVATES: dict[str, type[Body]] = {
    "assistant": schemas.AssistantPrivate,
    "thread.run": schemas.RunPrivate,
    "thread.run.step": schemas.StepPrivate,
}
_TOOLS = ("code_interpreter", "file_search", "function")
# Nulls in JSON Schemas have a meaning.
_VERBATIM = ("parameters", "schema")


@dataclass(frozen=True)
class Choices:
    """What to do with data that cannot be brought over as it is.

    Args:
        unknown: ``fail``, or ``convert``: content of an unknown type becomes text, and unknown tools are removed.
        files: ``keep`` the ids of files, or replace them with ``text`` because the files are gone.
    """

    unknown: str = "fail"
    files: str = "keep"


@dataclass
class Thing:
    """An object to import.

    Args:
        kind: Its field ``object``.
        document: The object as it is stored.
        private: The private part, or None if the source does not have it.
        notes: What was changed, for the report.
        files: The ids of the files and vector stores that it uses.
    """

    kind: str
    document: Document
    private: Document | None
    notes: list[str] = field(default_factory=list)
    files: set[str] = field(default_factory=set)

    @property
    def thread_id(self) -> str | None:
        """The thread that it belongs to, or None for an assistant."""
        id: str | None = self.document["id"] if self.kind == "thread" else self.document.get("thread_id")
        return id


def read_thing(document: Document, choices: Choices) -> Thing:
    """Check and complete an object.

    Args:
        document: The object of the API.
        choices: What to do with data that cannot be brought over as it is.

    Returns:
        The object to import.

    Raises:
        ApiError: A field is not valid, or has a value that is not supported.
    """
    kind = document["object"]
    private = document.get(PRIVATE)
    thing = Thing(kind, completed(kind, {name: document[name] for name in document if name != PRIVATE}), private)
    _CHANGES[kind](thing, choices)
    check(_SCHEMAS[kind], thing.document)
    if kind in _WITHOUT_NULLS:
        check(_WITHOUT_NULLS[kind], _without_nulls(thing.document))
    if kind == "thread" and thing.document["id"] == "runs":  # /threads/runs is another path
        raise ApiError(400, "Invalid value for 'id': a thread cannot have the id 'runs'.", code="invalid_value")
    if thing.private is not None:
        if kind not in _PRIVATES:
            raise ApiError(400, f"Unknown parameter: '{PRIVATE}'.", code="unknown_parameter")
        check(_PRIVATES[kind], thing.private)
    _collect_files(thing)
    return thing


def completed(kind: str, document: Document) -> Document:
    """Return an object with all fields of the API. Missing fields, and nulls that it does not have, get the default.

    Args:
        kind: Its field ``object``.
        document: The object.
    """
    defaults = _DEFAULTS[kind]
    filled = {name: defaults.get(name) if value is None else value for name, value in document.items()}
    return {**filled, **{name: default for name, default in defaults.items() if name not in filled}}


def private_of(thing: Thing) -> Document:
    """Return the private part of a new object. Other servers do not return it, so it is derived from the object."""
    if thing.kind == "assistant":
        asked = [name for name in SAMPLING if thing.document[name] != 1]
        return {"reasoning_effort": None, "sampling": asked, **(thing.private or {})}
    if thing.kind == "thread.run":
        usage = thing.document["usage"] or {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
        derived: Document = {
            "reasoning_effort": None,
            "sampling": [],
            "tool_resources": {},
            "items": [],
            "usage": usage,
        }
        return {**derived, **(thing.private or {})}
    return thing.private or {}


def columns_of(thing: Thing) -> Document:
    """Return the columns of an object's row, other than those of all kinds."""
    document = thing.document
    if thing.kind == "thread.message":
        return {"thread_id": document["thread_id"], "run_id": document["run_id"]}
    if thing.kind == "thread.run":
        expires_at = document["expires_at"] or document["created_at"] + _RUN_EXPIRY
        nobody = {"lease_owner": None, "lease_until": None, "lease_monotonic": None}
        # The column has 32 bits on PostgreSQL. It is only used for active runs.
        within = min(expires_at, 2**31 - 1)
        return {"thread_id": document["thread_id"], "status": document["status"], "expires_at": within, **nobody}
    return {"run_id": document["run_id"]} if thing.kind == "thread.run.step" else {}


def _change_assistant(thing: Thing, choices: Choices) -> None:
    document = thing.document
    # This runtime stores it separately, because the API does not return it.
    if "reasoning_effort" in document:
        effort = document.pop("reasoning_effort")
        if effort and isinstance(thing.private or {}, dict):
            thing.private = {"reasoning_effort": effort, **(thing.private or {})}
    tools = document["tools"] if isinstance(document["tools"], list) else []
    known = [tool for tool in tools if not isinstance(tool, dict) or tool.get("type") in _TOOLS]
    for tool in tools:
        if tool not in known:
            _refuse_unknown(choices, "tools", tool.get("type"))
            thing.notes.append(f"the tool {_shown(tool)} was removed, because this runtime does not have it")
            document["tools"] = known
    _change_resources(thing, choices)


def _change_resources(thing: Thing, choices: Choices) -> None:
    resources = thing.document["tool_resources"]
    if not isinstance(resources, dict):
        return
    for name in [name for name in resources if name not in _TOOLS[:2]]:
        _refuse_unknown(choices, "tool_resources", name)
        thing.notes.append(f"tool_resources.{name} was removed: {_shown(resources[name])}")
        resources = {other: value for other, value in resources.items() if other != name}
    if choices.files == "text" and any(resources.values()):
        thing.notes.append(f"tool_resources was removed, because its files are gone: {_shown(resources)}")
        resources = {}
    thing.document["tool_resources"] = resources


def _change_message(thing: Thing, choices: Choices) -> None:
    document = thing.document
    if not document.get("status"):  # the first version of the API had none
        document |= {"status": MessageStatus.COMPLETED.value, "completed_at": document.get("created_at")}
    if document["status"] == MessageStatus.IN_PROGRESS:
        reason = {"incomplete_details": {"reason": "run_expired"}, "incomplete_at": document.get("created_at")}
        document |= {"status": MessageStatus.INCOMPLETE.value, **reason}
        thing.notes.append("was in progress, and was ended as incomplete")
    if isinstance(document["content"], list):
        document["content"] = [_changed_part(thing, part, choices) for part in document["content"]]
        if choices.files == "text" and isinstance(document["attachments"], list) and document["attachments"]:
            gone = [f"[attached file {_shown(attachment)}]" for attachment in document["attachments"]]
            document |= {"content": [*document["content"], *map(_text, gone)], "attachments": []}
            thing.notes.append(f"{len(gone)} attachments were replaced with text")


def _changed_part(thing: Thing, part: Any, choices: Choices) -> Any:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind is None:
        return part
    if kind not in schemas.PARTS:
        _refuse_unknown(choices, "content", kind)
        thing.notes.append(f"content of the type {_shown(kind)} was replaced with text")
        return _text(json.dumps(part, ensure_ascii=False))
    if kind == "text" and isinstance(part.get("text"), str):
        return _text(part["text"])
    if kind == "text" and isinstance(part.get("text"), dict) and part["text"].get("annotations") is None:
        return {**part, "text": {**part["text"], "annotations": []}}
    if kind == "image_file" and choices.files == "text":
        thing.notes.append("an image file was replaced with text")
        return _text(f"[image file {_shown(part[kind])}]")
    return part


def _change_run(thing: Thing, _choices: Choices) -> None:
    document = thing.document
    if document.get("status") in ACTIVE_STATUSES:
        # It cannot continue here. `expired` is what the original service makes of an abandoned run.
        thing.notes.append(f"was {document['status']}, and was ended as expired")
        document |= {"status": RunStatus.EXPIRED.value, "required_action": None}


def _change_step(thing: Thing, _choices: Choices) -> None:
    document = thing.document
    if document.get("status") == StepStatus.IN_PROGRESS:
        document |= {"status": StepStatus.EXPIRED.value, "expired_at": document.get("created_at")}


_CHANGES: dict[str, Callable[[Thing, Choices], None]] = {
    "assistant": _change_assistant,
    "thread": _change_resources,
    "thread.message": _change_message,
    "thread.run": _change_run,
    "thread.run.step": _change_step,
}


def _refuse_unknown(choices: Choices, where: str, kind: Any) -> None:
    if choices.unknown == "fail":
        raise ApiError(
            400,
            f"Invalid value for '{where}': the type {_shown(kind)} is not known. Set unknown to convert to import "
            "content as text, and to remove tools.",
            param=where,
            code="unknown_type",
        )


def _text(value: str) -> Document:
    return {"type": "text", "text": {"value": value, "annotations": []}}


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 500 else f"{text[:500]}..."


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: each if name in _VERBATIM else _without_nulls(each)
            for name, each in value.items()
            if each is not None or name in _VERBATIM
        }
    return [_without_nulls(each) for each in value] if isinstance(value, list) else value


def _collect_files(thing: Thing) -> None:
    document = thing.document
    for resource in (document.get("tool_resources") or {}).values() if thing.kind in ("assistant", "thread") else ():
        thing.files.update(*(ids for ids in (resource or {}).values() if isinstance(ids, list)))
    for attachment in document.get("attachments") or ():
        thing.files.add(attachment["file_id"])
    for part in document.get("content") or ():
        if part["type"] == "image_file":
            thing.files.add(part["image_file"]["file_id"])
    for call in document["step_details"].get("tool_calls", ()) if thing.kind == "thread.run.step" else ():
        outputs = (call.get("code_interpreter") or {}).get("outputs")
        images = [each.get("image") for each in outputs if isinstance(each, dict)] if isinstance(outputs, list) else []
        ids = [image.get("file_id") for image in images if isinstance(image, dict)]
        thing.files.update(id for id in ids if isinstance(id, str))
