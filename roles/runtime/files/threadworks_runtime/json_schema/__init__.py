# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON Schema: the validation of schemas, and of values against schemas.

Schemas come from clients, and values from models. Neither is trusted. No URL is fetched, patterns match in linear time,
and values are validated in a separate process with a limit of a few seconds.
"""
