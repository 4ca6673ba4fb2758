# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The settings of Sphinx for the documentation site."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes

project = "threadworks.openai"
author = "threadworks.openai contributors"
copyright = "2026 threadworks.openai contributors"
html_title = "threadworks.openai"

extensions = ["myst_parser", "sphinx_antsibull_ext"]
default_role = "any"
highlight_language = "YAML+Jinja"
# The headings have the same anchors as on GitHub.
myst_heading_anchors = 4
html_theme = "furo"
html_copy_source = False
html_css_files = ["site.css"]
html_static_path = ["static"]
html_show_sphinx = False
html_theme_options = {
    "source_repository": "https://github.com/threadworks/threadworks.openai/",
    "source_branch": "main",
    "source_directory": "docs/",
    "top_of_page_buttons": [],
}

_ANSIBLE = "https://docs.ansible.com/projects/ansible/latest/"
_PLUGIN = re.compile(r"ansible_collections\.(ansible)\.(builtin)\.(\w+)$")
_PAGES = {
    "action_plugins": "plugins/action.html",
    "ansible_configuration_settings": "reference_appendices/config.html",
    "callback_plugins": "plugins/callback.html",
    "common_return_values": "reference_appendices/common_return_values.html",
}


def link_to_ansible(_app: Any, _env: Any, node: nodes.Element, content: nodes.Element) -> nodes.reference | None:
    """Resolve references to Ansible's own documentation without its index, which is on the internet."""
    target = node.get("reftarget", "")
    plugin = _PLUGIN.match(target)
    page = f"collections/{'/'.join(plugin.groups())}.html" if plugin else _PAGES.get(target)
    if node.get("reftype") == "envvar":
        page = f"reference_appendices/config.html#envvar-{target}"
    if page is None:
        return None
    reference = nodes.reference("", "", internal=False, refuri=_ANSIBLE + page)
    reference += content
    return reference


def setup(app: Any) -> None:
    """Connect the function above."""
    app.connect("missing-reference", link_to_ansible)
