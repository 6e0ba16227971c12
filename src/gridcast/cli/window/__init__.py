"""`gridcast window`: draw one series' window, for anyone who doubts the smoother."""

from gridcast.cli.window.command import window

__all__ = ["window"]
