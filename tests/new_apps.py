# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make new applications cheap: most tests have one, and its routes would take longer than the rest of its creation."""

from __future__ import annotations

from typing import Any

from falcon import routing

_ROUTES: dict[Any, routing.CompiledRouter] = {}
"""By the paths and the types of their resources."""


class _Router(routing.CompiledRouter):
    """Finds the resources of one application with the routes of the first one that had the same routes."""

    def __init__(self) -> None:
        super().__init__()
        self._resources: dict[str, Any] = {}
        self._options_of: dict[str, dict[str, Any]] = {}
        self._found: dict[str, tuple[Any, dict[str, Any]]] = {}
        self._routes: routing.CompiledRouter | None = None

    def add_route(self, uri_template: str, resource: Any, **kwargs: Any) -> None:
        self._resources[uri_template] = resource
        self._options_of[uri_template] = kwargs

    def find(self, uri: str, req: Any = None) -> Any:
        routes = self._routes = self._routes or self._of_all()
        if (found := routes.find(uri, req)) is None:
            return None
        _other, methods, parameters, template = found
        if template not in self._found:
            resource = self._resources[template]
            own = {name: getattr(resource, f"on_{name.lower()}", default) for name, default in methods.items()}
            self._found[template] = resource, own
        return *self._found[template], parameters, template

    def _of_all(self) -> routing.CompiledRouter:
        """Return the routes of all applications with these resources."""
        key = tuple((path, resource.__class__) for path, resource in self._resources.items())
        if key not in _ROUTES:
            routes = routing.CompiledRouter()
            for path, resource in self._resources.items():
                routes.add_route(path, resource, **self._options_of[path])
            _ROUTES[key] = routes
        return _ROUTES[key]


def share_routes() -> None:
    """Let all applications of this process use the same compiled routes."""
    routing.DefaultRouter = _Router
