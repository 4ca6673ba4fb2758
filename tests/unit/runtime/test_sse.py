# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Server-sent events, in pieces of any size."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from threadworks_runtime.sse import EventStreamDecoder, encode_event

_STREAM = b'data: a\n\n: c\n\nevent: x\nid: 1\ndata: b\ndata:  c\n\n\n\nretry: 1\n\ndata: {"x": 1}\n\ndata: incomplete'
_DATA = [b"a", b"b\n c", b'{"x": 1}']


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@given(cuts=st.lists(st.integers(0, 110)))
@example(cuts=[1])
@example(cuts=[1, 2, 4])
def test_any_line_ends_in_any_pieces(mark: bytes, end: bytes, cuts: list[int]) -> None:
    stream, decoder, found = mark + _STREAM.replace(b"\n", end), EventStreamDecoder(), []
    places = [0, *sorted(cuts), len(stream)]
    for start, stop in itertools.pairwise(places):
        found += decoder.feed(stream[start:stop])
    assert found == _DATA


def test_a_carriage_return_that_ends_a_piece_is_one_line_end() -> None:
    decoder = EventStreamDecoder()
    assert decoder.feed(b"data: a\r") == []
    assert decoder.feed(b"\n") == []
    assert decoder.feed(b"") == []
    assert decoder.feed(b"\n") == [b"a"]


def test_what_was_encoded_is_read_again() -> None:
    decoder = EventStreamDecoder()
    assert decoder.feed(encode_event("x", {"a": "line\nbreak \ud800"})) == [b'{"a":"line\\nbreak \\ud800"}']
    assert decoder.feed(encode_event("done", "[DONE]")) == [b"[DONE]"]


def test_an_event_in_small_pieces_takes_linear_time() -> None:
    decoder, began = EventStreamDecoder(), time.process_time()
    for _piece in range(200_000):
        decoder.feed(b"x" * 40)
    assert time.process_time() - began < 10, "generous: a fraction of a second"
    assert len(decoder.pending) == 8_000_000
