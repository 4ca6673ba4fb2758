# Copyright (c) 2026 threadworks.openai contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # The messages of a new thread.
    DOCUMENTATION = r"""
options:
  messages:
    description: The messages of the thread, oldest first.
    type: list
    elements: dict
    suboptions:
      role:
        description: Who says it.
        type: str
        choices: [user, assistant]
        default: user
      content:
        description:
          - What is said. A text, or a list of parts, each with a C(type) of V(text), V(image_url) or V(image_file).
        type: raw
        required: true
      attachments:
        description: Files for the tools.
        type: list
        elements: dict
        suboptions:
          file_id:
            description: The id of the file on the model server.
            type: str
            required: true
          tools:
            description: The tools that get the file.
            type: list
            elements: dict
            default: []
      metadata:
        description: Up to 16 pairs to keep with the message.
        type: dict
"""
