# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.

from __future__ import annotations

import sys
import typing as t

from ansible.utils.display import Display

# Asked when the plugin is loaded: in Ansible's workers, which come later, the terminal is out of sight.
_TERMINAL = sys.stdout.isatty()


def progress_printer(host: str) -> t.Callable[[str], None] | None:
    """Return what shows a line of progress at once, or None where there is no terminal to show it on.

    Args:
        host: The inventory name of the task's host.
    """
    if not _TERMINAL:
        return None
    display = Display()
    return lambda line: display.display(f"[{host}] {line}", color="bright gray")
