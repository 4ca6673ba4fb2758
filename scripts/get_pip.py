# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ansible-test runs to put pip into a new virtual environment, instead of the get-pip.py that it would download.

The interpreter brings a pip of its own (ensurepip), which then installs the version that ansible-test wants from the
package index. `scripts/sanity` copies this file to where ansible-test looks before it downloads.
"""

from __future__ import annotations

import subprocess
import sys

# get-pip.py has these options, pip has not.
_NOT_PIPS = ("--no-setuptools", "--no-wheel")

if __name__ == "__main__":
    subprocess.check_call([sys.executable, "-m", "ensurepip"])
    arguments = [argument for argument in sys.argv[1:] if argument not in _NOT_PIPS]
    subprocess.check_call([sys.executable, "-m", "pip", "install", "--quiet", *arguments])
