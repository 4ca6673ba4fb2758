# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.
#
# The libraries that the local runtime needs, in the Python that runs Ansible.

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import sys

from ..module_utils._errors import TaskError

# The directory of the runtime, and its list of requirements. Both are always installed with the collection.
RUNTIME = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", "roles", "runtime", "files"))
REQUIREMENTS = os.path.join(RUNTIME, "requirements.txt")
_NAME = re.compile(r"[A-Za-z][\w.-]*")


def require_libraries() -> None:
    """Check whether the libraries are installed, without importing them. This takes less than a millisecond.

    Raises:
        TaskError: Libraries are missing. The message lists them.
    """
    try:
        with open(REQUIREMENTS, encoding="utf-8") as lines:
            names = [match.group() for match in map(_NAME.match, lines) if match]
    except OSError as error:
        raise TaskError(
            f"The collection threadworks.openai is incomplete: {REQUIREMENTS}: {error.strerror}. Reinstall it."
        ) from None
    missing = [name for name in names if importlib.util.find_spec(name.lower().replace("-", "_")) is None]
    if missing:
        raise unusable(f"it needs Python libraries that are not installed: {', '.join(missing)}")


def unusable(reason: str) -> TaskError:
    """Return the error for missing or outdated libraries.

    Args:
        reason: The problem, without a full stop.
    """
    install = shlex.join([sys.executable, "-m", "pip", "install", "-r", REQUIREMENTS])
    return TaskError(
        f"The local runtime cannot be started: {reason}. Set runtime_url to a served runtime, or install the "
        f"libraries for the Python that runs Ansible: {install}"
    )
