# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as text. A real browser opens it in tests/integration/test_report.py."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import stat
from pathlib import Path

import pytest

from ansible_collections.threadworks.openai.plugins.plugin_utils._audit import append
from ansible_collections.threadworks.openai.plugins.plugin_utils._report import Report
from ansible_collections.threadworks.openai.plugins.plugin_utils._report_plots import timeline
from ansible_collections.threadworks.openai.tests.unit.plugins.run_events import Collected, many, result, run


def _report(collected: Collected) -> Report:
    return Report("site.yml", "alice", collected.recorder, collected.totals)


def test_a_big_play_makes_a_file_that_opens(tmp_path: Path) -> None:
    collected = Collected()
    many(collected, 5000, 1000, tmp_path / "journal")
    page = _report(collected).page(str(tmp_path / "journal"))
    assert len(page) < 10_000_000
    assert "4,000 more conversations are left out" in page
    assert page.count('<details class="talk') == 1000
    # All failures are among those that are shown.
    assert page.count('<details class="talk bad"') == 500
    assert page.count('<tr><td><span class="chip') == 5000
    assert "700 more hosts are left out" in page


def test_overlapping_runs_have_their_own_rows() -> None:
    collected = Collected()
    for number in range(100):
        document = run(collected.recorder, f"run_{number}")
        collected.record(result(document), after=10, began=collected.recorder.began)
    plot = timeline(list(collected.recorder.runs.values()), collected.recorder.began + 10)
    (lane,) = plot.lanes
    assert (lane.host, lane.rows, len(lane.bars)) == ("web", 60, 100)
    assert [tick.text for tick in plot.ticks] == ["0 s", "2 s", "4 s", "6 s", "8 s", "10 s"]


def test_the_style_is_the_only_thing_that_is_allowed(tmp_path: Path) -> None:
    collected = Collected()
    collected.record(result(run(collected.recorder)))
    page = _report(collected).page("")
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy
    (style,) = re.findall("<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy[1].replace("&#39;", "'") == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    assert " style=" not in page
    assert "<script" not in page


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    collected = Collected()
    collected.record(result(run(collected.recorder)))
    path = tmp_path / "new" / "report.html"
    _report(collected).write(str(path), "")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["report.html"]


def test_the_old_report_is_kept_if_the_new_one_cannot_be_written(tmp_path: Path) -> None:
    collected = Collected()
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        _report(collected).write(str(tmp_path / "folder"), "")
    assert [each.name for each in tmp_path.iterdir()] == ["folder"]


def test_a_pipe_is_neither_replaced_nor_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="it is not a regular file"):
        _report(Collected()).write(str(pipe), "")
    with pytest.raises(OSError, match="pipe"):  # nobody reads it
        append(str(pipe), {})
    assert pipe.is_fifo()


def test_a_play_without_an_executed_run(tmp_path: Path) -> None:
    collected = Collected()
    collected.record({"failed": True, "msg": "No thread found.", "error": {"code": "thread_not_found"}})
    collected.record({"censored": "the output has been hidden"})
    predicted = run(collected.recorder, "(known after apply)")
    collected.record(result(predicted))
    page = _report(collected).page("")
    assert "No run was executed." in page
    assert "1 task failed without a run." in page
    assert "1 predicted" in page
    assert "1 result is not included" in page
