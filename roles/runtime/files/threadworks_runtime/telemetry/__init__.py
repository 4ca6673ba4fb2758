# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What operators see of runs: metrics in Prometheus' format, and OpenTelemetry spans. Both without content."""
