# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to this collection: may change in any release.

from __future__ import annotations

import hashlib
import typing as t

_SHOWN = 160


def diff(before: dict[str, t.Any] | None, after: dict[str, t.Any] | None, header: str) -> dict[str, t.Any]:
    """Return what Ansible shows with --diff.

    Args:
        before: The fields as they are; None if the object does not exist.
        after: The fields as they will be; None if the object will be deleted.
        header: The name of the object.
    """
    return {
        "before_header": header,
        "after_header": header,
        "before": _shortened(before or {}),
        "after": _shortened(after or {}),
    }


def changes(actual: dict[str, t.Any], wanted: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return the desired fields that differ from the actual ones, ignoring defaults that a server adds."""
    return {name: value for name, value in wanted.items() if _normal(actual.get(name)) != _normal(value)}


def _normal(value: t.Any) -> t.Any:
    """Normalize a field, so that values that a server adds do not count as differences."""
    if isinstance(value, dict):
        parts = {key: item if key in ("parameters", "schema") else _normal(item) for key, item in value.items()}
        return {
            key: item for key, item in parts.items() if item not in (None, {}, []) and (key, item) != ("strict", False)
        } or None
    if isinstance(value, list):
        return [_normal(item) for item in value] or None
    return value


def _shortened(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        return {key: _shortened(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_shortened(item) for item in value]
    if isinstance(value, str) and len(value) > _SHOWN:
        # Texts that only differ after the cut must not look equal.
        mark = hashlib.sha256(value.encode()).hexdigest()[:8]
        return f"{value[:_SHOWN]}... ({len(value)} characters, sha256 {mark})"
    return value
