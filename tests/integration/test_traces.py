# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The spans that a playbook and its local runtime export to OpenTelemetry."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.threadworks.openai.tests.conditions import wait_for
from ansible_collections.threadworks.openai.tests.integration.tool_play import CALL, ToolPlay
from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.playbook import AnsiblePlaybook, Outcome

trace_service = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2")
metrics_service = pytest.importorskip("opentelemetry.proto.collector.metrics.v1.metrics_service_pb2")
pytest.importorskip("opentelemetry.exporter.otlp.proto.http")

_KEY = "sk-canary-0123456789"


class Collector:
    """A server that receives spans and metrics by OTLP over HTTP."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        self.metrics: list[Any] = []
        self.received = b""
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector.take(self.path, body)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def take(self, path: str, body: bytes) -> None:
        """Store what a client has exported."""
        self.received += body
        if path == "/v1/traces":
            for resource in trace_service.ExportTraceServiceRequest.FromString(body).resource_spans:
                self.spans += [span for scope in resource.scope_spans for span in scope.spans]
        else:
            for resource in metrics_service.ExportMetricsServiceRequest.FromString(body).resource_metrics:
                self.metrics += [metric for scope in resource.scope_metrics for metric in scope.metrics]


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    thread = threading.Thread(target=collector.server.serve_forever, args=(0.02,))
    thread.start()
    yield collector
    collector.server.shutdown()
    thread.join()
    collector.server.server_close()


@pytest.fixture
def tools(ansible_playbook: AnsiblePlaybook, model_server: ModelServer, tmp_path: Path) -> ToolPlay:
    tools = ToolPlay(ansible_playbook, model_server, tmp_path)
    tools.hosts("web")
    model_server.script([{"calls": [CALL]}, {"text": "It is quite full."}])
    return tools


def _play(tools: ToolPlay, collector: Collector) -> Outcome:
    env = {
        "ANSIBLE_CALLBACKS_ENABLED": "json_lines,threadworks.openai.runs",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_BSP_SCHEDULE_DELAY": "100",
        "OTEL_METRIC_EXPORT_INTERVAL": "200",
        "OTEL_PROPAGATORS": "baggage",
        "OPENAI_API_KEY": _KEY,
    }
    return tools.start(limit="web", env=env).wait()


def test_one_trace_without_content(tools: ToolPlay, collector: Collector) -> None:
    outcome = _play(tools, collector)
    assert outcome.rc == 0, outcome
    # The playbook, a tool call, and two executions of the run, each with a request.
    wait_for(lambda: len(collector.spans) >= 6)
    names = sorted(span.name.split()[0] for span in collector.spans)
    assert names == ["chat", "chat", "execute_tool", "invoke_agent", "invoke_agent", "playbook"]
    assert len({span.trace_id for span in collector.spans}) == 1
    by_id = {span.span_id: span for span in collector.spans}
    above = {
        (span.name.split()[0], by_id[span.parent_span_id].name.split()[0])
        for span in collector.spans
        if span.parent_span_id
    }
    assert above == {("invoke_agent", "playbook"), ("execute_tool", "playbook"), ("chat", "invoke_agent")}
    requests = [_attributes(span) for span in collector.spans if span.name.startswith("chat")]
    assert all(each["gen_ai.usage.input_tokens"] > 0 for each in requests)
    assert {each["gen_ai.operation.name"] for each in requests} == {"chat"}
    (tool,) = (_attributes(span) for span in collector.spans if span.name.startswith("execute_tool"))
    assert (tool["gen_ai.tool.name"], tool["ansible.host"]) == ("disk_usage", "web")
    wait_for(lambda: {"gen_ai.client.token.usage", "gen_ai.client.operation.duration"} <= _metrics(collector))
    # Neither content nor the key is in any of it.
    for text in (_KEY, "quite full", "How full", "/var"):
        assert text.encode() not in collector.received


def test_an_error_has_its_code(tools: ToolPlay, collector: Collector, model_server: ModelServer) -> None:
    model_server.script([{"failed": {"code": "server_error", "message": "A secret reason."}}])
    assert _play(tools, collector).rc != 0
    wait_for(lambda: len(collector.spans) >= 3)
    failed = {span.name.split()[0]: span for span in collector.spans if _attributes(span).get("error.type")}
    assert set(failed) == {"chat", "invoke_agent"}
    assert b"secret reason" not in collector.received


def _attributes(span: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in span.attributes}


def _metrics(collector: Collector) -> set[str]:
    return {metric.name for metric in collector.metrics}
