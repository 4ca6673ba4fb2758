# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make the helpers of the tests, the runtime and the benchmark importable. Import this module first."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "bench"))

from arena import collections  # noqa: E402

COLLECTIONS = collections()
os.environ["ANSIBLE_COLLECTIONS_PATH"] = COLLECTIONS
sys.path.insert(0, COLLECTIONS)
sys.path.insert(0, str(ROOT / "roles" / "runtime" / "files"))
