# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring data over: import and export of assistants and threads, as lines of the API's own JSON objects.

An import is read completely before anything is written. It is kept in a temporary database, so that its size is not
limited by the memory, and so that the objects of a thread can be in any order and in any file.
"""
