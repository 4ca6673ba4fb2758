# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets are neither stored nor displayed, regardless of what a server does with them."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from threadworks_runtime.model import ModelError, ModelServer
from threadworks_runtime.model.round import execute_round
from threadworks_runtime.model.secrets import Secrets, Veil
from threadworks_runtime.settings import ModelOptions

from ansible_collections.threadworks.openai.tests.raw_server import RawServer, answer, stream
from ansible_collections.threadworks.openai.tests.unit.model.conftest import Json, Wait, every, make_message, make_run

KEY = 'canary/key+"4711"%&'
PLAIN = "canary-4711-0815"
Shape = Callable[[str], str]


def _basic(key: str) -> str:
    return base64.b64encode(f"somebody:{key}".encode()).decode()


SHAPES: list[Shape] = [
    str,
    quote,
    lambda key: quote(key, safe=""),
    html.escape,
    json.dumps,
    repr,
    _basic,
    lambda key: base64.urlsafe_b64encode(f"{key}:".encode()).decode(),
    lambda key: re.sub("%..", lambda found: found[0].lower(), quote(key, safe="")),
    lambda key: quote(quote(key, safe=""), safe=""),
    quote_plus,
    lambda key: json.dumps(key).replace("/", "\\/"),
    lambda key: re.sub(r"[^\w]", lambda found: f"\\u{ord(found[0]):04x}", key),
    lambda key: re.sub(r"[^\w]", lambda found: f"\\u{ord(found[0]):04X}", key),
    lambda key: json.dumps(json.dumps(key)),
    lambda key: json.dumps(json.dumps(json.dumps(key).replace("/", "\\/"))),
    lambda key: json.dumps(re.sub(r"[^\w]", lambda found: f"\\u{ord(found[0]):04x}", key)),
    lambda key: re.sub(r"[^\w]", lambda found: f"&#{ord(found[0])};", key),
    lambda key: re.sub(r"[^\w]", lambda found: f"&#x{ord(found[0]):X};", key),
    lambda key: quote(_basic(key), safe=""),
]


@pytest.mark.parametrize("key", [KEY, PLAIN, "schlüssel-für-alles", r"it's\a canary/4711 "])
@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_is_hidden(key: str, shape: Shape) -> None:
    shown = Secrets(key).hide(f"before {shape(key)} after")
    assert shown.startswith("before ")
    assert shown.endswith(" after")
    assert "(key hidden)" in shown
    assert shape(key) not in shown


@pytest.mark.parametrize("key", ["k", "none", "sk", "secret1", "", None])
def test_a_placeholder_for_a_key_is_not_hidden(key: str | None) -> None:
    text = "msg_none_sk_k: a secret1 of ours"
    assert Secrets(key).hide(text) == text


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_is_hidden_in_pieces(shape: Shape) -> None:
    veil = Veil(Secrets(KEY))
    shown = "".join(map(veil.feed, f"before {shape(KEY)} after")) + veil.rest()
    assert shown.startswith("before ")
    assert shown.endswith(" after")
    assert "(key hidden)" in shown
    assert "4711" not in shown


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_a_secret_in_pieces_is_hidden(size: int) -> None:
    text = f"can it be? cana {PLAIN} and canary-47 and {PLAIN}{PLAIN[:-1]}"
    veil = Veil(Secrets(PLAIN))
    shown = "".join(veil.feed(text[start : start + size]) for start in range(0, len(text), size)) + veil.rest()
    assert shown == text.replace(PLAIN, "(key hidden)")


def test_text_without_a_secret_is_not_held_back() -> None:
    veil = Veil(Secrets(PLAIN))
    assert [veil.feed(piece) for piece in ("Hello", " world", "!")] == ["Hello", " world", "!"]


def _item(kind: str, **fields: Any) -> Json:
    return {"type": "response.output_item.done", "item": {"type": kind, "id": f"{kind}_1", **fields}}


def _halves(key: str) -> list[Json]:
    texts = (f"It is {key[:9]}", f"{key[9:]}.")
    return [{"type": "output_text", "text": text, "annotations": []} for text in texts]


def _replies(key: str) -> dict[str, bytes]:
    message = {"type": "message", "id": "msg_1"}
    part = {"type": "output_text", "text": f"It is {key}.", "annotations": []}
    deltas = [{"type": "response.output_text.delta", "item_id": "msg_1", "delta": char} for char in f"It is {key}."]
    end = {"type": "response.completed", "response": {"status": "completed"}}
    whole = {"status": "completed", "output": [{**message, "content": [part]}]}
    call = {"call_id": "call_1", "name": "disk", "arguments": json.dumps({"key": key})}
    return {
        "an error event": stream({"type": "error", "error": {"message": f"Bad {key}", "code": key}}),
        "an error event as OpenAI's": stream({"type": "error", "message": f"Bad {key}", "code": "x"}),
        "response.failed": stream(
            {"type": "response.failed", "response": {"status": "failed", "error": {"message": key}}}
        ),
        "a reason that is no text": stream({"type": "error", "error": {"message": {"key": [key]}}}),
        "an odd status line": f"HTTP/1.1 OK {key}\r\n\r\n".encode(),
        "an odd header": f"HTTP/1.1 200 OK\r\n{key} bad header\r\n\r\n".encode(),
        "an odd status": answer(f"No: {key}", status=f"299 {key}", kind="text/plain"),
        "an error body": answer(json.dumps({"error": {"message": f"Wrong key {key}"}}), status="401 No"),
        "an error text": answer(f"Wrong key {quote(key)}", status="500 No", kind="text/plain"),
        "an error page": answer(f"<html><title>{key}</title>", status="502 No", kind="text/html"),
        "a page": answer(f"<html><title>{key}</title>", kind="text/html"),
        "no JSON": answer(f"{key} is it", kind="application/json"),
        "a redirect": answer("", f"Location: http://127.0.0.2/{quote(key)}", status="307 No"),
        "a reason for being incomplete": answer(
            json.dumps({"status": "incomplete", "incomplete_details": {"reason": key}, "output": []})
        ),
        "a status": answer(json.dumps({"status": key})),
        "an unknown event": stream({"type": "response.output_item.added", key: key}),
        "a text": stream({"type": "response.completed", "response": whole}),
        "a text in parts": stream(_item("message", content=_halves(key)), end),
        "a text in parts at the end": stream(
            {"type": "response.completed", "response": {**whole, "output": [{**message, "content": _halves(key)}]}}
        ),
        "a text in parts and pieces": stream(
            {"type": "response.output_item.added", "item": message},
            *deltas,
            _item("message", id="msg_1", content=_halves(key)),
            end,
        ),
        "a text in pieces": stream({"type": "response.output_item.added", "item": message}, *deltas, end),
        "a call": stream(_item("function_call", **call), end),
        "a name": stream(_item("function_call", **{**call, "name": key}), end),
        "an id": stream(_item("function_call", **{**call, "call_id": key}), end),
    }


@pytest.mark.parametrize("kind", list(_replies(PLAIN)))
def test_what_a_server_repeats_is_hidden(kind: str, wait: Wait) -> None:
    with RawServer(_replies(PLAIN)[kind]) as raw:
        server = ModelServer(ModelOptions(base_url=raw.base_url, api_key=PLAIN, max_retries=0, timeout=10))
        try:
            told = repr(wait(every(execute_round(server, make_run(), [make_message("Hello")], private={}))))
        except ModelError as error:
            told = error.message
        finally:
            wait(server.close())
        assert PLAIN.encode() in raw.requests[0], "the server did not get the key"
    assert PLAIN not in told
    assert "4711-0815" not in told


def test_credentials_in_the_url_are_hidden(wait: Wait) -> None:
    def echo(request: bytes) -> list[bytes]:
        head = request.partition(b"\r\n\r\n")[0].decode()
        return [answer(json.dumps({"error": {"message": f"You sent: {head}; somebody:{PLAIN}"}}), status="400 No")]

    with RawServer(echo) as raw:
        url = f"http://somebody:{PLAIN}@{raw.place}/v1"
        server = ModelServer(ModelOptions(base_url=url, max_retries=0, timeout=10))
        with pytest.raises(ModelError) as raised:
            wait(every(server.respond({"model": "m", "input": "Hello", "max_output_tokens": 100})))
        wait(server.close())
    assert PLAIN not in raised.value.message
    assert _basic(PLAIN)[:-4] not in raised.value.message
