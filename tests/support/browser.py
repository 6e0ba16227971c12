"""A real browser, as operators have one: Debian's chromium, or the one that Playwright brought."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Error,
    Page,
    Playwright,
    expect,
    sync_playwright,
)

NONE = (
    "no browser: apt-get install chromium, or uv run playwright install --with-deps chromium;"
    " without one nobody has seen the screen"
)
WITHIN_MS = 90_000
"""For whatever a page is to show or to do: the machine may be busy."""
expect.set_options(timeout=WITHIN_MS)
AXE = Path(__file__).parents[2] / "screen/node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Run a browser; skips the test where there is none, unless the run must show all."""
    with sync_playwright() as playwright:
        found = _launch(playwright)
        if found is None:
            if os.environ.get("GRIDCAST_REQUIRE_SYSTEM") == "1":
                pytest.fail(NONE)
            pytest.skip(NONE)
        yield found
        found.close()


def _launch(playwright: Playwright) -> Browser | None:
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    try:
        return playwright.chromium.launch(
            executable_path=path,
            # As root, in a container, and with the memory's own figure for the test of leaks.
            args=["--no-sandbox", "--enable-precise-memory-info"],
        )
    except Error:
        return None


def new_context(browser: Browser, **options: Any) -> BrowserContext:
    """Give a context whose pages have time."""
    made = browser.new_context(**options)
    made.set_default_timeout(WITHIN_MS)
    return made


def violations(page: Page) -> list[str]:
    """Give what axe-core finds wrong with a page, WCAG 2.2 AA."""
    page.evaluate(AXE.read_text("utf-8"))
    found: dict[str, Any] = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
    return [
        f"{one['id']}: {node['html'][:120]} {node.get('failureSummary', '')[:300]}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


def is_too_wide(page: Page) -> bool:
    """Tell whether a page has to be moved sideways to be read."""
    wide: bool = page.evaluate(
        "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    )
    return wide
