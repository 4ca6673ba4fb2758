# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The chapters. Each module has a function `run`, which returns the figures of the chapter."""
