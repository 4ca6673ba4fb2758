# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  on_missing:
    description:
      - What to do where the server knows no such thing. V(error) fails, V(warn) warns and leaves it out, V(skip) leaves
        it out silently.
    type: str
    choices: [error, warn, skip]
    default: error
notes:
  - Lookups only read. They run again at each reference; within one task an answer is kept for a second.
"""
