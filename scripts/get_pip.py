# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Install pip into a new virtual environment, for ansible-test, which would otherwise download get-pip.py.

The interpreter includes a pip (ensurepip), whose wheel can run without being installed. It installs the version that
ansible-test requires from the package index. `scripts/sanity` copies this file to the cache of ansible-test.
"""

from __future__ import annotations

import ensurepip
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

# Options of get-pip.py that pip does not have.
_NOT_PIPS = ("--no-setuptools", "--no-wheel")


def main() -> None:
    """Install pip with the arguments of get-pip.py."""
    # The second directory is that of the distributions that install the wheel separately.
    folders = [Path(ensurepip.__file__).parent / "_bundled", Path(sysconfig.get_config_var("WHEEL_PKG_DIR") or "/none")]
    wheels = [str(wheel) for folder in folders for wheel in sorted(folder.glob("pip-*.whl"))]
    arguments = [argument for argument in sys.argv[1:] if argument not in _NOT_PIPS]
    environment = {**os.environ, "PYTHONPATH": wheels[0]}
    subprocess.check_call([sys.executable, "-m", "pip", "install", "--quiet", *arguments], env=environment)


if __name__ == "__main__":
    main()
