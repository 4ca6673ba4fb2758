# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# A thread as a conversation that a person reads: the messages and the tool calls of its runs, in order. The report and
# the filter `transcript` show it.

from __future__ import annotations

import json
import typing as t

Json = dict[str, t.Any]

# The longest JSON on one line.
_LINE = 80
_KINDS = ("function", "code_interpreter", "file_search")


class Part(t.NamedTuple):
    """A part of a message.

    Attributes:
        kind: text, refusal, image or file.
        text: The text, or the location of the image or the file.
    """

    kind: str
    text: str


class Call(t.NamedTuple):
    """A tool call.

    Attributes:
        id: Its id.
        kind: function, code_interpreter or file_search.
        name: The name of the function, or the kind.
        arguments: The arguments as text, or the code.
        output: The output as text, or None without an output.
    """

    id: str
    kind: str
    name: str
    arguments: str
    output: str | None


class Item(t.NamedTuple):
    """A message, or the tool calls that a model made at the same time.

    Attributes:
        role: user, assistant, or tool for tool calls.
        parts: The parts of the message.
        sources: The sources that the message cites, in the order of their numbers in the text.
        calls: The tool calls.
        created_at: The time in seconds since 1970, or None.
        run_id: The run that wrote it, or "".
    """

    role: str
    parts: tuple[Part, ...] = ()
    sources: tuple[str, ...] = ()
    calls: tuple[Call, ...] = ()
    created_at: int | None = None
    run_id: str = ""


def conversation(messages: t.Iterable[Json], steps: t.Iterable[Json] = ()) -> list[Item]:
    """Return the items of a conversation, oldest first.

    Args:
        messages: The messages, oldest first, as in the Assistants API.
        steps: The steps of the runs on the thread, those of each run oldest first. Tool calls come from them.
    """
    waiting = [step for step in steps if _is_object(step)]
    items: list[Item] = []
    for message in filter(_is_object, messages):
        made = _message_step(message, waiting)
        before = [step for number, step in enumerate(waiting) if _precedes(step, message, number, made)]
        waiting = [step for step in waiting if step not in before]
        for step in before:
            items += _calls(step)
        items.append(_message(message))
    for step in waiting:
        items += _calls(step)
    return items


def _is_object(thing: t.Any) -> bool:
    return isinstance(thing, dict)


def _details(step: Json) -> Json:
    details = step.get("step_details")
    return details if isinstance(details, dict) else {}


def _message_step(message: Json, steps: list[Json]) -> int | None:
    """Return the index of the step that created a message, or None."""
    for index, step in enumerate(steps):
        created = _details(step).get("message_creation")
        if isinstance(created, dict) and created.get("message_id") == message.get("id"):
            return index
    return None


def _precedes(step: Json, message: Json, number: int, made: int | None) -> bool:
    """Return whether a step belongs before a message: an earlier step of its run, or a step of an earlier run.

    Args:
        step: The step.
        message: The message.
        number: The number of the step.
        made: The number of the step that created the message, or None.
    """
    if made is not None and step.get("run_id") == message.get("run_id"):
        return number <= made
    return bool((step.get("created_at") or 0) < (message.get("created_at") or 0))


def _calls(step: Json) -> list[Item]:
    calls = tuple(_call(each) for each in _details(step).get("tool_calls") or [] if _is_object(each))
    return (
        [Item("tool", calls=calls, created_at=step.get("created_at"), run_id=_text(step.get("run_id")))]
        if calls
        else []
    )


def _call(call: Json) -> Call:
    kind = _text(call.get("type"))
    inside = call.get(kind) if kind in _KINDS else None
    details = inside if isinstance(inside, dict) else {}
    if kind == "function":
        output = details.get("output")
        shown = None if output is None else readable(output)
        return Call(_text(call.get("id")), kind, _text(details.get("name")), readable(details.get("arguments")), shown)
    if kind == "code_interpreter":
        logs = [_code_output(each) for each in details.get("outputs") or [] if _is_object(each)]
        return Call(_text(call.get("id")), kind, "Code interpreter", _text(details.get("input")), "\n".join(logs))
    found = [_found(each) for each in details.get("results") or [] if _is_object(each)]
    return Call(_text(call.get("id")), kind, "File search", "", "\n".join(found))


def _code_output(output: Json) -> str:
    if output.get("type") == "logs":
        return _text(output.get("logs"))
    return f"[image: {_text((output.get('image') or {}).get('file_id'))}]"


def _found(result: Json) -> str:
    score = result.get("score")
    name = _text(result.get("file_name")) or _text(result.get("file_id"))
    return f"{name} (score {score:.2f})" if isinstance(score, (int, float)) else name


def _message(message: Json) -> Item:
    sources: list[str] = []
    content = message.get("content")
    if isinstance(content, str):
        content = [{"type": "text", "text": content}]
    parts = tuple(_part(part, sources) for part in content or [] if _is_object(part))
    files = [each.get("file_id") for each in message.get("attachments") or [] if _is_object(each)]
    attached = tuple(Part("file", _text(file)) for file in files if file)
    # The messages of the options of a task have no time.
    return Item(
        _text(message.get("role")) or "user",
        (*parts, *attached),
        tuple(sources),
        created_at=message.get("created_at"),
        run_id=_text(message.get("run_id")),
    )


def _part(part: Json, sources: list[str]) -> Part:
    kind = _text(part.get("type"))
    inside = part.get(kind)
    if kind == "text":
        return Part("text", _cited(inside, sources) if isinstance(inside, dict) else _text(inside))
    if kind == "refusal":
        return Part("refusal", _text(inside))
    details = inside if isinstance(inside, dict) else {}
    return Part("image", _text(details.get("url") or details.get("file_id") or kind))


def _cited(text: Json, sources: list[str]) -> str:
    """Return a text in which the marks of citations are numbers in brackets, and add their sources."""
    value = _text(text.get("value"))
    for annotation in text.get("annotations") or []:
        if not _is_object(annotation):
            continue
        details = annotation.get(_text(annotation.get("type")))
        place = {**annotation, **details} if isinstance(details, dict) else annotation
        source = _text(next((place[name] for name in ("url", "filename", "file_id") if place.get(name)), ""))
        if not source:
            continue
        if source not in sources:
            sources.append(source)
        mark = _text(annotation.get("text"))
        number = f"[{sources.index(source) + 1}]"
        if mark and mark in value:
            value = value.replace(mark, number)
        elif number not in value:
            value = f"{value} {number}"
    return value


def readable(value: t.Any) -> str:
    """Return data, or a text of JSON, as JSON, indented if it is long. Other texts are returned unchanged."""
    if isinstance(value, str):
        try:
            parsed = json.loads(value)
        except (ValueError, RecursionError):
            return value
        if not isinstance(parsed, (dict, list)):
            return value
        value = parsed
    try:
        line = json.dumps(value, ensure_ascii=False)
        return line if len(line) <= _LINE else json.dumps(value, indent=2, ensure_ascii=False)
    except (ValueError, TypeError, RecursionError):
        return str(value)


def _text(value: t.Any) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)
