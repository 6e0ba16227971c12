"""Traces, from reading to forecast: off unless the deployment says where to send them.

While it is off, nothing of OpenTelemetry is imported, and a batch costs one call more.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

from gridcast.agents.spans import NO_SPANS, Spans
from gridcast.stream.errors import UserError
from gridcast.stream.settings import Settings


@contextmanager
def tracing(settings: Settings, run: str) -> Iterator[Spans]:
    """Give whom the agents tell of their work; what was told is sent before this is left.

    The collector being away holds nothing up: spans are sent in a thread of their own, and dropped
    where too many wait.
    """
    endpoint = settings.trace_endpoint
    if endpoint is None:
        yield NO_SPANS
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
            OTLPSpanExporter,
        )
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

        from gridcast.stream.observability.otel import OtelSpans, provider  # noqa: PLC0415
    except ImportError as error:
        raise UserError(f"trace_endpoint needs gridcast[otel]: {error}") from None
    processor = BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint))
    told = provider(processor, version("gridcast"), run)
    try:
        yield OtelSpans(told.get_tracer("gridcast"))
    finally:
        told.shutdown()
