# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The only test double: a model server with the Responses API and scripted answers.

As a process ``python -m model_server --port 0 --port-file F [--api-key K]`` in the folder ``tests``, or in a test::

    with ModelServer() as server:
        server.script([{"text": "Hello"}, {"calls": [{"name": "disk", "arguments": {"path": "/"}}]}])
        ...  # server.base_url, server.requests

It serves ``POST /v1/responses``, ``POST /v1/responses/input_tokens``, ``GET /v1/models``, files, uploads and vector
stores and, for tests in other processes,
``PUT /_script`` (a list of answers), ``PUT /_rate`` (the arguments of `Rate`, or null), ``GET /_requests`` and
``DELETE /_requests`` (also deletes the script and the rate limit).
Each word counts as a token, so that tests can predict the numbers.

Without a script, the answer follows the request: a vector store is searched for the words of the last user text, the
forced tool is called, a JSON format is filled in, and otherwise the text is ``Reply to: <last user text>``. Scripted
answers are used in order, each of them once. An answer is an object with these keys:

======================  ================================================================================================
``match``               use this answer only if the last user text contains this string
``sticky``              true: use it any number of times
``text``                the message; ``annotations``: Responses annotations on it
``refusal``             a refusal instead of the text
``calls``               function calls: ``[{"name", "arguments": object or string, "call_id"}]``
``reasoning``           true: a reasoning item comes first, and must be sent back with the calls; a text: its summary
``code_interpreter``    ``{"code", "outputs"}``: such a call comes before the message
``file_search``         ``{"queries", "results"}``: such a call comes before the message
``ignore``              of ``tools``, ``format``, ``limit``: silently ignored, as by small servers
``incomplete``          reason: the response ends incomplete; ``failed``: ``{"code", "message"}``: it ends failed
``cached_tokens``       part of the counted prompt; also ``cache_write_tokens``, and ``reasoning_tokens`` of the answer
``service_tier``        the tier in the response; ``model``: the model in the response
``usage``               replaces the counted usage; null: no usage
``error``               error body; with ``status`` (and ``headers``) an HTTP error, without it an event in the stream
``json``                true: plain JSON even if a stream was requested
``sparse``              true: events as llama.cpp sends them, without indexes, numbers, defaults and ``[DONE]``
``delay``               seconds before the answer; ``delta_delay``: seconds before each delta
``hold``                true: no answer before `release`; ``hold_after``: held after that many events
``linger``              seconds between the last event and the end of the stream
``hang``                true: no answer at all; ``hang_after``: silence after that many events
``break_after``         the connection is cut after that many events
======================  ================================================================================================
"""

from .rate import Rate
from .server import ModelServer

__all__ = ["ModelServer", "Rate"]
