# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ..module_utils import _vector_store
from ..module_utils._read_files import is_file_id
from ..plugin_utils._action import ResourceAction


class ActionModule(ResourceAction):
    """Runs the module openai_vector_store in the playbook's own process."""

    resource = _vector_store

    def with_local_files(self, args: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return the options with absolute paths of the files that are on the control node."""
        files = args.get("files")
        if isinstance(files, str) and files:  # Ansible converts it to a list later.
            files = [each.strip() for each in files.split(",")]
        return {**args, "files": [self._located(each) for each in files]} if isinstance(files, list) else args

    def _located(self, file: t.Any) -> t.Any:
        if isinstance(file, str):
            return file if is_file_id(file) else self.local_file(file)
        if isinstance(file, dict) and isinstance(file.get("path"), str):
            return {**file, "path": self.local_file(file["path"])}
        return file
