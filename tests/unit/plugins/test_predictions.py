# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tasks of a check have predicted, in the file that they share."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible import constants as C

from ansible_collections.threadworks.openai.plugins.plugin_utils import _predictions

_OPTIONS = {"runtime_url": None, "runtime_store": "/x.db"}


def test_they_are_shared_until_they_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(C, "DEFAULT_LOCAL_TMP", str(tmp_path))
    assert _predictions.seen(_OPTIONS) == {}
    with _predictions.shared(_OPTIONS) as predictions:
        predictions["threads/a"] = None
    assert _predictions.seen(_OPTIONS) == {"threads/a": None}
    assert _predictions.seen({**_OPTIONS, "runtime_store": "/y.db"}) == {}
    _predictions.forget(_OPTIONS)
    assert _predictions.seen(_OPTIONS) == {}


@pytest.mark.parametrize("left", ['{"threads/a": nul', '{"a": {}}{"b"'])
def test_a_task_that_was_killed_while_it_wrote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: str) -> None:
    monkeypatch.setattr(C, "DEFAULT_LOCAL_TMP", str(tmp_path))
    with _predictions.shared(_OPTIONS):
        pass
    (file,) = tmp_path.iterdir()
    file.write_text(left)
    assert _predictions.are_elsewhere(_predictions.seen(_OPTIONS))
    with _predictions.shared(_OPTIONS) as predictions:
        predictions["threads/a"] = None
    assert _predictions.are_elsewhere(_predictions.seen(_OPTIONS))
