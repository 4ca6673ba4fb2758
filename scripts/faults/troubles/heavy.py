# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers that are too large. The heavy ones run alone, and only in the long form."""

from __future__ import annotations

import gzip

from .kind import Kinds, Talk, answer, answer_of, called, sse

_MIB = 2**20
_FIFTY = 50 * _MIB
_BOUNDED = "failed completed incomplete"

KINDS = Kinds()


@KINDS.add(_BOUNDED, heavy=True)
async def text_of_50_mb_at_once(talk: Talk) -> None:
    await talk.events(answer(talk.body, "x" * _FIFTY))


@KINDS.add(_BOUNDED, heavy=True)
async def text_of_50_mb_in_deltas(talk: Talk) -> None:
    created, added, *_rest = answer(talk.body)
    await talk.stream()
    await talk.piece(sse(created) + sse(added))
    delta = sse({"type": "response.output_text.delta", "item_id": "msg_1", "content_index": 0, "delta": "x" * 65536})
    for _each in range(_FIFTY // 65536):
        await talk.piece(delta)
    await talk.piece(sse({"type": "response.completed", "response": {"status": "completed", "output": []}}))
    await talk.end()


@KINDS.add(_BOUNDED, heavy=True)
async def plain_json_of_50_mb(talk: Talk) -> None:
    await talk.reply("200 OK", answer(talk.body, "x" * _FIFTY)[-1]["response"])


@KINDS.add("failed", heavy=True)
async def error_of_50_mb(talk: Talk) -> None:
    await talk.reply("500 Internal Server Error", {"error": {"message": "x" * _FIFTY}})


@KINDS.add(f"{_BOUNDED} requires_action", heavy=True)
async def call_with_arguments_of_50_mb(talk: Talk) -> None:
    await talk.events(answer_of(talk.body, [called('{"path": "' + "x" * _FIFTY + '"}')]))


@KINDS.add("failed", heavy=True)
async def gzip_of_a_gigabyte(talk: Talk) -> None:
    data = b"".join(gzip.compress(b"[" * 64 * _MIB, 9) for _each in range(16))
    await talk.reply("200 OK", data, "application/json", "Content-Encoding: gzip")


@KINDS.add("failed cancelled", heavy=True, endless=True)
async def endless_deltas(talk: Talk) -> None:
    created, added, *_rest = answer(talk.body)
    await talk.stream()
    await talk.piece(sse(created) + sse(added))
    delta = sse({"type": "response.output_text.delta", "item_id": "msg_1", "content_index": 0, "delta": "word " * 64})
    while True:
        await talk.piece(delta * 16)


@KINDS.add("failed cancelled", heavy=True, endless=True)
async def endless_line(talk: Talk) -> None:
    await talk.stream()
    await talk.piece("data: ")
    while True:
        await talk.piece("x" * 65536)


@KINDS.add("failed cancelled", heavy=True, endless=True)
async def endless_json(talk: Talk) -> None:
    await talk.request()
    await talk.head("200 OK", "Content-Type: application/json")
    while True:
        await talk.send(" " * 65536)


@KINDS.add("failed cancelled", heavy=True, endless=True)
async def endless_head(talk: Talk) -> None:
    await talk.request()
    await talk.send("HTTP/1.1 200 OK\r\n")
    while True:
        await talk.send("X-Again: and again\r\n" * 64)


@KINDS.add(_BOUNDED, heavy=True, most_replies=10_000)
async def message_of_a_word_10000_times(talk: Talk) -> None:
    part = {"type": "output_text", "text": "word", "annotations": []}
    items = [{"type": "message", "id": f"m_{n}", "role": "assistant", "content": [part]} for n in range(10_000)]
    await talk.reply("200 OK", answer_of(talk.body, items)[-1]["response"])


@KINDS.add("requires_action failed", heavy=True)
async def calls_2000_in_a_round(talk: Talk) -> None:
    await talk.events(answer_of(talk.body, [called(id=f"fc_{n}", call_id=f"call_{n}") for n in range(2000)]))
