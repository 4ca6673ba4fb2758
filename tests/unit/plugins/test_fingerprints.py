# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A newer version finds the runs of an older one: the same parameters keep their fingerprints."""

from __future__ import annotations

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.threadworks.openai.plugins.module_utils import _run, _thread_run
from ansible_collections.threadworks.openai.plugins.module_utils._options import given
from ansible_collections.threadworks.openai.plugins.module_utils._run_desired import desired_run
from ansible_collections.threadworks.openai.tests.world import Json

FUNCTION = {
    "type": "function",
    "function": {
        "name": "f",
        "parameters": {"type": "object", "properties": {"a": {"default": None}}},
        "strict": None,
    },
}
FORMAT = {
    "type": "json_schema",
    "json_schema": {"name": "n", "schema": {"type": "object", "default": None}, "strict": None},
}
IMAGE = {"type": "image_url", "image_url": {"url": "http://x/y.png", "detail": "low"}}
# As the code before the table of options computed them.
RUNS: dict[str, Json] = {
    "9992770f5b7f836189cab23dc3589b45228cf783cc7747f79a7fd03b7434f3e2": {
        "max_completion_tokens": 300,
        "truncation_strategy": {"type": "last_messages", "last_messages": 3},
        "additional_messages": [{"content": [{"type": "text", "text": "x"}, IMAGE]}],
        "instructions": "do\n",
        "response_format": FORMAT,
    },
    "c837c2b4582777a89563ae1e7911daf8dc71596d48f33f253b1c12c56dc8cfb9": {
        "force": True,
        "top_p": 1,
        "tools": [{"type": "file_search", "file_search": {"max_num_results": 5, "ranking_options": None}}],
        "max_prompt_tokens": "1000",
        "truncation_strategy": {"type": "last_messages", "last_messages": 3},
        "additional_messages": [{"content": [{"type": "text", "text": "x"}, IMAGE]}],
    },
    "c7c6a918e413dcc85c72bdd7c0bb85fa26ac83794a5bdbb7e44fcf56daa709a8": {
        "tools": [FUNCTION],
        "response_format": FORMAT,
        "instructions": "",
        "metadata": {"not": "part of it"},
    },
}
THREAD_RUNS: dict[str, Json] = {
    "79316fd8fb5ad3134db7c557804acffc2f3603196daa911d99a8e2dea09e3f25": {
        "tools": [FUNCTION],
        "thread": {"messages": [{"content": '[{"type":"text","text":"x"}]'}], "metadata": {"not": "part of it"}},
        "tool_resources": {"code_interpreter": {"file_ids": ["f"]}},
        "top_p": "1",
    },
    "9f1575f63b7f81a08dd23a7f56418fafb00d76734dc5ade19f714259a88150c4": {
        "response_format": FORMAT,
        "truncation_strategy": {"type": "auto"},
        "max_prompt_tokens": "1000",
        "thread": {"messages": [{"content": "a", "attachments": [{"file_id": "f1"}]}]},
    },
}


def _params(spec: _run.Spec, options: Json) -> Json:
    validated = ArgumentSpecValidator(**spec.to_kwargs()).validate({"assistant_id": "asst_1", **options})
    assert not validated.error_messages
    params: Json = validated.validated_parameters
    spec.check(params)
    return params


@pytest.mark.parametrize("fingerprint", RUNS)
def test_a_run_keeps_its_fingerprint(fingerprint: str) -> None:
    params = _params(_run.SPEC, {"thread_id": "thread_1", **RUNS[fingerprint]})
    parameters = given(params, _run.SPEC.wire)
    assert desired_run(params, parameters, None).fingerprint == fingerprint


@pytest.mark.parametrize("fingerprint", THREAD_RUNS)
def test_a_thread_run_keeps_its_fingerprint(fingerprint: str) -> None:
    _parameters, desired = _thread_run._desired(_params(_thread_run.SPEC, THREAD_RUNS[fingerprint]))
    assert desired.fingerprint == fingerprint
