# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The resources of the API, one class for each. Their methods are the operations of section 1."""
