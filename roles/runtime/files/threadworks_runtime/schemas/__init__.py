# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The request bodies of the API, one model for each, with their limits (Assistants wire, sections 2 to 6)."""
