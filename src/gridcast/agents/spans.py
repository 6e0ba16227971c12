"""Tracing of an agent's work; by default nothing is traced.

A span is one piece of work, a part is a piece of that. Parts are asked for by name from the span
that they belong to, not found by way of the running task: a batch is worked on in several threads.
"""

from types import TracebackType
from typing import Protocol, Self

from gridcast.agents.batch import Batch

Value = str | int | float | bool


class Span(Protocol):
    """One piece of work, from when it is made until it is left (`with`) or ended."""

    def part(self, name: str, **about: Value) -> "Span":
        """Begin a part of it, with attributes."""

    def end(self) -> None:
        """End the span."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the span, and record the error if there is one."""


class Spans(Protocol):
    """Creates spans."""

    @property
    def reads_headers(self) -> bool:
        """Whether it needs the headers of messages."""

    def batch(self, batch: Batch) -> Span:
        """Begin the span of a batch."""


class _NoSpan:
    def part(self, name: str, **about: Value) -> Self:  # noqa: ARG002
        return self

    def end(self) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass


class _NoSpans:
    reads_headers = False

    def batch(self, batch: Batch) -> Span:  # noqa: ARG002
        return NO_SPAN


NO_SPAN: Span = _NoSpan()
NO_SPANS: Spans = _NoSpans()
