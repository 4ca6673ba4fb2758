# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The end of a playbook with a collector of OpenTelemetry that does not answer."""

from __future__ import annotations

import os
import socket
import time

import pytest

from ansible_collections.threadworks.openai.plugins.plugin_utils import _traces
from ansible_collections.threadworks.openai.tests.unit.plugins.run_events import Collected

pytest.importorskip("opentelemetry.exporter.otlp.proto.http")

# The default of OpenTelemetry.
_LONG = 10.0


@pytest.mark.parametrize("variable", ["", "OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT"])
def test_a_silent_collector_is_not_waited_for_long(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [each for each in os.environ if each.startswith("OTEL_") or each == _traces.TRACE]:
        monkeypatch.delenv(name)
    # It is set by the playbook, and removed after the test.
    monkeypatch.setenv(_traces.TRACE, "")
    monkeypatch.setattr(_traces, "_PATIENCE", 60.0 if variable else 0.2)
    if variable:
        monkeypatch.setenv(variable, "0.2")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        traces = _traces.Traces("site.yml")
        begun = time.monotonic()
        traces.finish(Collected().recorder)
        assert time.monotonic() - begun < _LONG
        # It has tried.
        silent.accept()[0].close()
