# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What traces runs, as the environment asks for."""

from __future__ import annotations

import sys
import threading

import pytest
from threadworks_runtime.telemetry.trace import NO_TRACE, new_tracer

_PART = "opentelemetry.exporter.otlp.proto.http.trace_exporter"


def test_nothing_is_traced_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in ("", "TRACES_", "METRICS_"):
        monkeypatch.delenv(f"OTEL_EXPORTER_OTLP_{kind}ENDPOINT", raising=False)
    assert new_tracer().begin("run_1", None) is NO_TRACE


@pytest.mark.parametrize("missing", ["opentelemetry", _PART])
def test_a_missing_library_stops_no_runtime(
    missing: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.delitem(sys.modules, "threadworks_runtime.telemetry.opentelemetry", raising=False)
    monkeypatch.setitem(sys.modules, missing, None)
    assert new_tracer().begin("run_1", None) is NO_TRACE
    assert "OpenTelemetry is not installed" in caplog.text


def test_a_collector_that_does_not_answer_does_not_keep_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    telemetry = pytest.importorskip("threadworks_runtime.telemetry.opentelemetry")
    monkeypatch.setattr(telemetry, "_LONGEST_CLOSE", 0.01)
    answer = threading.Event()
    begun: list[str] = []
    ended: list[str] = []

    def shut_down(self: object) -> None:
        begun.append(type(self).__name__)
        answer.wait(300)
        ended.append(type(self).__name__)

    for provider in ("TracerProvider", "MeterProvider"):
        monkeypatch.setattr(f"{telemetry.__name__}.{provider}.shutdown", shut_down)
    telemetry.OpenTelemetry().close()
    assert (sorted(begun), ended) == (["MeterProvider", "TracerProvider"], [])
    answer.set()
