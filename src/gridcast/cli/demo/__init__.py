"""`gridcast demo`: a whole grid on one machine, and a terminal that shows its state."""

from gridcast.cli.demo.command import demo

__all__ = ["demo"]
