# SPDX-FileCopyrightText: 2026 threadworks.openai contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Open pages in a real browser: Chromium, driven by Playwright. Without it, the test is skipped."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_IMPACTS = ("serious", "critical")
WIDTHS = (1280, 390)
SCHEMES = ("light", "dark")


class Visit:
    """A page in the browser, and what must not happen on it: `complaints` are errors, dialogs and foreign requests."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        parts = urlsplit(address)
        self._own = f"{parts.scheme}://{parts.netloc}/"
        self.complaints: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("dialog", self._dismiss)
        page.on("request", self._check)

    def _hear(self, said: Any) -> None:
        if said.type in ("error", "warning"):
            self.complaints.append(f"console {said.type}: {said.text}")

    def _dismiss(self, dialog: Any) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _check(self, request: Any) -> None:
        if not request.url.startswith(self._own):
            self.complaints.append(f"request: {request.url}")

    def serious_findings(self) -> list[str]:
        """Return the serious findings of axe, with the first element of each."""
        from axe_playwright_python.sync_playwright import Axe

        found = Axe().run(self.page).response["violations"]
        return [f"{each['id']}: {each['nodes'][0]['html'][:200]}" for each in found if each["impact"] in _IMPACTS]


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Start the browser. It is closed at the end, even if the test fails."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed")
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_FLAGS, timeout=120_000)
        try:
            yield browser
        finally:
            browser.close()


@contextlib.contextmanager
def visit(browser: Browser, address: str, width: int = WIDTHS[0], scheme: str = SCHEMES[0]) -> Iterator[Visit]:
    """Open a page in a new context, without cookies or a cache."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    try:
        context.set_default_timeout(120_000)
        visited = Visit(context.new_page(), address)
        visited.page.goto(address)
        yield visited
    finally:
        context.close()
