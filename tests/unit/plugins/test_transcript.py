# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter `transcript`, and the order of a conversation."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.threadworks.openai.plugins.filter.transcript import FilterModule
from ansible_collections.threadworks.openai.plugins.plugin_utils._conversation import conversation
from ansible_collections.threadworks.openai.plugins.plugin_utils._transcript import items_of
from ansible_collections.threadworks.openai.tests.unit.plugins.run_events import call_step, message, message_step

_transcript = FilterModule().filters()["transcript"]
_HOSTILE = "<img src=x onerror=alert(1)> [a](javascript:alert(2)) `x` \u202e\x1b[0m\n# Title\n---\n  indented\n1. one\n"
_MESSAGES = [message("m1", "user", "How full?", 1), message("m2", "assistant", "71%", 2, "run_1")]
_STEPS = [
    call_step("s1", "run_1", 1, ("c1", "disk_usage", {"path": "/var"}, "71% ``` of /var"), ("c2", "uptime", {}, None)),
    message_step("s2", "run_1", 2, "m2"),
]


def _part(**fields: Any) -> dict[str, Any]:
    return {**message("m", "assistant", "", 1), "content": [fields]}


def test_markdown() -> None:
    assert _transcript({"messages": _MESSAGES, "steps": _STEPS}) == (
        "**User**\n\nHow full?\n\n"
        '**Tool call** `disk_usage`\n\n```json\n{"path": "/var"}\n```\n\n'
        "Output:\n\n````text\n71% ``` of /var\n````\n\n"
        "**Tool call** `uptime`\n\n"
        "**Assistant**\n\n71%\n"
    )


def test_html() -> None:
    page = _transcript({"messages": _MESSAGES, "steps": _STEPS}, "html")
    assert page.startswith('<article class="transcript">')
    places = [
        page.index(text) for text in ("How full?", "disk_usage", "&#34;path&#34;", "71% ``` of", "uptime", ">71%<")
    ]
    assert places == sorted(places)
    assert " id=" not in page
    assert " style=" not in page


def test_texts_have_no_effect() -> None:
    messages = [message("m1", "user", _HOSTILE, 1)]
    page = _transcript(messages, "html")
    assert "<img" not in page
    assert "<a" not in page.replace("<article", "")
    assert r"\u202e\u001b[0m" in page
    text = _transcript(messages)
    assert r"\<img src=x onerror=alert(1)\> \[a\](javascript:alert(2)) \`x\`" in text
    assert text.endswith("\\# Title  \n--\\-  \n&nbsp;&nbsp;indented  \n1\\. one\n\n")
    assert "\u202e" not in text


def test_citations_images_and_refusals() -> None:
    mark = "\u30104:0\u2020source\u3011"
    annotations = [
        {
            "type": "file_citation",
            "text": mark,
            "file_citation": {"file_id": "file_1"},
            "start_index": 0,
            "end_index": 1,
        },
        {"type": "url_citation", "text": "", "url": "https://example.com/a", "title": "A"},
    ]
    cited = _part(type="text", text={"value": f"So{mark}.", "annotations": annotations})
    text = _transcript([cited])
    assert "So\\[1\\]. \\[2\\]" in text
    assert text.endswith("1. file\\_1\n2. https://example.com/a\n")
    assert "<li><code>file_1</code></li>" in _transcript([cited], "html")
    image = _part(type="image_url", image_url={"url": "https://example.com/a.png"})
    assert "*Image:* `https://example.com/a.png`" in _transcript([image])
    assert "<img" not in _transcript([image], "html")
    assert "*Refused:* No." in _transcript([_part(type="refusal", refusal="No.")])


@pytest.mark.parametrize(
    "data",
    [
        _MESSAGES,
        _MESSAGES[::-1],
        {"messages": _MESSAGES},
        {"threads": [{"id": "t", "messages": _MESSAGES}]},
        {"runs": [{"messages": _MESSAGES[1:]}, {"messages": _MESSAGES[:1]}]},
        {"results": [{"messages": _MESSAGES}, {"messages": _MESSAGES}]},
        [{"id": "run_1", "thread": {"id": "thread_1", "messages": _MESSAGES}}],
    ],
)
def test_results_of_modules_and_lookups(data: Any) -> None:
    assert [item.role for item in items_of(data)] == ["user", "assistant"]


@pytest.mark.parametrize("data", ["text", 5, None, {"a": 1}, [1]])
def test_no_messages(data: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="The input has no messages"):
        _transcript(data)


def test_an_unknown_format() -> None:
    with pytest.raises(AnsibleFilterError, match="messages or steps in an unknown format"):
        _transcript([{"role": "user", "content": 5}])
    with pytest.raises(AnsibleFilterError, match="format is 'pdf', but must be one of: markdown, html"):
        _transcript(_MESSAGES, "pdf")


def test_the_order_of_several_runs() -> None:
    messages = [
        message("m1", "user", "first", 1),
        message("m2", "user", "second", 5),
        message("m3", "assistant", "reply", 6, "run_2"),
    ]
    steps = [
        # The first run failed after its call, and wrote nothing.
        call_step("s1", "run_1", 2, ("c1", "one", {}, "1")),
        call_step("s2", "run_2", 5, ("c2", "two", {}, "2")),
        message_step("s3", "run_2", 6, "m3"),
        call_step("s4", "run_2", 6, ("c3", "three", {}, None)),
    ]
    found = [item.calls[0].name if item.calls else item.parts[0].text for item in conversation(messages, steps)]
    assert found == ["first", "one", "second", "two", "reply", "three"]


def test_malformed_objects_are_left_out() -> None:
    broken: list[Any] = [None, {"step_details": None}, {"step_details": {"tool_calls": [None, {"type": "new"}]}}]
    items = conversation([{"role": None, "content": [None, {}]}], broken)
    assert [item.role for item in items] == ["user", "tool"]
