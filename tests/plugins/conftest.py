# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plugins with real processes, in the same small world as their unit tests."""

from __future__ import annotations

from ansible_collections.threadworks.openai.tests.unit.plugins.conftest import _fresh, authority, start, world

__all__ = ["_fresh", "authority", "start", "world"]
