# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: transcript
short_description: Convert messages to a readable transcript
version_added: 0.2.0
author: threadworks.openai contributors (@threadworks)
description:
  - Converts the messages of a thread or a run to Markdown or HTML.
  - Messages are sorted from the oldest to the newest. Citations are numbered, and their sources listed. Tool calls are
    included with their arguments and outputs, if the input has the steps of a run.
  - All texts are escaped. Markup that a user, a model or a tool has written has no effect, and control characters are
    replaced by escape sequences.
positional: _input
options:
  _input:
    description:
      - A list of messages, for example from P(threadworks.openai.openai_messages#lookup).
      - A result of M(threadworks.openai.openai_run), M(threadworks.openai.openai_thread_run) or
        M(threadworks.openai.openai_run_info). With C(steps=true), it includes the tool calls. The messages of a run are
        those that the run has written.
      - A result of M(threadworks.openai.openai_thread_info) with C(messages=true), or one of its threads.
    type: raw
    required: true
  format:
    description:
      - The format of the transcript.
      - With V(html), an element C(article) is returned, for a page of yours.
    type: str
    choices: [markdown, html]
    default: markdown
seealso:
  - plugin: threadworks.openai.runs
    plugin_type: callback
"""

EXAMPLES = r"""
- name: Write the transcript of a thread
  ansible.builtin.copy:
    content: "{{ query('threadworks.openai.openai_messages', 'ticket-4711') | threadworks.openai.transcript }}"
    dest: ticket-4711.md
    mode: "0600"

- name: Run an assistant, and return its steps
  threadworks.openai.openai_run:
    thread_id: "{{ thread.thread_id }}"
    assistant_id: "{{ assistant.assistant_id }}"
    steps: true
  register: answer

- name: Show the reply and the tool calls of the run
  ansible.builtin.debug:
    msg: "{{ answer | threadworks.openai.transcript }}"

- name: Add the transcript to a page
  ansible.builtin.set_fact:
    page: "<h1>Ticket 4711</h1>{{ answer | threadworks.openai.transcript(format='html') }}"
"""

RETURN = r"""
_value:
  description: The transcript.
  type: str
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ..plugin_utils._plain import plain
from ..plugin_utils._transcript import NotMessages, html, items_of, markdown

_FORMATS = {"markdown": markdown, "html": html}


def transcript(data: t.Any, format: str = "markdown") -> str:
    """Return messages as a transcript.

    Raises:
        AnsibleFilterError: The format is unknown, or the data has no messages.
    """
    if format not in _FORMATS:
        raise AnsibleFilterError(f"format is '{format}', but must be one of: {', '.join(_FORMATS)}.")
    try:
        return _FORMATS[format](items_of(plain(data)))
    except NotMessages as error:
        raise AnsibleFilterError(str(error)) from None
    except (AttributeError, TypeError) as error:
        raise AnsibleFilterError(f"The input has messages or steps in an unknown format: {error}.") from None


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, t.Callable[..., str]]:
        """Return the filters by their names."""
        return {"transcript": transcript}
