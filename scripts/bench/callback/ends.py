# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A callback for the measurements. It writes the time when the latest task ended to the file ENDS_FILE."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: ends
type: notification
short_description: Record when the latest task ended
description: Writes the monotonic clock at the end of each task to the file E(ENDS_FILE).
author: threadworks.openai contributors
"""


class CallbackModule(CallbackBase):
    """Records when the latest task ended."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "ends"
    CALLBACK_NEEDS_ENABLED = True

    def v2_runner_on_ok(self, result: Any) -> None:
        """Record the end of a successful task."""
        Path(os.environ["ENDS_FILE"]).write_text(str(time.monotonic()))
