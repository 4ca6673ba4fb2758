# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.

from __future__ import annotations

import sys
import typing as t

from ansible.utils.display import Display

# Determined when the plugin is loaded, because Ansible's workers have no access to the terminal.
_TERMINAL = sys.stdout.isatty()


def progress_printer(host: str) -> t.Callable[[str], None] | None:
    """Return a function that displays a line of progress, or None if there is no terminal.

    Args:
        host: The inventory name of the host.
    """
    if not _TERMINAL:
        return None
    display = Display()
    return lambda line: display.display(f"[{host}] {line}", color="bright gray")
