# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connections that fail, hang or are too slow, and redirects."""

from __future__ import annotations

import asyncio

from .kind import PATIENCE, SILENCE, Kind, Kinds, Talk, answer, sse

_LOST = "connection|interrupted|closed|incomplete"
_SILENT = "did not send anything|timeout|silent"

KINDS = Kinds(
    [
        Kind("refused", ("failed",), says="refused"),
        Kind("a host that does not exist", ("failed",), host="no-such-host.invalid", says="connection"),
        Kind("http where no server listens, asked with https", ("failed",), scheme="https", says="refused"),
    ]
)


@KINDS.add("failed", says=_LOST)
async def closed_at_once(talk: Talk) -> None:
    """Return, which closes the connection."""


@KINDS.add("failed", says=_LOST)
async def reset_at_once(talk: Talk) -> None:
    talk.reset()


@KINDS.add("failed", says=_LOST)
async def reset_after_the_request(talk: Talk) -> None:
    await talk.request()
    talk.reset()


@KINDS.add("completed")
async def reset_once_then_an_answer(talk: Talk) -> None:
    if talk.attempt > 1:
        return await talk.answer()
    await talk.request()
    return talk.reset()


@KINDS.add("failed", says=_LOST)
async def closed_after_half_a_status_line(talk: Talk) -> None:
    await talk.request()
    await talk.send("HTTP/1.1 20")


@KINDS.add("failed", says=_LOST)
async def closed_after_the_head(talk: Talk) -> None:
    await talk.stream()


@KINDS.add("failed", says=_LOST)
async def reset_within_the_stream(talk: Talk) -> None:
    await talk.stream()
    for event in answer(talk.body)[:2]:
        await talk.event(event)
    talk.reset()


@KINDS.add("failed", timeout=SILENCE, says=_SILENT)
async def never_answers(talk: Talk) -> None:
    await talk.request()
    await talk.silence()


@KINDS.add("failed", timeout=SILENCE, says=_SILENT)
async def silent_after_the_head(talk: Talk) -> None:
    await talk.stream()
    await talk.silence()


@KINDS.add("failed", timeout=SILENCE, says=_SILENT)
async def silent_within_an_event(talk: Talk) -> None:
    await talk.stream()
    await talk.piece('data: {"type": "response.')
    await talk.silence()


@KINDS.add("completed", timeout=SILENCE)
async def silent_after_the_last_event(talk: Talk) -> None:
    await talk.stream()
    for event in answer(talk.body):
        await talk.event(event)
    await talk.silence()


@KINDS.add("completed")
async def slow_drip_of_bytes_that_ends(talk: Talk) -> None:
    await talk.stream()
    for byte in "".join(map(sse, answer(talk.body))).encode():
        await talk.piece(bytes([byte]))
    await talk.end()


@KINDS.add("cancelled failed", endless=True)
async def endless_slow_drip_of_a_header(talk: Talk) -> None:
    await talk.request()
    await talk.send("HTTP/1.1 200 OK\r\nX-Drip: ")
    while True:
        await talk.send("x")
        await asyncio.sleep(0.2)


@KINDS.add("cancelled", endless=True)
async def endless_slow_drip_of_comments(talk: Talk) -> None:
    await talk.stream()
    while True:
        await talk.piece(": still here\n\n")
        await asyncio.sleep(0.2)


@KINDS.add("cancelled", endless=True)
async def endless_slow_drip_of_deltas(talk: Talk) -> None:
    await talk.stream()
    for event in answer(talk.body)[:2]:
        await talk.event(event)
    while True:
        await talk.event({"type": "response.output_text.delta", "item_id": "msg_1", "content_index": 0, "delta": "x "})
        await asyncio.sleep(0.2)


@KINDS.add("failed", says=_LOST)
async def another_protocol(talk: Talk) -> None:
    await talk.send("SSH-2.0-OpenSSH_9.6\r\n")


@KINDS.add("failed", tls=True, says=_LOST)
async def speaks_tls_asked_without(talk: Talk) -> None:
    await talk.answer()


@KINDS.add("failed", scheme="https", says="TLS|SSL|certificate|connection")
async def speaks_no_tls_asked_with(talk: Talk) -> None:
    await talk.head("400 Bad Request")


@KINDS.add("failed", scheme="https", tls=True, says="certificate")
async def certificate_that_nobody_knows(talk: Talk) -> None:
    await talk.answer()


@KINDS.add("failed", scheme="https", retries=0, says=f"^(?!.*{PATIENCE:g} seconds).*({_SILENT}|{_LOST})")
async def silent_in_the_tls_handshake(talk: Talk) -> None:
    """A connection has a shorter time limit than an answer, and the error must not report the longer one."""
    await talk.silence()


@KINDS.add("failed", scheme="https", says=_LOST)
async def reset_in_the_tls_handshake(talk: Talk) -> None:
    talk.reset()


async def _redirect(talk: Talk, status: str, *headers: str) -> None:
    await talk.request()
    await talk.head(status, *headers, "Content-Length: 0")


@KINDS.add("completed failed")
async def redirect_to_itself_that_ends(talk: Talk) -> None:
    if talk.attempt > 1:
        return await talk.answer()
    return await _redirect(talk, "307 Temporary Redirect", "Location: /v1/moved")


@KINDS.add("failed", most_requests=64)
async def redirect_loop(talk: Talk) -> None:
    await _redirect(talk, "307 Temporary Redirect", f"Location: /v1/responses?{talk.attempt}")


@KINDS.add("failed")
async def redirect_to_another_server_301(talk: Talk) -> None:
    await _redirect(talk, "301 Moved Permanently", f"Location: {talk.elsewhere}/responses")


@KINDS.add("failed")
async def redirect_to_another_server_307(talk: Talk) -> None:
    await _redirect(talk, "307 Temporary Redirect", f"Location: {talk.elsewhere}/responses")


@KINDS.add("failed")
async def redirect_to_another_server_308(talk: Talk) -> None:
    await _redirect(talk, "308 Permanent Redirect", f"Location: {talk.elsewhere}/responses")


@KINDS.add("failed")
async def redirect_to_a_file(talk: Talk) -> None:
    await _redirect(talk, "302 Found", "Location: file:///etc/passwd")


@KINDS.add("failed")
async def redirect_to_nowhere(talk: Talk) -> None:
    await _redirect(talk, "302 Found")


@KINDS.add("failed")
async def redirect_to_no_address(talk: Talk) -> None:
    await _redirect(talk, "302 Found", "Location: http://[::1")
