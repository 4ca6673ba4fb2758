# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The trace of an execution. Without OpenTelemetry, nothing is traced, and nothing is imported."""

from __future__ import annotations

import logging
import os

from ..lifecycle import WireEvent
from ..model.usage import Reported
from ..objects import RunObject

_LOG = logging.getLogger("threadworks.runtime")
# One of these variables turns traces and metrics on. OTEL_SDK_DISABLED turns them off.
_VARIABLES = tuple(f"OTEL_EXPORTER_OTLP_{kind}ENDPOINT" for kind in ("", "TRACES_", "METRICS_"))
_PACKAGES = "opentelemetry-sdk opentelemetry-exporter-otlp-proto-http"


class Trace:
    """The trace of one execution of a run. The methods of this class do nothing."""

    def asked(self, run: RunObject, base_url: str | None) -> None:
        """Begin the request to the model server.

        Args:
            run: The run.
            base_url: The URL of the model server, or None for OpenAI.
        """

    def answered(self, served: Reported, reason: str | None) -> None:
        """End the request to the model server.

        Args:
            served: What the answer reports about itself.
            reason: Why the answer is incomplete, or None.
        """

    def event(self, event: WireEvent) -> None:
        """Take note of an event of the run, after it has been stored."""

    def end(self) -> None:
        """End the trace."""


class Tracer:
    """Traces executions. This class traces nothing."""

    def begin(self, run_id: str, parent: str | None) -> Trace:
        """Return the trace of an execution that starts now.

        Args:
            run_id: The run.
            parent: The header ``traceparent`` of the request that has started the run.
        """
        return NO_TRACE

    def close(self) -> None:
        """Send what has not been sent yet."""


NO_TRACE = Trace()
"""The trace of an execution that is not traced."""


def new_tracer() -> Tracer:
    """Return the tracer that the environment asks for."""
    if not any(map(os.environ.get, _VARIABLES)) or os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return Tracer()
    try:
        from .opentelemetry import OpenTelemetry
    except ImportError:
        # Another program may have installed a part of it, such as another exporter.
        _LOG.warning("nothing is exported, because OpenTelemetry is not installed: pip install %s", _PACKAGES)
        return Tracer()
    return OpenTelemetry()
