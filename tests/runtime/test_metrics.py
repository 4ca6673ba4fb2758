# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics in the format of Prometheus."""

from __future__ import annotations

import re
from dataclasses import replace

import httpx2
from threadworks_runtime.app import create_app
from threadworks_runtime.schemas.terms import read_terms
from threadworks_runtime.settings import Settings

from ansible_collections.threadworks.openai.tests.model_server import ModelServer
from ansible_collections.threadworks.openai.tests.runtime.harness import AppServer, Conversation, raw_client

_LABEL = r'\w+="(?:[^"\\\n]|\\.)*"'
_LINE = re.compile(rf"(?:# (?:HELP|TYPE) \w+ .+|\w+(?:\{{{_LABEL}(?:,{_LABEL})*\}})? [\d.]+)")


def test_metrics_are_what_runs_have_used(settings: Settings, model_server: ModelServer) -> None:
    model_server.script([{"cached_tokens": 2, "model": 'a "model"\n\\'}, {"status": 400, "error": {"message": "No."}}])
    terms = read_terms('{"scripted": {"input": 1, "output": 1}}', '{"name": "all", "tokens": 900000, "per": "day"}')
    with AppServer(create_app(replace(settings, token="secret", terms=terms))) as server:
        with raw_client(server, Authorization="Bearer secret") as wire:
            talk = Conversation(wire, server)
            for _each in range(3):
                talk.finish()
        assert httpx2.get(f"{server.root}/metrics", timeout=60).status_code == 401
        answer = httpx2.get(f"{server.root}/metrics", headers={"Authorization": "Bearer secret"}, timeout=60)
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = answer.text.splitlines()
    assert [line for line in lines if not _LINE.fullmatch(line)] == []
    other = 'model="a \\"model\\"\\n\\\\"'
    for expected in (
        f'threadworks_runs_total{{{other},status="completed"}} 1',
        'threadworks_runs_total{model="scripted",status="completed"} 1',
        'threadworks_runs_total{model="scripted",status="failed"} 1',
        f'threadworks_tokens_total{{{other},kind="cached"}} 2',
        'threadworks_tokens_total{model="scripted",kind="output"} 3',
        "threadworks_runs_active 0",
        "threadworks_models_omitted 0",
        'threadworks_budget_tokens{budget="all",per="day",kind="limit"} 900000',
    ):
        assert expected in lines
    assert sum(line.startswith("threadworks_cost_dollars_total") for line in lines) == 2
