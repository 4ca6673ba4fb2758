# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Transcripts: a conversation as Markdown or HTML.

from __future__ import annotations

import re
import typing as t

from ._conversation import Call, Item, Part, conversation
from ._page import rendered, visible

Json = dict[str, t.Any]

_ROLES = {"user": "User", "assistant": "Assistant"}
# Characters that start a block of Markdown, or HTML, a link, an image, an emphasis or a table.
_MARKS = re.compile(r"([\\`*_\[\]<>|~])|^(\s*)([#+=-]+|\d+[.)])(?=\s|$)", re.MULTILINE)
# Indented lines are code in Markdown.
_INDENT = re.compile(r"^[ \t]+")


class NotMessages(Exception):
    """The data has no messages."""


def items_of(data: t.Any) -> list[Item]:
    """Return the conversation in the results of modules and lookups, oldest first.

    Args:
        data: A list of messages, or an object with messages and perhaps steps: the result of a run, a thread with its
            messages, or the result of a task that returns threads or runs.

    Raises:
        NotMessages: The data has no messages.
    """
    sources = list(_sources(data))
    messages = {_key(each, number): each for number, each in enumerate(m for s in sources for m in s[0])}
    steps = [step for source in sources for step in source[1]]
    # Lists of the API are newest first by default.
    ordered = sorted(messages.values(), key=lambda each: each.get("created_at") or 0)
    if len({each.get("created_at") for each in ordered}) <= 1:
        ordered = list(messages.values())
    return conversation(ordered, steps)


def _key(message: Json, number: int) -> t.Any:
    return message.get("id") or number


def _sources(data: t.Any) -> t.Iterator[tuple[list[Json], list[Json]]]:
    """Yield the messages and steps in some data.

    Raises:
        NotMessages: There are none.
    """
    if isinstance(data, dict) and "messages" not in data and isinstance(data.get("thread"), dict):
        data = data["thread"]  # A run of the lookup openai_thread_run.
    if isinstance(data, dict) and isinstance(data.get("messages"), list):
        yield data["messages"], data.get("steps") or []
        return
    if isinstance(data, dict) and "role" in data and "content" in data:
        yield [data], []
        return
    for name in ("threads", "runs", "results"):
        if isinstance(data, dict) and isinstance(data.get(name), list):
            data = data[name]
            break
    if not isinstance(data, list):
        raise NotMessages(
            "The input has no messages. Use a list of messages, the result of a run, or a thread with its messages"
            " (openai_thread_info with messages: true)."
        )
    for each in data:
        yield from _sources(each)


def markdown(items: list[Item]) -> str:
    """Return a conversation as Markdown. What users, models and tools wrote is text, and no markup."""
    return visible("\n\n".join(block for item in items for block in _blocks(item))) + "\n"


def html(items: list[Item]) -> str:
    """Return a conversation as an HTML element. What users, models and tools wrote is escaped."""
    return rendered("transcript.html.j2", items=items, roles=_ROLES)


def _blocks(item: Item) -> t.Iterator[str]:
    if item.role == "tool":
        for call in item.calls:
            yield from _call_blocks(call)
        return
    yield f"**{_ROLES.get(item.role, _escaped(item.role))}**"
    for part in item.parts:
        yield _part_block(part)
    if item.sources:
        yield "\n".join(f"{number}. {_escaped(source)}" for number, source in enumerate(item.sources, 1))


def _part_block(part: Part) -> str:
    if part.kind == "text":
        return _escaped(part.text)
    if part.kind == "refusal":
        return f"*Refused:* {_escaped(part.text)}"
    return f"*{part.kind.capitalize()}:* {_code(part.text)}"


def _call_blocks(call: Call) -> t.Iterator[str]:
    yield f"**Tool call** {_code(call.name)}"
    if call.arguments and call.arguments != "{}":
        yield _fenced(call.arguments, "python" if call.kind == "code_interpreter" else "json")
    if call.output is not None:
        yield "Output:"
        yield _fenced(call.output, "text")


def _escaped(text: str) -> str:
    """Return a text without the effect of Markdown and HTML. Line breaks are kept."""
    escaped = _MARKS.sub(lambda found: f"\\{found[1]}" if found[1] else _start(found), text.replace("&", "&amp;"))
    lines = [_INDENT.sub(lambda found: "&nbsp;" * len(found[0].expandtabs(4)), line) for line in escaped.split("\n")]
    # Two spaces at the end of a line keep the line break.
    return "\n".join(
        line + "  " if line and after else line for line, after in zip(lines, [*lines[1:], ""], strict=True)
    )


def _start(found: re.Match[str]) -> str:
    mark = found[3]
    return f"{found[2]}{mark[:-1]}\\{mark[-1]}"


def _code(text: str) -> str:
    """Return a short text as code."""
    line = " ".join(text.split()) or " "
    fence = "`" * (_longest_ticks(line) + 1)
    return f"{fence} {line} {fence}" if "`" in line else f"`{line}`"


def _fenced(text: str, language: str) -> str:
    fence = "`" * max(3, _longest_ticks(text) + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _longest_ticks(text: str) -> int:
    return max((len(ticks) for ticks in re.findall("`+", text)), default=0)
