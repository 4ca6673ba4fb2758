# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTTP side of the server: routes, and simulated failures of connections."""

from __future__ import annotations

import contextlib
import json
import select
import socketserver
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from .checks import Refused, check
from .events import events, sparse
from .rate import rate_of
from .responses import respond
from .words import input_tokens, last_user_text

if TYPE_CHECKING:
    from .server import ModelServer

Json = dict[str, Any]


class Server(ThreadingHTTPServer):
    """The listening socket, with a thread for each connection."""

    model: ModelServer
    daemon_threads = True
    request_queue_size = 1024

    def server_bind(self) -> None:
        # The method of HTTPServer resolves the name of the host, which can take seconds.
        socketserver.TCPServer.server_bind(self)


class Handler(BaseHTTPRequestHandler):
    """One connection and its requests."""

    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_args: object) -> None:
        """Log nothing. The tests read ``/_requests``."""

    def handle(self) -> None:
        self.server.model.count_connection(1)
        try:
            # A client can disconnect at any time.
            with contextlib.suppress(ConnectionError):
                super().handle()
        finally:
            self.server.model.count_connection(-1)

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_PUT = do_DELETE = do_GET

    def _serve(self) -> None:
        self._rate_headers: dict[str, str] = {}
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(length)
        if len(raw) < length:  # the client was killed while it sent its request
            return
        try:
            body = json.loads(raw) if raw and not self._type.startswith("multipart/") else None
            if self.path.startswith("/_"):
                self._control(body)
            else:
                answer = self._receive(body)
                if not self._answer_hosted(raw):
                    self._route(body, answer)
        except Refused as refused:
            self._send(refused.status, refused.body)
        except json.JSONDecodeError:
            self._send(400, Refused("We could not parse the JSON body of your request.").body)

    def _receive(self, body: Any) -> Json:
        """Record a request, and return its scripted answer.

        Both happen at the same moment. So a test that has seen a request knows that the next answer is for another one.
        """
        with self.server.model.lock:
            self.server.model.record(self.command, self.path, dict(self.headers), body)
            self._authorize()
            if (self.command, self.path) != ("POST", "/v1/responses"):
                return {}
            self._limit()
            check(body, self.server.model)
            return self.server.model.next_answer(body)

    def _control(self, body: Any) -> None:
        model = self.server.model
        if (self.command, self.path) == ("PUT", "/_script"):
            model.script(body)
        elif (self.command, self.path) == ("DELETE", "/_requests"):
            model.reset()
        elif (self.command, self.path) == ("PUT", "/_rate"):
            model.rate = rate_of(body)
        self._send(200, model.requests if self.command == "GET" else {})

    def _authorize(self) -> None:
        given = self._key
        if self.server.model.api_key in (None, given):
            return
        if not given:
            raise Refused("You didn't provide an API key.", status=401)
        raise Refused(
            f"Incorrect API key provided: {given[:3]}{'*' * 8}{given[-4:]}."
            " You can find your API key at https://platform.openai.com/account/api-keys.",
            status=401,
            code="invalid_api_key",
        )

    def _limit(self) -> None:
        """Count a request for the rate limit.

        Raises:
            Refused: The budget is exhausted.
        """
        rate = self.server.model.rate
        is_accepted, self._rate_headers = rate.admit() if rate else (True, {})
        if not is_accepted:
            raise Refused("Rate limit reached for requests.", status=429, code="rate_limit_exceeded")

    @property
    def _key(self) -> str:
        return self.headers.get("Authorization", "").removeprefix("Bearer ")

    @property
    def _type(self) -> str:
        return self.headers.get("Content-Type", "")

    def _answer_hosted(self, raw: bytes) -> bool:
        hosted = self.server.model.hosted_of(self._key)
        answer = hosted.answer(self.command, self.path, raw, self._type) if hosted else None
        if isinstance(answer, bytes):
            self._send_bytes(200, answer, {"Content-Type": "application/octet-stream"})
        elif answer is not None:
            self._send(200, answer)
        return answer is not None

    def _search(self, body: Json) -> Json:
        """Return an answer with the search results from the vector stores of the request."""
        hosted = self.server.model.hosted_of(self._key)
        ids = [id for tool in body.get("tools", []) for id in tool.get("vector_store_ids", [])]
        if hosted is None or not hosted.has_stores(ids):
            return {}
        text = last_user_text(body)
        results = hosted.search(ids, text)
        found = results[0]["text"] if results else "Nothing was found."
        cited = [{"type": "file_citation", "index": len(found), **_cited(results[0])}] if results else []
        return {"file_search": {"queries": [text], "results": results}, "text": found, "annotations": cited}

    def _route(self, body: Any, answer: Json) -> None:
        route = (self.command, self.path)
        if route == ("GET", "/v1/models"):
            entry = {"id": "scripted-model", "object": "model", "created": 0, "owned_by": "tests"}
            self._send(200, {"object": "list", "data": [entry]})
        elif route == ("GET", "/v1/models/scripted-model"):
            self._send(200, {"id": "scripted-model", "object": "model", "created": 0, "owned_by": "tests"})
        elif self.command == "GET" and (date := self.server.model.shutdown_dates.get(self.path)):
            entry = {"id": self.path.rpartition("/")[2], "object": "model", "created": 0, "owned_by": "tests"}
            self._send(200, {**entry, "shutdown_date": date})
        elif route == ("POST", "/v1/responses/input_tokens"):
            self._send(200, {"object": "response.input_tokens", "input_tokens": input_tokens(body)})
        elif route == ("POST", "/v1/responses"):
            self._answer(body, answer or self._search(body))
        else:
            raise Refused(f"Invalid URL ({self.command} {self.path})", status=404)

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
        response = respond(
            {name: value for name, value in body.items() if name not in dropped}, answer, self.server.model
        )
        self.server.model.count_usage(response["usage"])
        if answer.get("json") or not body.get("stream"):
            return self._send(200, response)
        return self._stream(response, answer)

    def _stream(self, response: Json, answer: Json) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        for name, value in self._rate_headers.items():
            self.send_header(name, value)
        self.end_headers()
        for number, event in enumerate(events(response, answer.get("error"))):
            if number == answer.get("hang_after"):
                return self._hang()
            if number == answer.get("hold_after"):
                self.server.model.wait_for_turn()
            if number == answer.get("break_after"):
                self.close_connection = True
                return None
            if event["type"].endswith(".delta"):
                self.server.model.closing.wait(answer.get("delta_delay", 0))
            sent = sparse(event) if answer.get("sparse") else event | {"sequence_number": number}
            self._chunk(f"event: {sent['type']}\ndata: {json.dumps(sent)}\n\n")
        self.server.model.closing.wait(answer.get("linger", 0))
        if not answer.get("sparse"):
            self._chunk("data: [DONE]\n\n")
        self._chunk("")
        return None

    def _chunk(self, text: str) -> None:
        data = text.encode()
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))

    def _hang(self) -> None:
        """Send nothing until the client disconnects or the server stops."""
        self.close_connection = True
        while not self.server.model.closing.is_set() and not select.select([self.connection], [], [], 0.05)[0]:
            pass

    def _send(self, status: int, body: object, headers: dict[str, str] | None = None) -> None:
        self._send_bytes(status, json.dumps(body).encode(), {"Content-Type": "application/json", **(headers or {})})

    def _send_bytes(self, status: int, data: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, **self._rate_headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _cited(result: Json) -> Json:
    return {"file_id": result["file_id"], "filename": result["filename"]}
