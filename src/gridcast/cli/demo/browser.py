"""Open the screen in a browser if this machine has a desktop."""

import os
import socket
import sys
import webbrowser

LOOPBACK = "127.0.0.1"


def port_for(wanted: int) -> int:
    """Return the wanted port, or 0 (any free port) if it is in use."""
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((LOOPBACK, wanted))
        except OSError:
            return 0
    return wanted


def show(address: str) -> bool:
    """Open a browser. Return False if there is no desktop to open it on.

    A browser that runs in the terminal would take it from the demo.
    """
    desktop = sys.platform == "darwin" or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    return desktop and webbrowser.open(address)
