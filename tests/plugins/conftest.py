# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures for tests of the plugins with real processes: the same as for unit tests."""

from __future__ import annotations

from ansible_collections.threadworks.openai.tests.unit.plugins.conftest import _fresh, authority, start, world

__all__ = ["_fresh", "authority", "start", "world"]
