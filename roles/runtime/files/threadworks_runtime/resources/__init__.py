# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wire's resources: one class for each, whose methods are the operations of section 1."""
