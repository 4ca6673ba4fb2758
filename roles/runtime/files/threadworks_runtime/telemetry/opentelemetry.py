# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Spans and metrics of OpenTelemetry, with the names of its semantic conventions for generative AI. Without content."""

from __future__ import annotations

import time
from collections.abc import Mapping
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import Histogram
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from ..lifecycle import DETAILS, WireEvent
from ..model.usage import Reported
from ..objects import RunObject
from ..status import RunStatus
from .trace import Trace, Tracer

_SCOPE = "threadworks.openai"
_OPENAI = "api.openai.com"
_LONGEST_CLOSE = 5.0  # seconds
_Attributes = dict[str, Any]


class OpenTelemetry(Tracer):
    """Exports by OTLP over HTTP. The variables ``OTEL_*`` configure it."""

    def __init__(self) -> None:
        resource = Resource.create({"service.name": "threadworks-runtime"})
        # Not closed again when the process ends.
        self._traces = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._traces.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._metrics = MeterProvider(
            [PeriodicExportingMetricReader(OTLPMetricExporter())], resource=resource, shutdown_on_exit=False
        )
        self._tracer = self._traces.get_tracer(_SCOPE)
        meter = self._metrics.get_meter(_SCOPE)
        self._tokens = meter.create_histogram("gen_ai.client.token.usage", "{token}", "Tokens of a request.")
        self._duration = meter.create_histogram("gen_ai.client.operation.duration", "s", "Duration of a request.")

    def begin(self, run_id: str, parent: str | None) -> Trace:
        """Start the span of an execution."""
        context = TraceContextTextMapPropagator().extract({"traceparent": parent} if parent else {})
        attributes = {"gen_ai.operation.name": "invoke_agent", "threadworks.run.id": run_id}
        span = self._tracer.start_span("invoke_agent", context, SpanKind.INTERNAL, attributes)
        return _Trace(self._tracer, span, self._tokens, self._duration)

    def close(self) -> None:
        """Send what has not been sent yet, unless the collector does not answer soon."""
        closing = [Thread(target=each.shutdown, daemon=True) for each in (self._traces, self._metrics)]
        for each in closing:
            each.start()
        deadline = time.monotonic() + _LONGEST_CLOSE
        for each in closing:
            each.join(max(0.0, deadline - time.monotonic()))


class _Trace(Trace):
    """The span of an execution, and of its request to the model server."""

    def __init__(self, tracer: trace.Tracer, span: Span, tokens: Histogram, duration: Histogram) -> None:
        self._tracer, self._span, self._tokens, self._duration = tracer, span, tokens, duration
        self._request: Span | None = None
        self._began = 0.0
        self._common: _Attributes = {}

    def asked(self, run: RunObject, base_url: str | None) -> None:
        host = urlsplit(base_url).hostname or "" if base_url else _OPENAI
        provider = "azure.ai.openai" if host.endswith(".azure.com") else "openai"
        self._common = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": provider,
            "gen_ai.request.model": run["model"],
            "server.address": host,
        }
        asked = {
            "gen_ai.request.temperature": run["temperature"],
            "gen_ai.request.top_p": run["top_p"],
            "gen_ai.request.max_tokens": run["max_completion_tokens"],
            "gen_ai.conversation.id": run["thread_id"],
        }
        parent = trace.set_span_in_context(self._span)
        self._request = self._tracer.start_span(
            f"chat {run['model']}", parent, SpanKind.CLIENT, _known({**self._common, **asked})
        )
        self._began = time.monotonic()

    def answered(self, served: Reported, reason: str | None) -> None:
        if self._request is None:
            return
        self._request.set_attributes(
            _known(
                {
                    "gen_ai.response.model": served.model,
                    "gen_ai.response.finish_reasons": [reason or "stop"],
                    "gen_ai.usage.input_tokens": served.input_tokens,
                    "gen_ai.usage.cache_read.input_tokens": served.cached_tokens,
                    "gen_ai.usage.output_tokens": served.output_tokens,
                    "gen_ai.usage.reasoning.output_tokens": served.reasoning_tokens,
                }
            )
        )
        for kind, count in (("input", served.input_tokens), ("output", served.output_tokens)):
            if count is not None:
                self._tokens.record(count, {**self._common, "gen_ai.token.type": kind})
        self._end_request()

    def event(self, event: WireEvent) -> None:
        name, document = event
        if document.get("object") != "thread.run":
            return
        self._span.set_attributes(_of_run(document))
        self._span.update_name(f"invoke_agent {document['assistant_id']}")
        error = document["last_error"]
        if name == f"thread.run.{RunStatus.FAILED}" and error:
            # The message may contain text of the model server, so only the code is exported.
            for span in filter(None, (self._request, self._span)):
                span.set_status(StatusCode.ERROR)
                span.set_attribute("error.type", error["code"])

    def end(self) -> None:
        self._end_request()
        self._span.end()

    def _end_request(self) -> None:
        if self._request is not None:
            self._duration.record(time.monotonic() - self._began, self._common)
            self._request.end()
            self._request = None


def _of_run(run: Mapping[str, Any]) -> _Attributes:
    details = run.get(DETAILS) or {}
    return _known(
        {
            "gen_ai.agent.id": run["assistant_id"],
            "gen_ai.conversation.id": run["thread_id"],
            "gen_ai.request.model": run["model"],
            "gen_ai.response.model": details.get("model"),
            "gen_ai.usage.input_tokens": details.get("input_tokens"),
            "gen_ai.usage.output_tokens": details.get("output_tokens"),
            "threadworks.run.status": run["status"],
            "threadworks.run.rounds": details.get("rounds"),
        }
    )


def _known(attributes: _Attributes) -> _Attributes:
    return {name: value for name, value in attributes.items() if value is not None}
