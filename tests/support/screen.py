"""What a window says to its gateway, and hears of it; and what does not fit into it."""

import json
import time
from typing import Any

from playwright.sync_api import Page, WebSocket

WITHIN_S = 60.0


class Frames:
    """The messages of every WebSocket that a window opens, in their order."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._sockets: list[tuple[list[dict[str, Any]], list[dict[str, Any]]]] = []
        page.on("websocket", self._opened)

    def said(self, kind: str) -> list[dict[str, Any]]:
        return [one for said, _ in self._sockets for one in said if one["type"] == kind]

    def heard(self, kind: str, *, of_last: bool = False) -> list[dict[str, Any]]:
        sockets = [both for both in self._sockets if both[1]]
        chosen = sockets[-1:] if of_last else sockets
        return [one for _, heard in chosen for one in heard if one["type"] == kind]

    def place(self) -> dict[str, Any]:
        """Give the newest place that a heartbeat gave."""
        return [one for one in self.heard("current") if one["subscription"] is None][-1]

    def wait_for_heartbeat(self) -> None:
        before = len(self.heard("current"))
        end = time.monotonic() + WITHIN_S
        while not any(one["subscription"] is None for one in self.heard("current")[before:]):
            assert time.monotonic() < end, "no heartbeat"
            self._page.wait_for_timeout(100)

    def _opened(self, socket: WebSocket) -> None:
        said: list[dict[str, Any]] = []
        heard: list[dict[str, Any]] = []
        self._sockets.append((said, heard))
        socket.on("framesent", lambda text: said.append(json.loads(text)))
        socket.on("framereceived", lambda text: heard.append(json.loads(text)))


def overflowing(page: Page) -> list[str]:
    """Give the words that do not fit where they stand, but for those that are cut with dots."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("main *, header *")]
        .filter(one => one.children.length === 0 && one.textContent.trim())
        .filter(one => !one.closest(".unseen, svg, .u-over, .u-axis"))
        .filter(one => {
          const box = one.getBoundingClientRect();
          return box.width > 0 && (box.right > innerWidth + 1 || box.left < -1);
        })
        .map(one => one.className + ": " + one.textContent)"""
    )
    return found
