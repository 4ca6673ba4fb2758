# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The table of options, part 6: tool calls. openai_tool_call has no connection options: it reaches no server.

from __future__ import annotations

from ._checks import check_id, check_thread
from ._option import Option, between

_TURN, _CALL = ("openai_tool_turn",), ("openai_tool_call",)

TOOLS = (
    #: The thread of the run.
    Option("thread_id", "str", _TURN, required=True, check=check_thread),
    #: The id of the run.
    Option("run_id", "str", _TURN, required=True, check=check_id),
    #: The calls that the run waits for, from RV(threadworks.openai.openai_run#module:required_action).
    Option("calls", "list", _TURN, elements="dict", default=[], is_from_model=True),
    #: The names of the functions that are allowed.
    Option("allowed", "list", _TURN, elements="str", default=[]),
    #: V(taken) takes the turn to answer, unless another host has it.
    #:
    #: V(awaited) waits until O(calls) have been answered, or until no host has the turn.
    #:
    #: V(released) releases the turn.
    Option("state", "str", _TURN, choices=("taken", "awaited", "released"), default="taken"),
    #: The maximum time that V(awaited) waits, in seconds. The task does not fail if the time expires.
    Option("wait_timeout", "float", _TURN, default=10, check=between(0.001)),
    #: The name of the function.
    Option("name", "str", _CALL, required=True, is_from_model=True),
    #: The arguments of the call, as data.
    Option("arguments", "raw", _CALL, required=True, is_from_model=True),
    #: The id of the call. It is returned, so that you can check which call a result belongs to.
    Option("id", "str", _CALL, is_from_model=True),
    #: The tasks that run the tool, such as the path of a task file. The answer V(always) only applies to the same
    #: tasks.
    Option("tasks", "raw", _CALL),
    #: The reason why the call is not allowed. If it is set, no question is asked.
    Option("problem", "str", _CALL, is_from_model=True),  # it quotes the arguments
    #: Whether to ask a person for confirmation.
    Option("confirm", "bool", _CALL, default=False),
    #: The time until which the question can be answered, in seconds since 1970, such as C(run.expires_at).
    Option("expires_at", "float", _CALL),
)
