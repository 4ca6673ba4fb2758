# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kill playbooks and runtimes at random moments, and check the store afterwards."""
