# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers whose body does not match the headers, or is not a stream."""

from __future__ import annotations

import gzip
import json
from typing import Any

from .kind import Kinds, Talk, answer, answer_of, sse

_UNREADABLE = "not JSON|cannot be processed|answered|sent|interrupted|connection|decod|type"
_OK = "200 OK"

KINDS = Kinds()


def _response(**fields: Any) -> dict[str, Any]:
    response: dict[str, Any] = answer({}, **fields)[-1]["response"]
    return response


@KINDS.add("completed")
async def plain_json(talk: Talk) -> None:
    await talk.reply(_OK, _response())


@KINDS.add("completed failed")
async def json_as_text(talk: Talk) -> None:
    await talk.reply(_OK, _response(), "text/plain")


@KINDS.add("completed failed")
async def json_without_a_type(talk: Talk) -> None:
    await talk.reply(_OK, _response(), "")


@KINDS.add("failed", says=_UNREADABLE)
async def json_as_a_stream(talk: Talk) -> None:
    await talk.reply(_OK, _response(), "text/event-stream")


@KINDS.add("failed", says=_UNREADABLE)
async def stream_as_json(talk: Talk) -> None:
    await talk.reply(_OK, "".join(map(sse, answer({}))).encode(), "application/json")


@KINDS.add("failed", says=_UNREADABLE)
async def page_with_status_200(talk: Talk) -> None:
    await talk.reply(_OK, b"<html><body>Log in, please</body></html>", "text/html")


@KINDS.add("failed", says=_UNREADABLE)
async def page_as_a_stream(talk: Talk) -> None:
    await talk.reply(_OK, b"<html><body>Log in, please</body></html>", "text/event-stream")


@KINDS.add("failed", says=_UNREADABLE)
async def nothing_as_json(talk: Talk) -> None:
    await talk.reply(_OK)


@KINDS.add("failed", says=_UNREADABLE)
async def nothing_as_a_stream(talk: Talk) -> None:
    await talk.reply(_OK, b"", "text/event-stream")


@KINDS.add("failed", says=_UNREADABLE)
async def json_null(talk: Talk) -> None:
    await talk.reply(_OK, None)


@KINDS.add("failed", says=_UNREADABLE)
async def json_list(talk: Talk) -> None:
    await talk.reply(_OK, [])


@KINDS.add("failed completed")
async def json_empty_object(talk: Talk) -> None:
    await talk.reply(_OK, {})


@KINDS.add("failed", says=_UNREADABLE)
async def json_cut_off(talk: Talk) -> None:
    await talk.reply(_OK, json.dumps(_response()).encode()[:100])


@KINDS.add("completed failed")
async def json_in_utf_16(talk: Talk) -> None:
    await talk.reply(_OK, json.dumps(_response()).encode("utf-16"), "application/json; charset=utf-16")


@KINDS.add("failed", says=_UNREADABLE)
async def json_that_is_no_utf_8(talk: Talk) -> None:
    await talk.reply(_OK, b'{"status": "completed", "output": [{"type": "\xff\xfe"}]}')


@KINDS.add("failed", says=_UNREADABLE)
async def json_nested_100000_deep(talk: Talk) -> None:
    await talk.reply(_OK, b"[" * 100_000)


@KINDS.add("failed completed")
async def json_with_a_number_of_10000_digits(talk: Talk) -> None:
    raw = json.dumps(_response()).replace('"total_tokens": 2', f'"total_tokens": {"9" * 10000}')
    await talk.reply(_OK, raw.encode())


@KINDS.add("completed failed")
async def usage_that_is_not_a_number(talk: Talk) -> None:
    raw = json.dumps(_response()).replace('"total_tokens": 2', '"total_tokens": NaN, "output_tokens": -Infinity')
    await talk.reply(_OK, raw.encode())


@KINDS.add("completed failed")
async def usage_of_other_types(talk: Talk) -> None:
    usage = {"input_tokens": "many", "output_tokens": [1], "total_tokens": {"a": -1}}
    await talk.events(answer(talk.body, usage=usage))


@KINDS.add("completed")
async def usage_missing(talk: Talk) -> None:
    await talk.events(answer(talk.body, usage=None))


@KINDS.add("failed completed incomplete")
async def usage_beyond_64_bits(talk: Talk) -> None:
    await talk.events(answer(talk.body, usage={"input_tokens": 2**70, "output_tokens": 1, "total_tokens": 2**70}))


@KINDS.add("failed", says=_UNREADABLE)
async def output_that_is_a_text(talk: Talk) -> None:
    await talk.reply(_OK, _response(output="Hello"))


@KINDS.add("failed completed")
async def output_of_no_objects(talk: Talk) -> None:
    await talk.reply(_OK, _response(output=[None, 1, "Hello"]))


@KINDS.add("completed")
async def output_without_an_item(talk: Talk) -> None:
    await talk.events(answer_of(talk.body, []))


@KINDS.add("failed", says="status|answered")
async def status_of_the_response_unknown(talk: Talk) -> None:
    await talk.reply(_OK, _response(status="meditating"))


@KINDS.add("failed", says=_UNREADABLE)
async def says_gzip_and_is_not(talk: Talk) -> None:
    await talk.reply(_OK, _response(), "application/json", "Content-Encoding: gzip")


@KINDS.add("failed completed")
async def encoding_that_nobody_knows(talk: Talk) -> None:
    await talk.reply(_OK, _response(), "application/json", "Content-Encoding: rot13")


@KINDS.add("failed completed")
async def gzip_that_is_cut_off(talk: Talk) -> None:
    data = gzip.compress(json.dumps(_response()).encode())
    await talk.reply(_OK, data[: len(data) // 2], "application/json", "Content-Encoding: gzip")


@KINDS.add("failed", says=_UNREADABLE)
async def body_shorter_than_told(talk: Talk) -> None:
    await talk.reply(_OK, _response(), "application/json", "Content-Length: 100000")


@KINDS.add("failed", says=_UNREADABLE)
async def body_longer_than_told(talk: Talk) -> None:
    await talk.reply(_OK, _response(), "application/json", "Content-Length: 100")


@KINDS.add("failed", says=_UNREADABLE)
async def length_that_is_no_number(talk: Talk) -> None:
    await talk.reply(_OK, _response(), "application/json", "Content-Length: ten")


@KINDS.add("failed", says=_UNREADABLE)
async def chunks_that_are_none(talk: Talk) -> None:
    await talk.stream()
    await talk.send("zzz\r\nwhat?\r\n0\r\n\r\n")


@KINDS.add("failed completed")
async def header_of_a_megabyte(talk: Talk) -> None:
    await talk.reply(_OK, _response(), "application/json", f"X-Long: {'x' * 2**20}")
