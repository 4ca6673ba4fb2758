# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""HTTP statuses, and the bodies and headers that come with them."""

from __future__ import annotations

import time
from email.utils import formatdate
from typing import Any

from .kind import Kinds, Talk

_LIMIT = "rate|429|quota|busy"
_PAGE = b"<!DOCTYPE html><html><head><title>Bad gateway</title></head><body><h1>nginx</h1></body></html>"

KINDS = Kinds()


def _error(message: Any, **fields: Any) -> dict[str, Any]:
    return {"error": {"message": message, "type": "server_error", "param": None, "code": None, **fields}}


@KINDS.add("failed", says="400.*no such thing")
async def status_400(talk: Talk) -> None:
    await talk.reply("400 Bad Request", _error("There is no such thing."))


@KINDS.add("failed", says="400")
async def status_400_without_a_body(talk: Talk) -> None:
    await talk.reply("400 Bad Request")


@KINDS.add("failed", says="400")
async def status_400_with_an_error_that_is_a_text(talk: Talk) -> None:
    await talk.reply("400 Bad Request", {"error": "no such thing"})


@KINDS.add("failed", says="400")
async def status_400_with_an_error_that_is_a_list(talk: Talk) -> None:
    await talk.reply("400 Bad Request", [{"error": ["no", "such", "thing"]}])


@KINDS.add("failed", says="401.*api_key")
async def status_401(talk: Talk) -> None:
    await talk.reply("401 Unauthorized", _error("Incorrect API key provided.", code="invalid_api_key"))


@KINDS.add("failed", says="403")
async def status_403(talk: Talk) -> None:
    await talk.reply("403 Forbidden", _error("Not you."))


@KINDS.add("failed", says="404.*model")
async def status_404(talk: Talk) -> None:
    await talk.reply("404 Not Found", _error("The model does not exist.", code="model_not_found"))


@KINDS.add("failed", says="404")
async def status_404_with_a_page(talk: Talk) -> None:
    await talk.reply("404 Not Found", _PAGE, "text/html")


@KINDS.add("failed", says="405")
async def status_405(talk: Talk) -> None:
    await talk.reply("405 Method Not Allowed", b"")


@KINDS.add("failed", says="408")
async def status_408_always(talk: Talk) -> None:
    await talk.reply("408 Request Timeout", _error("Too slow."))


@KINDS.add("completed")
async def status_409_once_then_an_answer(talk: Talk) -> None:
    await (talk.answer() if talk.attempt > 1 else talk.reply("409 Conflict", _error("Again.")))


@KINDS.add("failed", says="413")
async def status_413(talk: Talk) -> None:
    await talk.reply("413 Content Too Large", _error("Too long."))


@KINDS.add("failed", says="422.*field required")
async def status_422_with_a_list_of_details(talk: Talk) -> None:
    details = [{"loc": ["body", "input"], "msg": "field required", "type": "missing"}]
    await talk.reply("422 Unprocessable Entity", {"detail": details})


@KINDS.add("completed")
async def status_429_with_retry_after_then_an_answer(talk: Talk) -> None:
    if talk.attempt > 1:
        return await talk.answer()
    return await talk.reply("429 Too Many Requests", _error("Slower."), "application/json", "Retry-After: 1")


@KINDS.add("completed")
async def status_429_without_retry_after_then_an_answer(talk: Talk) -> None:
    await (talk.answer() if talk.attempt > 1 else talk.reply("429 Too Many Requests", _error("Slower.")))


@KINDS.add("failed", says=_LIMIT, retries=0)
async def status_429_always(talk: Talk) -> None:
    await talk.reply("429 Too Many Requests", _error("Slower."))


@KINDS.add("failed", says=_LIMIT)
async def status_429_retry_after_an_hour(talk: Talk) -> None:
    await talk.reply("429 Too Many Requests", _error("Slower."), "application/json", "Retry-After: 3600")


@KINDS.add("completed")
async def status_429_retry_after_no_number_then_an_answer(talk: Talk) -> None:
    if talk.attempt > 1:
        return await talk.answer()
    return await talk.reply("429 Too Many Requests", _error("Slower."), "application/json", "Retry-After: soon, nan")


@KINDS.add("completed")
async def status_429_retry_after_less_than_nothing_then_an_answer(talk: Talk) -> None:
    if talk.attempt > 1:
        return await talk.answer()
    return await talk.reply("429 Too Many Requests", _error("Slower."), "application/json", "Retry-After: -1e999")


@KINDS.add("completed")
async def status_429_retry_after_a_date_then_an_answer(talk: Talk) -> None:
    if talk.attempt > 1:
        return await talk.answer()
    date = formatdate(time.time() + 1, usegmt=True)
    return await talk.reply("429 Too Many Requests", _error("Slower."), "application/json", f"Retry-After: {date}")


@KINDS.add("failed", says=_LIMIT)
async def status_429_no_quota(talk: Talk) -> None:
    await talk.reply("429 Too Many Requests", _error("No quota.", type="insufficient_quota", code="insufficient_quota"))


@KINDS.add("failed", says="500")
async def status_500_always(talk: Talk) -> None:
    await talk.reply("500 Internal Server Error", _error("Broken."))


@KINDS.add("completed", retries=3)
async def status_5xx_burst_then_an_answer(talk: Talk) -> None:
    burst = ("500 Internal Server Error", "502 Bad Gateway", "503 Service Unavailable")
    await (talk.answer() if talk.attempt > 3 else talk.reply(burst[talk.attempt - 1], _error("Broken.")))


@KINDS.add("failed", says="502")
async def status_502_with_a_page(talk: Talk) -> None:
    await talk.reply("502 Bad Gateway", _PAGE * 100, "text/html")


@KINDS.add("failed", says="503")
async def status_503_always(talk: Talk) -> None:
    await talk.reply("503 Service Unavailable", b"upstream", "text/plain")


@KINDS.add("failed", says="504")
async def status_504_always(talk: Talk) -> None:
    await talk.reply("504 Gateway Timeout", b"", "")


@KINDS.add("failed", says="529|connection")
async def status_529(talk: Talk) -> None:
    await talk.reply("529 Overloaded", _error("Overloaded.", type="overloaded_error"))


@KINDS.add("failed", says="999|connection|cannot be processed")
async def status_999(talk: Talk) -> None:
    await talk.reply("999 Whatever", _error("Whatever."))


@KINDS.add("failed", says="connection|cannot be processed|HTTP")
async def status_that_is_no_number(talk: Talk) -> None:
    await talk.reply("abc OK", _error("Whatever."))


@KINDS.add("failed")
async def status_204(talk: Talk) -> None:
    await talk.request()
    await talk.head("204 No Content")


@KINDS.add("failed cancelled", endless=True)
async def status_100_without_end(talk: Talk) -> None:
    await talk.request()
    for _each in range(100_000):
        await talk.send("HTTP/1.1 100 Continue\r\n\r\n")


@KINDS.add("failed", says="500")
async def status_500_with_a_message_of_a_megabyte(talk: Talk) -> None:
    await talk.reply("500 Internal Server Error", _error("Broken! " * 131072))


@KINDS.add("failed", says="500")
async def status_500_with_control_characters(talk: Talk) -> None:
    await talk.reply("500 Internal Server Error", _error("\x1b[2J\x1b]0;owned\x07\x00 Broken\r\nX: y \ud800"))


@KINDS.add("failed", says="500")
async def status_500_with_a_message_that_is_an_object(talk: Talk) -> None:
    await talk.reply("500 Internal Server Error", _error({"a": ["b", None]}, code=[500]))


@KINDS.add("failed")
async def status_500_with_a_body_nested_10000_deep(talk: Talk) -> None:
    await talk.reply("500 Internal Server Error", b'{"error":' * 10000 + b"1" + b"}" * 10000)
