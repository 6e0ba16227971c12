"""Traces from reading to forecast, if the setting `trace_endpoint` says where to send them.

Without it OpenTelemetry is not imported, and a batch costs one more call.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

from gridcast.agents.spans import NO_SPANS, Spans
from gridcast.stream.errors import UserError
from gridcast.stream.settings import Settings


@contextmanager
def tracing(settings: Settings, run: str) -> Iterator[Spans]:
    """Yield the spans for the agents; they are sent before this context is left.

    A collector that is away holds nothing up: spans are sent in a thread of their own, and dropped
    if too many wait.
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
    tracers = provider(processor, version("gridcast"), run)
    try:
        yield OtelSpans(tracers.get_tracer("gridcast"))
    finally:
        tracers.shutdown()
