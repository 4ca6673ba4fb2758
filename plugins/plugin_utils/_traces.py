# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The OpenTelemetry spans of a playbook: the playbook, and the tool calls that its tasks answered. The runtime adds the
# spans of runs and of requests to model servers to the same trace. Spans have no content.

from __future__ import annotations

import os
import typing as t

if t.TYPE_CHECKING:
    from ._run_recorder import Recorder
    from ._seen_runs import ToolCall

# The W3C trace context of this process, which clients send to the runtime.
TRACE = "TRACEPARENT"
PACKAGES = "opentelemetry-sdk opentelemetry-exporter-otlp-proto-http"
_VARIABLES = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_NANOSECONDS = 10**9
# How long the end of a playbook waits for a collector that does not answer, in seconds. These variables change it.
_PATIENCE = 3.0
_TIMEOUTS = ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT")


def are_wanted() -> bool:
    """Return whether the environment turns traces on."""
    return any(map(os.environ.get, _VARIABLES)) and os.environ.get("OTEL_SDK_DISABLED", "").lower() != "true"


class Traces:
    """The trace of a playbook, which starts now.

    Args:
        playbook: The name of the playbook.

    Raises:
        ImportError: OpenTelemetry is not installed.
    """

    def __init__(self, playbook: str) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.trace import set_span_in_context
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._provider = TracerProvider(resource=Resource.create({"service.name": "ansible-playbook"}))
        self._exporter = OTLPSpanExporter(timeout=None if any(map(os.environ.get, _TIMEOUTS)) else _PATIENCE)
        self._tracer = self._provider.get_tracer("threadworks.openai")
        # Independent of OTEL_PROPAGATORS, because the runtime reads this header.
        header = TraceContextTextMapPropagator()
        above = header.extract({"traceparent": os.environ.get(TRACE, "")})
        self._span = self._tracer.start_span(f"playbook {playbook}", above, attributes={"ansible.playbook": playbook})
        self._context = set_span_in_context(self._span)
        carrier: dict[str, str] = {}
        header.inject(carrier, self._context)
        # Inherited by all workers.
        os.environ[TRACE] = carrier["traceparent"]

    def finish(self, recorder: Recorder) -> None:
        """Export the spans.

        Args:
            recorder: The runs and tool calls of the playbook.
        """
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        # Not earlier, because it starts a thread, and Ansible forks a worker for each task. All spans are exported
        # together, so that a collector that does not answer is waited for once.
        self._provider.add_span_processor(BatchSpanProcessor(self._exporter))
        for call in recorder.calls.values():
            self._export(call)
        self._span.set_attribute("threadworks.runs", len(recorder.runs))
        self._span.end()
        self._provider.shutdown()

    def _export(self, call: ToolCall) -> None:
        from opentelemetry.trace import StatusCode

        if not call.tasks:
            return
        attributes = {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": call.name,
            "gen_ai.tool.type": "function",
            "gen_ai.tool.call.id": call.id,
            "threadworks.run.id": call.run_id,
            "ansible.host": call.tasks[-1].host,
        }
        began = int((call.tasks[0].began or call.tasks[0].at) * _NANOSECONDS)
        span = self._tracer.start_span(
            f"execute_tool {call.name}", self._context, attributes=attributes, start_time=began
        )
        if any(task.status in ("failed", "unreachable") for task in call.tasks):
            span.set_status(StatusCode.ERROR)
        span.end(int(call.tasks[-1].at * _NANOSECONDS))
