# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Streams that are interrupted, out of order or malformed."""

from __future__ import annotations

from typing import Any

from .kind import Kind, Kinds, Talk, answer, answer_of, called, sse

_BROKEN = "interrupted|connection|closed|incomplete"
_UNREADABLE = "not JSON|cannot be processed|interrupted|answered|sent"

# The events that the scripted model server sends before it closes the connection.
_TEXT = {
    1: "response.created",
    2: "response.in_progress",
    3: "response.output_item.added",
    4: "response.content_part.added",
    5: "response.output_text.delta",
    7: "response.output_text.done",
    8: "response.content_part.done",
    9: "response.output_item.done",
}
_CALL = {3: "response.output_item.added", 4: "arguments.delta", 5: "arguments.done", 6: "response.output_item.done"}
_REFUSAL = {5: "response.refusal.delta", 7: "response.refusal.done"}
_CODE = {
    4: "code_interpreter_call.in_progress",
    7: "code_interpreter_call.interpreting",
    9: "response.output_item.done",
}


def _cut(what: str, after: dict[int, str], script: dict[str, Any], **run: Any) -> list[Kind]:
    return [
        Kind(
            f"cut after {event} of a {what}",
            ("failed",),
            script={**script, "break_after": number},
            says=_BROKEN,
            retries=0,
            run=run,
        )
        for number, event in after.items()
    ]


KINDS = Kinds(
    [
        *_cut("text", _TEXT, {"text": "Two words"}),
        *_cut("refusal", _REFUSAL, {"refusal": "Two words"}),
        *_cut("call", _CALL, {"calls": [{"name": "disk", "arguments": '{"path":"/"}'}]}),
        *_cut("code interpreter's call", _CODE, {"code_interpreter": {"code": "a b"}, "text": "Two words"}),
        Kind(
            "error event", ("failed",), script={"text": "a b", "error": {"message": "Broken in here"}}, says="in here"
        ),
        Kind("error event without a message", ("failed",), script={"text": "a b", "error": {}}, says="answered"),
        Kind("response.failed", ("failed",), script={"failed": {"code": "server_error", "message": "X!"}}, says="X!"),
        Kind("response.failed without a reason", ("failed",), script={"failed": None}, says="answered"),
        Kind("response.incomplete", ("incomplete",), script={"text": "a b", "incomplete": "max_output_tokens"}),
        Kind("response.incomplete, filtered", ("incomplete",), script={"text": "a b", "incomplete": "content_filter"}),
        Kind("response.incomplete, no reason known", ("failed",), script={"text": "a b", "incomplete": "whim"}),
        Kind("as llama.cpp streams", ("completed",), script={"text": "a b", "sparse": True}),
    ]
)


@KINDS.add("failed", says="response.cancelled|cancelled|answered")
async def response_cancelled(talk: Talk) -> None:
    *before, last = answer(talk.body, status="cancelled")
    await talk.events([*before, {**last, "type": "response.cancelled"}])


@KINDS.add("failed", says=_UNREADABLE)
async def event_that_is_no_json(talk: Talk) -> None:
    await talk.stream()
    await talk.piece('data: {"type": "response.created", \n\n')
    await talk.end()


@KINDS.add("completed failed")
async def events_that_are_no_objects(talk: Talk) -> None:
    await talk.events([None, [], 1, "text", [{"type": "response.completed"}], *answer(talk.body)])


@KINDS.add("completed failed")
async def events_without_a_type(talk: Talk) -> None:
    await talk.events([{}, {"type": None}, {"type": ["response.completed"]}, *answer(talk.body)])


@KINDS.add("completed")
async def events_that_nobody_knows(talk: Talk) -> None:
    await talk.events([{"type": "response.mood.changed", "mood": "good"}, *answer(talk.body)])


@KINDS.add("completed")
async def every_event_twice(talk: Talk) -> None:
    await talk.events([event for event in answer(talk.body) for _twice in range(2)])


@KINDS.add("completed")
async def every_event_of_a_whole_stream_twice(talk: Talk) -> None:
    first = answer(talk.body)
    await talk.events([*first[:-1], *first])


@KINDS.add("completed")
async def item_done_that_was_never_added(talk: Talk) -> None:
    await talk.events([event for event in answer(talk.body) if event["type"] != "response.output_item.added"])


@KINDS.add("completed")
async def item_added_that_is_never_done(talk: Talk) -> None:
    await talk.events([event for event in answer(talk.body) if event["type"] != "response.output_item.done"])


@KINDS.add("completed failed", most_replies=2)
async def events_in_reverse(talk: Talk) -> None:
    *before, last = answer(talk.body)
    await talk.events([*reversed(before), last])


@KINDS.add("completed")
async def events_after_the_end(talk: Talk) -> None:
    await talk.events([*answer(talk.body), *answer(talk.body, "Another reply."), {"type": "error", "message": "late"}])


@KINDS.add("completed failed")
async def end_without_a_response(talk: Talk) -> None:
    await talk.events([*answer(talk.body)[:-1], {"type": "response.completed"}])


@KINDS.add("failed", says=_UNREADABLE)
async def end_with_a_response_that_is_a_list(talk: Talk) -> None:
    await talk.events([*answer(talk.body)[:-1], {"type": "response.completed", "response": [1]}])


@KINDS.add("completed failed")
async def deltas_of_unknown_items(talk: Talk) -> None:
    delta = {"type": "response.output_text.delta", "item_id": "msg_9", "content_index": 7, "delta": "Hello"}
    await talk.events([delta, *answer(talk.body)])


@KINDS.add("failed completed")
async def deltas_that_are_no_text(talk: Talk) -> None:
    created, added, *rest = answer(talk.body)
    delta = {"type": "response.output_text.delta", "item_id": "msg_1", "content_index": 0}
    await talk.events([created, added, {**delta, "delta": {"a": 1}}, {**delta, "delta": None}, delta, *rest])


@KINDS.add("completed failed")
async def deltas_of_an_item_of_another_type(talk: Talk) -> None:
    created, added, *rest = answer(talk.body)
    delta = {"type": "response.function_call_arguments.delta", "item_id": "msg_1", "delta": "{"}
    await talk.events([created, added, delta, *rest])


@KINDS.add("completed")
async def lines_that_end_in_cr_lf(talk: Talk) -> None:
    await talk.stream()
    await talk.piece("".join(map(sse, answer(talk.body))).replace("\n", "\r\n"))
    await talk.end()


@KINDS.add("completed failed")
async def no_empty_line_at_the_end(talk: Talk) -> None:
    await talk.stream()
    await talk.piece("".join(map(sse, answer(talk.body))).rstrip("\n"))
    await talk.send("0\r\n\r\n")


@KINDS.add("failed completed")
async def bytes_that_are_no_utf_8(talk: Talk) -> None:
    await talk.stream()
    await talk.piece(b'data: {"type": "response.mood", "mood": "\xff\xfe\x80"}\n\n')
    for event in answer(talk.body):
        await talk.event(event)
    await talk.end()


@KINDS.add("requires_action failed completed")
async def message_and_call_with_the_same_id(talk: Talk) -> None:
    message = answer(talk.body)[1]["item"]
    await talk.events(answer_of(talk.body, [message, called(id="msg_1")]))
