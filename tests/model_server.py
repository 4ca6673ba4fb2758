# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one stand-in of the tests: a model server with the Responses API that answers by script.

As a process ``python tests/model_server.py --port 0 --port-file F [--api-key K]``, or in a test::

    with ModelServer() as server:
        server.script([{"text": "Hello"}, {"calls": [{"name": "disk", "arguments": {"path": "/"}}]}])
        ...  # server.base_url, server.requests

It serves ``POST /v1/responses``, ``POST /v1/responses/input_tokens``, ``GET /v1/models`` and, for tests in other
processes, ``PUT /_script`` (a list of answers), ``GET /_requests`` and ``DELETE /_requests`` (forgets the script too).
A token is a word here, so that tests can count.

Without a script the answer does what the request asks: the forced tool is called, a JSON format is filled in, and
otherwise the text is ``Reply to: <last user text>``. A scripted answer is used once, in turn, and is an object of:

======================  ================================================================================================
``match``               use this answer only where the last user text contains this string
``sticky``              true: use it again and again
``text``                the message; ``annotations``: Responses annotations on it
``refusal``             a refusal in place of the text
``calls``               function calls: ``[{"name", "arguments": object or string, "call_id"}]``
``reasoning``           true: a reasoning item comes first, and must be sent back with the calls
``code_interpreter``    ``{"code", "outputs"}``: such a call comes before the message
``file_search``         ``{"queries", "results"}``: such a call comes before the message
``ignore``              of ``tools``, ``format``, ``limit``: silently not done, as small servers do
``incomplete``          reason: the response ends incomplete; ``failed``: ``{"code", "message"}``: it ends failed
``usage``               replaces the counted usage; null: none is told
``error``               error body; with ``status`` (and ``headers``) an HTTP error, without it an event in the stream
``json``                true: plain JSON although a stream was asked for
``sparse``              true: events as llama.cpp sends them, without indexes, numbers, defaults and ``[DONE]``
``delay``               seconds before the answer; ``delta_delay``: seconds before each delta
``hold``                true: no answer before `release`; ``hold_after``: after that many events
``linger``              seconds between the last event and the end of the stream
``hang``                true: no answer at all; ``hang_after``: silence after that many events
``break_after``         the connection is cut after that many events
======================  ================================================================================================
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import select
import socketserver
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]

_REQUEST_FIELDS = """
    background conversation include input instructions max_output_tokens max_tool_calls metadata model
    parallel_tool_calls previous_response_id prompt prompt_cache_key reasoning safety_identifier service_tier store
    stream stream_options temperature text tool_choice tools top_logprobs top_p truncation user
"""
_PARTS = {"assistant": ("output_text", "refusal"), "user": ("input_text", "input_image", "input_file")}
_TOOL_FIELDS = {"function": "name", "code_interpreter": "container", "file_search": "vector_store_ids"}


class ModelServer:
    """The server, on a thread of its own while the ``with`` block runs.

    Args:
        port: TCP port on the loopback address; 0 takes a free one.
        api_key: The only key that is accepted; ``None`` accepts every request.
        openai: Refuse what OpenAI refuses but small servers ignore (a chat style ``response_format``).
    """

    def __init__(self, *, port: int = 0, api_key: str | None = None, openai: bool = False) -> None:
        self.api_key = api_key
        self.openai = openai
        self.closing = threading.Event()
        #: The connections so far, and those that are open now.
        self.connections = self.open_connections = 0
        self._lock = threading.Lock()
        self._turn = threading.Condition()
        self._released = 0
        self._numbers = itertools.count(1)
        self._reasoning: dict[str, str] = {}
        self._script: list[Json] = []
        self._requests: list[Json] = []
        self._http = _Server(("127.0.0.1", port), _Handler)
        self._http.model = self
        self.port: int = self._http.server_address[1]
        self.base_url = f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> ModelServer:
        threading.Thread(target=self.serve, daemon=True).start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.closing.set()
        self.release(0)
        self._http.shutdown()
        self._http.server_close()

    def serve(self) -> None:
        """Serve until the ``with`` block ends, or for ever."""
        self._http.serve_forever(poll_interval=0.02)

    @property
    def requests(self) -> list[Json]:
        """The requests so far, oldest first: ``method``, ``path``, ``headers`` (the key hidden), ``body``."""
        with self._lock:
            return list(self._requests)

    @property
    def runs(self) -> list[Json]:
        """The bodies of the requests for a response: what the model was really asked."""
        return [request["body"] for request in self.requests if request["path"] == "/v1/responses"]

    def script(self, answers: list[Json]) -> None:
        """Give these answers next, in turn (see the module's table)."""
        with self._lock:
            self._script = list(answers)

    def reset(self) -> None:
        """Forget the requests and the script."""
        with self._lock, self._turn:
            self._script, self._requests, self._released = [], [], 0

    def record(self, method: str, path: str, headers: dict[str, str], body: object) -> None:
        """Keep a request for `requests`."""
        hidden = {name: "***" if name.lower() == "authorization" else value for name, value in headers.items()}
        with self._lock:
            self._requests.append({"method": method, "path": path, "headers": hidden, "body": body})

    def next_answer(self, body: Json) -> Json:
        """Take the first scripted answer that fits the request, or ``{}``."""
        text = _last_user_text(body)
        with self._lock:
            for answer in self._script:
                if answer.get("match", "") in text:
                    if not answer.get("sticky"):
                        self._script.remove(answer)
                    return answer
        return {}

    def release(self, count: int = 10**9) -> None:
        """Let this many of the answers that are held now, or are asked for later, go."""
        with self._turn:
            self._released += count
            self._turn.notify_all()

    def wait_for_turn(self) -> None:
        """Hold an answer until it is released."""
        with self._turn:
            self._turn.wait_for(lambda: self._released or self.closing.is_set())
            self._released = max(self._released - 1, 0)

    def count_connection(self, change: int) -> None:
        """Note that a connection was opened (1) or closed (-1)."""
        with self._lock:
            self.connections += max(change, 0)
            self.open_connections += change

    def new_id(self, prefix: str) -> str:
        """A new id that no earlier answer had."""
        with self._lock:
            return f"{prefix}_{next(self._numbers):06d}"

    def remember(self, output: list[Json]) -> None:
        """Note which calls came with a reasoning item, which must come back with them."""
        reasoning = next((item["id"] for item in output if item["type"] == "reasoning"), None)
        if reasoning:
            self._reasoning |= {item["call_id"]: reasoning for item in output if item["type"] == "function_call"}

    def reasoning_of(self, call_id: str) -> str | None:
        """The id of the reasoning item that came with this call."""
        return self._reasoning.get(call_id)


# ---- what a request may be -------------------------------------------------------------------------------------------


class _Refused(Exception):
    """An error body of OpenAI's and its status."""

    def __init__(self, message: str, *, status: int = 400, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}}


def _check(body: Json, model: ModelServer) -> None:
    """Refuse what OpenAI refuses, in its words."""
    for name, value in body.items():
        if name == "response_format" and not model.openai:
            continue
        if name not in _REQUEST_FIELDS.split():
            raise _Refused(f"Unknown parameter: '{name}'.", param=name, code="unknown_parameter")
        if value is None:
            raise _Refused(f"Invalid type for '{name}': got null.", param=name, code="invalid_type")
    for name in ("model", "input"):
        if name not in body:
            raise _missing(name)
    _check_tools(body)
    _check_input(body["input"], model)


def _check_tools(body: Json) -> None:
    for index, tool in enumerate(body.get("tools", [])):
        field = _TOOL_FIELDS.get(tool.get("type"), "type")
        if field not in tool:
            raise _missing(f"tools[{index}].{field}")
    choice = body.get("tool_choice")
    if isinstance(choice, dict):
        wanted = ("type", "name") if choice.get("type") == "function" else ("type",)
        if not any(all(tool.get(key) == choice.get(key) for key in wanted) for tool in body.get("tools", [])):
            raise _Refused(
                f"Tool choice '{choice.get(wanted[-1])}' not found in 'tools' parameter.", param="tool_choice"
            )
    text_format = body.get("text", {}).get("format", {})
    if text_format.get("type") == "json_schema":
        for field in ("name", "schema"):
            if field not in text_format:
                raise _missing(f"text.format.{field}")


def _check_input(items: str | list[Json], model: ModelServer) -> None:
    if isinstance(items, str):
        return
    calls: set[str] = set()
    reasoning: set[str] = set()
    for index, item in enumerate(items):
        kind = item.get("type")
        if kind is None:
            raise _missing(f"input[{index}].type")
        if kind == "message":
            _check_parts(item, f"input[{index}]")
        elif kind == "reasoning":
            reasoning.add(item["id"])
        elif kind == "function_call":
            calls.add(item["call_id"])
            needed = model.reasoning_of(item["call_id"])
            if needed and needed not in reasoning:
                raise _Refused(
                    f"Item '{item.get('id')}' of type 'function_call' was provided without its required 'reasoning'"
                    f" item: '{needed}'.",
                    param="input",
                )
        elif kind == "function_call_output":
            if item["call_id"] not in calls:
                raise _Refused(
                    f"No tool call found for function call output with call_id {item['call_id']}.", param="input"
                )
            calls.discard(item["call_id"])
    if calls:
        raise _Refused(f"No tool output found for function call {min(calls)}.", param="input")


def _check_parts(item: Json, where: str) -> None:
    allowed = _PARTS.get(item.get("role", ""), _PARTS["user"])
    if isinstance(item["content"], str):
        return
    for index, part in enumerate(item["content"]):
        if part.get("type") not in allowed:
            raise _Refused(
                f"Invalid value: '{part.get('type')}'. Supported values are: {', '.join(map(repr, allowed))}.",
                param=f"{where}.content[{index}]",
                code="invalid_value",
            )


def _missing(param: str) -> _Refused:
    return _Refused(f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter")


# ---- what is answered ------------------------------------------------------------------------------------------------


def _respond(body: Json, answer: Json, model: ModelServer) -> Json:
    """The whole Responses object for a request, as at its end."""
    answer = answer if answer.keys() & {"text", "refusal", "calls", "failed"} else _obedient(body) | answer
    output = _output(body, answer, model)
    written, cut = _limit(output, body)
    counted = _usage(_input_tokens(body), written)
    model.remember(output)
    response = {
        "id": model.new_id("resp"),
        "object": "response",
        "created_at": int(time.time()),
        "status": "completed",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": body.get("instructions"),
        "max_output_tokens": body.get("max_output_tokens"),
        "metadata": {},
        "model": body["model"],
        "output": output,
        "parallel_tool_calls": body.get("parallel_tool_calls", True),
        "previous_response_id": None,
        "reasoning": {"effort": None, "summary": None} | body.get("reasoning", {}),
        "service_tier": "default",
        "store": body.get("store", True),
        "temperature": body.get("temperature", 1.0),
        "text": {"format": {"type": "text"}} | body.get("text", {}),
        "tool_choice": body.get("tool_choice", "auto"),
        "tools": body.get("tools", []),
        "top_p": body.get("top_p", 1.0),
        "truncation": "disabled",
        "usage": answer.get("usage", counted),
        "user": None,
    }
    reason = answer.get("incomplete") or (
        "max_output_tokens" if cut and "limit" not in answer.get("ignore", []) else None
    )
    if "failed" in answer:
        response |= {"status": "failed", "error": answer["failed"]}
    elif reason:
        response |= {"status": "incomplete", "incomplete_details": {"reason": reason}}
    return response


def _obedient(body: Json) -> Json:
    """The answer that does what the request asks."""
    text = f"Reply to: {_last_user_text(body)}"
    choice = body.get("tool_choice", "auto")
    if choice == "required":
        choice = body["tools"][0]
    kind = choice["type"] if isinstance(choice, dict) else None
    if kind == "function":
        return {"calls": [{"name": choice["name"], "arguments": {}}]}
    hosted = {
        "code_interpreter": {"code": "print('hello')", "outputs": [{"type": "logs", "logs": "hello\n"}]},
        "file_search": {"queries": [text], "results": []},
    }
    text_format = body.get("text", {}).get("format", {"type": "text"})
    if text_format["type"] == "json_schema":
        text = json.dumps(_instance(text_format["schema"], text))
    elif text_format["type"] == "json_object":
        text = json.dumps({"reply": text})
    return {"text": text} | ({kind: hosted[kind]} if kind else {})


def _instance(schema: Json, text: str) -> Any:
    """The smallest value that fits a plain JSON Schema."""
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "object":
        return {name: _instance(schema["properties"][name], text) for name in schema.get("required", [])}
    simple = {"string": text, "integer": 1, "number": 1.5, "boolean": True, "array": [], "null": None}
    return simple[schema.get("type", "string")]


def _output(body: Json, answer: Json, model: ModelServer) -> list[Json]:
    output: list[Json] = []
    done = {"status": "completed"}
    include = body.get("include", [])
    if answer.get("reasoning"):
        output.append({"type": "reasoning", "id": model.new_id("rs"), "summary": [], "encrypted_content": "opaque"})
    if "code_interpreter" in answer:
        call: Json = {"type": "code_interpreter_call", "id": model.new_id("ci"), "container_id": model.new_id("cntr")}
        outputs = answer["code_interpreter"].get("outputs", []) if "code_interpreter_call.outputs" in include else None
        output.append(call | done | {"code": answer["code_interpreter"]["code"], "outputs": outputs})
    if "file_search" in answer:
        call = {
            "type": "file_search_call",
            "id": model.new_id("fs"),
            "queries": answer["file_search"].get("queries", []),
        }
        results = answer["file_search"].get("results", []) if "file_search_call.results" in include else None
        output.append(call | done | {"results": results})
    part: Json | None = None
    if "refusal" in answer:
        part = {"type": "refusal", "refusal": answer["refusal"]}
    elif "text" in answer:
        annotations = answer.get("annotations", [])
        part = {"type": "output_text", "text": answer["text"], "annotations": annotations, "logprobs": []}
    if part:
        message = {"type": "message", "id": model.new_id("msg"), "role": "assistant", "content": [part]}
        output.append(message | done)
    for call in answer.get("calls", []):
        arguments = call.get("arguments", {})
        output.append(
            {"type": "function_call", "id": model.new_id("fc"), "call_id": call.get("call_id") or model.new_id("call")}
            | {"name": call["name"], "arguments": arguments if isinstance(arguments, str) else json.dumps(arguments)}
            | done
        )
    return output


def _limit(output: list[Json], body: Json) -> tuple[int, bool]:
    """Cut the texts to ``max_output_tokens``; returns the tokens written and whether something was cut."""
    left = limit = body.get("max_output_tokens", 10**9)
    cut = False
    for item in output:
        for part in item.get("content", []):
            words = _pieces(part.get("text", part.get("refusal", "")))
            if len(words) > left and "text" in part:
                part["text"] = "".join(words[:left])
                item["status"], cut = "incomplete", True
            left -= min(left, len(words))
        left -= min(left, len(item.get("arguments", "").split()))
    return limit - left, cut


def _usage(input_tokens: int, output_tokens: int) -> Json:
    return {
        "input_tokens": input_tokens,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": output_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": input_tokens + output_tokens,
    }


def _input_tokens(body: Json) -> int:
    """The words of the request: instructions, messages and tool outputs."""
    items = body.get("input", [])
    texts = [body.get("instructions", ""), items if isinstance(items, str) else ""]
    for item in items if isinstance(items, list) else []:
        texts += [_text(item), item.get("output", "")]
    return sum(len(text.split()) for text in texts)


def _last_user_text(body: Json) -> str:
    items = body.get("input", "")
    if isinstance(items, str):
        return items
    return next((_text(item) for item in reversed(items) if item.get("role") == "user"), "")


def _text(item: Json) -> str:
    content = item.get("content") or ""
    return content if isinstance(content, str) else " ".join(part.get("text", "") for part in content)


def _pieces(text: str) -> list[str]:
    """A text as words, each with the white space before it: the deltas of the stream."""
    pieces = [""]
    for char in text:
        if char.isspace() and not pieces[-1].isspace() and pieces[-1]:
            pieces.append("")
        pieces[-1] += char
    return [piece for piece in pieces if piece]


# ---- how it is streamed ----------------------------------------------------------------------------------------------


def _events(response: Json, error: Json | None) -> Iterator[Json]:
    """All events of a response, in the order and with the fields of the Responses API."""
    started = response | {"status": "in_progress", "output": [], "usage": None, "error": None}
    started["incomplete_details"] = None
    yield {"type": "response.created", "response": started}
    yield {"type": "response.in_progress", "response": started}
    for index, item in enumerate(response["output"]):
        for event in _ITEM_EVENTS[item["type"]](item):
            yield {"output_index": index} | event
    if error is not None:
        yield {"type": "error", "code": None, "message": None, "param": None} | error
    else:
        yield {"type": f"response.{response['status']}", "response": response}


def _message_events(item: Json) -> Iterator[Json]:
    yield {"type": "response.output_item.added", "item": item | {"status": "in_progress", "content": []}}
    for index, part in enumerate(item["content"]):
        where = {"item_id": item["id"], "content_index": index}
        kind, text = ("refusal", "refusal") if part["type"] == "refusal" else ("output_text", "text")
        empty = part | {text: ""} | ({"annotations": []} if text == "text" else {})
        extra: Json = {"logprobs": []} if text == "text" else {}
        yield {"type": "response.content_part.added", **where, "part": empty}
        for piece in _pieces(part[text]):
            yield {"type": f"response.{kind}.delta", **where, "delta": piece, **extra}
        for number, annotation in enumerate(part.get("annotations", [])):
            added = {"annotation_index": number, "annotation": annotation}
            yield {"type": "response.output_text.annotation.added", **where, **added}
        yield {"type": f"response.{kind}.done", **where, text: part[text], **extra}
        yield {"type": "response.content_part.done", **where, "part": part}
    yield {"type": "response.output_item.done", "item": item}


def _function_events(item: Json) -> Iterator[Json]:
    where = {"item_id": item["id"]}
    yield {"type": "response.output_item.added", "item": item | {"status": "in_progress", "arguments": ""}}
    for piece in _pieces(item["arguments"]):
        yield {"type": "response.function_call_arguments.delta", **where, "delta": piece}
    finished = {"name": item["name"], "arguments": item["arguments"]}
    yield {"type": "response.function_call_arguments.done", **where, **finished}
    yield {"type": "response.output_item.done", "item": item}


def _code_events(item: Json) -> Iterator[Json]:
    where = {"item_id": item["id"]}
    yield {"type": "response.output_item.added", "item": item | {"status": "in_progress", "code": "", "outputs": None}}
    yield {"type": "response.code_interpreter_call.in_progress", **where}
    for piece in _pieces(item["code"]):
        yield {"type": "response.code_interpreter_call_code.delta", **where, "delta": piece}
    yield {"type": "response.code_interpreter_call_code.done", **where, "code": item["code"]}
    yield {"type": "response.code_interpreter_call.interpreting", **where}
    yield {"type": "response.code_interpreter_call.completed", **where}
    yield {"type": "response.output_item.done", "item": item}


def _search_events(item: Json) -> Iterator[Json]:
    where = {"item_id": item["id"]}
    yield {
        "type": "response.output_item.added",
        "item": item | {"status": "in_progress", "queries": [], "results": None},
    }
    for phase in ("in_progress", "searching", "completed"):
        yield {"type": f"response.file_search_call.{phase}", **where}
    yield {"type": "response.output_item.done", "item": item}


def _plain_events(item: Json) -> Iterator[Json]:
    yield {"type": "response.output_item.added", "item": item}
    yield {"type": "response.output_item.done", "item": item}


_ITEM_EVENTS = {
    "message": _message_events,
    "function_call": _function_events,
    "code_interpreter_call": _code_events,
    "file_search_call": _search_events,
    "reasoning": _plain_events,
}


def _sparse(event: Json) -> Json:
    """An event as llama.cpp's server sends it."""
    event = {name: value for name, value in event.items() if not name.endswith(("_index", "_number", "logprobs"))}
    if "response" in event:
        names = ("id", "object", "created_at", "status", "model", "output", "usage")
        kept = {name: event["response"][name] for name in names if event["response"][name] is not None}
        if "usage" in kept:
            kept["usage"] = {name: value for name, value in kept["usage"].items() if not name.endswith("_details")}
        event["response"] = kept
    return event


# ---- HTTP ------------------------------------------------------------------------------------------------------------


class _Server(ThreadingHTTPServer):
    model: ModelServer
    daemon_threads = True
    request_queue_size = 1024

    def server_bind(self) -> None:
        # HTTPServer's own asks the name service for the host's name, which can take seconds.
        socketserver.TCPServer.server_bind(self)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_args: object) -> None:
        """Quiet: the tests read ``/_requests``."""

    def handle(self) -> None:
        self.server.model.count_connection(1)
        try:
            # A client may leave at any time.
            with contextlib.suppress(ConnectionError):
                super().handle()
        finally:
            self.server.model.count_connection(-1)

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_PUT = do_DELETE = do_GET

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(length)
        if len(raw) < length:  # the client was killed while it sent its request
            return
        try:
            body = json.loads(raw) if raw else None
            if self.path.startswith("/_"):
                self._control(body)
            else:
                self.server.model.record(self.command, self.path, dict(self.headers), body)
                self._authorize()
                self._route(body)
        except _Refused as refused:
            self._send(refused.status, refused.body)
        except json.JSONDecodeError:
            self._send(400, _Refused("We could not parse the JSON body of your request.").body)

    def _control(self, body: Any) -> None:
        model = self.server.model
        if (self.command, self.path) == ("PUT", "/_script"):
            model.script(body)
        elif (self.command, self.path) == ("DELETE", "/_requests"):
            model.reset()
        self._send(200, model.requests if self.command == "GET" else {})

    def _authorize(self) -> None:
        given = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.server.model.api_key in (None, given):
            return
        if not given:
            raise _Refused("You didn't provide an API key.", status=401)
        raise _Refused(
            f"Incorrect API key provided: {given[:3]}{'*' * 8}{given[-4:]}."
            " You can find your API key at https://platform.openai.com/account/api-keys.",
            status=401,
            code="invalid_api_key",
        )

    def _route(self, body: Any) -> None:
        route = (self.command, self.path)
        if route == ("GET", "/v1/models"):
            entry = {"id": "scripted-model", "object": "model", "created": 0, "owned_by": "tests"}
            self._send(200, {"object": "list", "data": [entry]})
        elif route == ("POST", "/v1/responses/input_tokens"):
            self._send(200, {"object": "response.input_tokens", "input_tokens": _input_tokens(body)})
        elif route == ("POST", "/v1/responses"):
            _check(body, self.server.model)
            self._answer(body, self.server.model.next_answer(body))
        else:
            raise _Refused(f"Invalid URL ({self.command} {self.path})", status=404)

    def _answer(self, body: Json, answer: Json) -> None:
        if answer.get("hang"):
            return self._hang()
        if answer.get("hold"):
            self.server.model.wait_for_turn()
        self.server.model.closing.wait(answer.get("delay", 0))
        if "status" in answer:
            error = {"message": "", "type": "error", "param": None, "code": None} | answer["error"]
            return self._send(answer["status"], {"error": error}, answer.get("headers", {}))
        ignored = {"tools": ("tools", "tool_choice"), "format": ("text",), "limit": ()}
        dropped = {field for name in answer.get("ignore", []) for field in ignored[name]}
        response = _respond(
            {name: value for name, value in body.items() if name not in dropped}, answer, self.server.model
        )
        if answer.get("json") or not body.get("stream"):
            return self._send(200, response)
        return self._stream(response, answer)

    def _stream(self, response: Json, answer: Json) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number, event in enumerate(_events(response, answer.get("error"))):
            if number == answer.get("hang_after"):
                return self._hang()
            if number == answer.get("hold_after"):
                self.server.model.wait_for_turn()
            if number == answer.get("break_after"):
                self.close_connection = True
                return None
            if event["type"].endswith(".delta"):
                self.server.model.closing.wait(answer.get("delta_delay", 0))
            event = _sparse(event) if answer.get("sparse") else event | {"sequence_number": number}
            self._chunk(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n")
        self.server.model.closing.wait(answer.get("linger", 0))
        if not answer.get("sparse"):
            self._chunk("data: [DONE]\n\n")
        self._chunk("")
        return None

    def _chunk(self, text: str) -> None:
        data = text.encode()
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))

    def _hang(self) -> None:
        """Say nothing until the client leaves or the server ends."""
        self.close_connection = True
        while not self.server.model.closing.is_set() and not select.select([self.connection], [], [], 0.05)[0]:
            pass

    def _send(self, status: int, body: object, headers: dict[str, str] | None = None) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def main() -> None:
    """Serve until killed; the port is written to a file once the server listens."""
    parser = argparse.ArgumentParser(description="A model server that answers by script.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--port-file", help="where to write the port")
    parser.add_argument("--api-key", help="the only key that is accepted")
    options = parser.parse_args()
    server = ModelServer(port=options.port, api_key=options.api_key)
    if options.port_file:
        # Renamed into place: who waits for the file never reads half a number.
        with open(f"{options.port_file}.new", "w", encoding="utf-8") as file:
            file.write(str(server.port))
        os.replace(f"{options.port_file}.new", options.port_file)
    server.serve()


if __name__ == "__main__":
    main()
