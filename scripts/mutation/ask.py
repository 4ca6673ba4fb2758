# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The test command of Cosmic Ray: ask.py SOCKET. It exits with the status of the tests of the current mutant."""

import socket
import sys

with socket.socket(socket.AF_UNIX) as connection:
    connection.connect(sys.argv[1])
    status = connection.recv(1)
sys.exit(status[0] if status else 1)
