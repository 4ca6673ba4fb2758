# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Execute runs: the pool starts them in order, and an execution runs one of them."""
