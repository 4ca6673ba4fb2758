# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The import of the SDK, which is the largest part of a start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from ansible_collections.threadworks.openai.tests.conftest import RUNTIME

_IMPORT = """
import gc, threadworks_runtime.model.sdk as sdk
sdk.import_sdk()
assert gc.isenabled()
import openai
import aiohttp
"""


def test_a_library_that_only_an_unused_transport_needs_is_not_imported(tmp_path: Path) -> None:
    (tmp_path / "aiohttp.py").write_text("raise RuntimeError('it is imported')")
    env = {**os.environ, "PYTHONPATH": f"{tmp_path}:{RUNTIME}"}
    ended = subprocess.run([sys.executable, "-c", _IMPORT], env=env, capture_output=True, text=True, check=False)
    # The SDK does not import it, and others can.
    assert ended.stderr.endswith("RuntimeError: it is imported\n"), ended.stderr
    assert 'File "<string>", line 6' in ended.stderr
    assert "threadworks_runtime" not in ended.stderr
