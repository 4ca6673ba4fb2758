# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wire's request bodies, one model for each, and the limits they have (Assistants wire, sections 2 to 6)."""
