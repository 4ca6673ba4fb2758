# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Install pip into a new virtual environment, for ansible-test, which would otherwise download get-pip.py.

The interpreter includes a pip (ensurepip), which then installs the version that ansible-test requires from the
package index. `scripts/sanity` copies this file to the cache of ansible-test.
"""

from __future__ import annotations

import subprocess
import sys

# Options of get-pip.py that pip does not have.
_NOT_PIPS = ("--no-setuptools", "--no-wheel")

if __name__ == "__main__":
    subprocess.check_call([sys.executable, "-m", "ensurepip"])
    arguments = [argument for argument in sys.argv[1:] if argument not in _NOT_PIPS]
    subprocess.check_call([sys.executable, "-m", "pip", "install", "--quiet", *arguments])
