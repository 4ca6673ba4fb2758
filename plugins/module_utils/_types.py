# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# Objects of the Assistants wire, for the type checker alone: import this file under `t.TYPE_CHECKING`.

from __future__ import annotations

import typing as t

Json = dict[str, t.Any]
Metadata = dict[str, str]


class Run(t.TypedDict):
    """A run as the server returns it (section 7): the fields that this collection reads."""

    id: str
    thread_id: str
    assistant_id: str
    # One of RunStatus; the string that the server sent.
    status: str
    metadata: Metadata | None
    # Unix time, in seconds; None for a run that has not started.
    started_at: int | None
    required_action: Json | None
    last_error: Json | None
    incomplete_details: Json | None
    response_format: t.Any
    tools: list[Json]
    # Tokens; None for a run that has not ended.
    usage: dict[str, int] | None


class Message(t.TypedDict):
    """A message as the server returns it (section 5): the fields that this collection reads."""

    id: str
    thread_id: str
    role: str
    content: list[Json]
    attachments: list[Json]
    metadata: Metadata | None
    # The run that wrote it; None for a message that a request has created.
    run_id: str | None
