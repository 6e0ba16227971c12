"""A worker's spans in OpenTelemetry. It needs `gridcast[otel]`; see `observability/tracing.py`."""

from collections.abc import Iterable
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from opentelemetry.context import Context
from opentelemetry.sdk.resources import SERVICE_INSTANCE_ID, SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.trace import (
    Link,
    SpanKind,
    Status,
    StatusCode,
    Tracer,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.trace import Span as OneSpan
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from gridcast.agents.batch import Batch, Headers
from gridcast.agents.spans import Value

MOST_LINKS = 128
"""OpenTelemetry's default limit of links per span."""
_PROPAGATOR = TraceContextTextMapPropagator()


def provider(processor: SpanProcessor, version: str, run: str) -> TracerProvider:
    """Return a provider that passes spans to a processor. Without a shutdown the last are lost."""
    resource = Resource.create(
        {SERVICE_NAME: "gridcast", SERVICE_VERSION: version, SERVICE_INSTANCE_ID: run}
    )
    # The worker shuts it down itself, in its own order.
    made = TracerProvider(resource=resource, shutdown_on_exit=False)
    made.add_span_processor(processor)
    return made


class OtelSpan:
    """A :class:`gridcast.agents.spans.Span` in OpenTelemetry."""

    def __init__(self, tracer: Tracer, span: OneSpan) -> None:
        self._tracer = tracer
        self._span = span

    def part(self, name: str, **about: Value) -> "OtelSpan":
        """Start a child span."""
        context = set_span_in_context(self._span, Context())
        attributes = {f"gridcast.{key}": value for key, value in about.items()}
        return OtelSpan(self._tracer, self._tracer.start_span(name, context, attributes=attributes))

    def end(self) -> None:
        """End the span."""
        self._span.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            self._span.record_exception(error)
            self._span.set_status(Status(StatusCode.ERROR, str(error)))
        self._span.end()


class OtelSpans:
    """A :class:`gridcast.agents.spans.Spans` that sends spans to OpenTelemetry."""

    reads_headers = True

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def batch(self, batch: Batch) -> OtelSpan:
        """Start a trace for a batch, linked to the traces of its messages."""
        attributes: dict[str, Value] = {
            "messaging.system": "kafka",
            "messaging.operation.type": "process",
            "messaging.destination.name": batch.topic,
            "messaging.destination.partition.id": str(batch.partition),
            "messaging.batch.message_count": len(batch),
            "gridcast.offset.begin": batch.begin,
            "gridcast.offset.next": batch.next_offset,
        }
        if len(batch):
            oldest, newest = _time(int(batch.sent_ms[0])), _time(int(batch.sent_ms[-1]))
            attributes |= {"gridcast.sent.first": oldest, "gridcast.sent.last": newest}
        span = self._tracer.start_span(
            f"process {batch.topic}",
            Context(),
            SpanKind.CONSUMER,
            attributes,
            _links(batch.headers),
        )
        return OtelSpan(self._tracer, span)


def _links(headers: Iterable[Headers]) -> list[Link]:
    """Return links to the spans that the messages were sent in, each once."""
    sent_in: dict[bytes, Headers] = {}
    for message_headers in headers:
        for name, value in message_headers:
            if name == "traceparent" and value is not None:
                sent_in.setdefault(value, message_headers)
        if len(sent_in) >= MOST_LINKS:
            break
    contexts = (
        get_current_span(_PROPAGATOR.extract(_texts(parent), Context())).get_span_context()
        for parent in sent_in.values()
    )
    return [Link(context) for context in contexts if context.is_valid]


def _texts(headers: Headers) -> dict[str, str]:
    return {name: (value or b"").decode("ascii", "replace") for name, value in headers}


def _time(milliseconds: int) -> str:
    at = datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds")
    return at.replace("+00:00", "Z")
