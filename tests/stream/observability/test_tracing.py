"""Traces: a batch, its parts, and where its readings came from; nothing while they are off."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanContext, SpanKind, StatusCode
from support.collector import Collector

from gridcast.agents.batch import Batch, Headers
from gridcast.agents.spans import NO_SPAN, NO_SPANS, Spans
from gridcast.stream.errors import UserError
from gridcast.stream.observability.otel import MOST_LINKS, OtelSpans, provider
from gridcast.stream.observability.tracing import tracing
from gridcast.stream.settings import Settings

TRACE = "0af7651916cd43dd8448eb211c80319c"


def batch(*headers: Headers) -> Batch:
    size = max(len(headers), 2)
    return Batch(
        topic="meter.readings",
        partition=3,
        begin=100,
        next_offset=100 + size,
        offsets=range(100, 100 + size),
        keys=[b"m"] * size,
        values=[b"{}"] * size,
        sent_ms=1_767_225_600_000 + np.arange(size),
        headers=headers,
    )


def traceparent(span: int) -> list[tuple[str, bytes | None]]:
    return [("other", b"\xff"), ("traceparent", f"00-{TRACE}-{span:016x}-01".encode())]


def context_of(span: ReadableSpan) -> SpanContext:
    context = span.get_span_context()
    assert context is not None
    return context


class Told:
    """What an OpenTelemetry exporter got."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.provider = provider(SimpleSpanProcessor(self._exporter), "1.0", "a-run")
        self.spans: Spans = OtelSpans(self.provider.get_tracer("gridcast"))

    def by_name(self) -> dict[str, ReadableSpan]:
        return {span.name: span for span in self._exporter.get_finished_spans()}


@pytest.fixture
def told() -> Iterator[Told]:
    found = Told()
    yield found
    found.provider.shutdown()


def test_a_batch_is_a_span_with_its_partition_and_offsets_and_its_parts_are_below_it(
    told: Told,
) -> None:
    with told.spans.batch(batch()) as span:
        with span.part("decode", messages=2):
            pass
        with span.part("tick", closed_by="watermark") as tick, tick.part("smooth"):
            pass
    spans = told.by_name()
    whole = spans["process meter.readings"]
    assert whole.kind is SpanKind.CONSUMER
    assert whole.parent is None
    assert dict(whole.attributes or {}) == {
        "messaging.system": "kafka",
        "messaging.operation.type": "process",
        "messaging.destination.name": "meter.readings",
        "messaging.destination.partition.id": "3",
        "messaging.batch.message_count": 2,
        "gridcast.offset.begin": 100,
        "gridcast.offset.next": 102,
        "gridcast.sent.first": "2026-01-01T00:00:00.000Z",
        "gridcast.sent.last": "2026-01-01T00:00:00.001Z",
    }
    for name, parent in (("decode", whole), ("tick", whole), ("smooth", spans["tick"])):
        below = spans[name].parent
        assert below is not None
        assert below.span_id == context_of(parent).span_id
        assert context_of(spans[name]).trace_id == context_of(whole).trace_id
    assert dict(spans["decode"].attributes or {}) == {"gridcast.messages": 2}
    resource = whole.resource.attributes
    assert resource["service.name"] == "gridcast"
    assert resource["service.instance.id"] == "a-run"


def test_a_batch_is_linked_to_each_span_that_its_readings_were_sent_in(told: Told) -> None:
    headers: list[Headers] = [
        traceparent(1),
        [],
        [*traceparent(2), ("empty", None)],
        traceparent(1),
        [("traceparent", b"rubbish")],
        [("traceparent", None)],
    ]
    told.spans.batch(batch(*headers)).end()
    (whole,) = told.by_name().values()
    assert [link.context.span_id for link in whole.links] == [1, 2]
    assert {f"{link.context.trace_id:032x}" for link in whole.links} == {TRACE}
    assert whole.parent is None, "of many readings none is the parent"


def test_a_batch_of_very_many_senders_is_linked_to_the_first_of_them(told: Told) -> None:
    told.spans.batch(batch(*(traceparent(number + 1) for number in range(1_000)))).end()
    (whole,) = told.by_name().values()
    assert [link.context.span_id for link in whole.links] == list(range(1, MOST_LINKS + 1))


def test_what_fails_is_marked_and_raised(told: Told) -> None:
    with (
        pytest.raises(ValueError, match="no"),
        told.spans.batch(batch()) as span,
        span.part("checkpoint"),
    ):
        raise ValueError("no")
    for span_ in told.by_name().values():
        assert span_.status.status_code is StatusCode.ERROR
        assert [event.name for event in span_.events] == ["exception"]


def test_parts_may_be_worked_on_in_any_thread_and_end_after_the_whole(told: Told) -> None:
    span = told.spans.batch(batch())
    part = span.part("checkpoint")
    span.end()
    thread = threading.Thread(target=part.end)
    thread.start()
    thread.join()
    spans = told.by_name()
    below = spans["checkpoint"].parent
    assert below is not None
    assert below.span_id == context_of(spans["process meter.readings"]).span_id


def test_while_it_is_off_nothing_of_opentelemetry_is_imported() -> None:
    look = (
        "import sys; from gridcast.stream.settings import Settings;"
        "from gridcast.stream.observability.tracing import tracing; import gridcast.agents.spans;"
        "spans = tracing(Settings(), 'run').__enter__();"
        "print(spans.reads_headers, [name for name in sys.modules if 'opentelemetry' in name])"
    )
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout == "False []\n"


def test_while_it_is_off_a_batch_costs_no_more_than_a_few_calls() -> None:
    with tracing(Settings(), "run") as spans:
        assert spans is NO_SPANS
        one = batch()
        assert spans.batch(one) is NO_SPAN
        assert NO_SPAN.part("decode", messages=2) is NO_SPAN
        started = time.process_time()
        for _ in range(10_000):
            with spans.batch(one) as span, span.part("decode"), span.part("fold", series=5):
                pass
        assert (time.process_time() - started) / 10_000 < 100e-6


def test_without_the_extra_it_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    settings = Settings(trace_endpoint="http://127.0.0.1:1/v1/traces")
    with pytest.raises(UserError, match=r"gridcast\[otel\]"), tracing(settings, "run"):
        pass


def test_spans_are_at_the_collector_when_the_worker_has_stopped() -> None:
    with Collector() as collector:
        settings = Settings(trace_endpoint=collector.endpoint)
        with tracing(settings, "a-run") as spans, spans.batch(batch()) as span, span.part("decode"):
            pass
    assert [span.name for span in collector.spans] == ["decode", "process meter.readings"]
