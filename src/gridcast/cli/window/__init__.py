"""`gridcast window`: one series' window as a picture, for anyone who doubts the smoother."""

from gridcast.cli.window.command import window

__all__ = ["window"]
