"""Ctrl-C and a stop from outside, taken between two steps, so that what is kept is whole."""

import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Self


class Interrupts:
    """Within it the first signal to stop only raises a flag; the second stops at once."""

    SIGNALS = (signal.SIGINT, signal.SIGTERM)

    def __init__(self) -> None:
        self.raised = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        # Python allows this in the main thread only; elsewhere whoever runs us stops us.
        if threading.current_thread() is threading.main_thread():
            for one in self.SIGNALS:
                self._before[one] = signal.signal(one, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for one, before in self._before.items():
            signal.signal(one, before)

    def _note(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        if self.raised:
            raise KeyboardInterrupt
        self.raised = True
