# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON Schema: the one place where a schema, and a value against its schema, is checked.

Schemas come from clients, and values from models: neither is trusted. Nothing is ever fetched, patterns match in linear
time, and a value is checked in a process of its own that has a few seconds for it.
"""
