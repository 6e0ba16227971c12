"""Progress display of a training: a bar with live losses, or plain lines for a log."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.progress import TimeElapsedColumn as Elapsed
from rich.progress import TimeRemainingColumn as Remaining


class TrainingProgress(Protocol):
    """An observer of a training."""

    def __enter__(self) -> Self:
        """Begin the display."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Restore the terminal."""
        ...

    def stage(self, what: str) -> None:
        """Show the current stage."""

    def step(self, step: int, steps: int, loss: float) -> None:
        """Show the number of steps done, and the loss at this step."""

    def looked(self, step: int, steps: int, loss: float, validation: float, best: float) -> None:
        """Show a validation; `loss` is the training loss since the last one."""


class Bar:
    """The display for a terminal."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[losses]}"),
            Elapsed(),
            TextColumn("to go"),
            Remaining(),
            console=console,
        )
        self._console = console
        self._task: TaskID | None = None
        self._validation = ""

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def stage(self, what: str) -> None:
        """Show the current stage."""
        self._console.print(f"[dim]{escape(what)}[/]", highlight=False)

    def step(self, step: int, steps: int, loss: float) -> None:
        """Move the bar."""
        if self._task is None:
            self._task = self._progress.add_task("training", total=steps, losses="")
        losses = f"loss {loss:.4g}{self._validation}"
        self._progress.update(self._task, completed=step, losses=losses)

    def looked(self, step: int, steps: int, loss: float, validation: float, best: float) -> None:
        """Show the validation loss from now on."""
        self._validation = f"  validation {validation:.4g} (best {best:.4g})"
        self.step(step, steps, loss)


class Lines:
    """The display for a log: one line per validation."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console, self._clock = console, clock
        self._first: tuple[int, float] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Do nothing."""

    def stage(self, what: str) -> None:
        """Print the current stage."""
        self._print(what)

    def step(self, step: int, steps: int, loss: float) -> None:  # noqa: ARG002
        """Print nothing but the first step, because there are many."""
        if self._first is None:
            self._first = step, self._clock()

    def looked(self, step: int, steps: int, loss: float, validation: float, best: float) -> None:
        """Print a line."""
        better = ", the best so far" if validation <= best else f"; best {best:.4g}"
        self._print(
            f"step {step}/{steps}: loss {loss:.4g}, validation {validation:.4g}{better}"
            f"{self._to_go(step, steps)}"
        )

    def _to_go(self, step: int, steps: int) -> str:
        if self._first is None or step <= self._first[0] or step >= steps:
            return ""
        begun, at = self._first
        return f"; {duration((self._clock() - at) / (step - begun) * (steps - step))} to go"

    def _print(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


def show_on(console: Console) -> TrainingProgress:
    """Return the display that fits the console."""
    return Bar(console) if console.is_terminal else Lines(console)


def duration(seconds: float) -> str:
    """Format a duration for people.

    >>> duration(7), duration(190), duration(7300)
    ('7 s', '3 min 10 s', '2 h 1 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
