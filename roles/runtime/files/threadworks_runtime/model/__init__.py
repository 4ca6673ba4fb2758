# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The model server's side of a run: from the Assistants wire to the Responses API and back.

Nothing here knows the store or the runner; `converse` is all that they call.
"""

from __future__ import annotations

from .answer import read_answer
from .converse import converse
from .errors import LimitReached, ModelError
from .events import (
    CallDelta,
    CallFinished,
    CallStarted,
    Citation,
    Event,
    Finished,
    RefusalDelta,
    TextDelta,
    TextFinished,
    TextStarted,
)
from .request import build_request
from .server import ModelServer, ModelServers

__all__ = [
    "CallDelta",
    "CallFinished",
    "CallStarted",
    "Citation",
    "Event",
    "Finished",
    "LimitReached",
    "ModelError",
    "ModelServer",
    "ModelServers",
    "RefusalDelta",
    "TextDelta",
    "TextFinished",
    "TextStarted",
    "build_request",
    "converse",
    "read_answer",
]
