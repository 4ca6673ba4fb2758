# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kills at random moments, of playbooks and of runtimes, and what has to be in the store afterwards."""
