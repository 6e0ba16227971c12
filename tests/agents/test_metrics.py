"""What happened shows in the metrics, and the page about them tells the truth."""

import re
from pathlib import Path

import numpy as np
import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from gridcast.agents.metric_list import MetricList
from gridcast.agents.metric_table import table
from gridcast.agents.metrics import Metrics
from gridcast.models.partition import Tick
from gridcast.models.windows import FoldCounts
from gridcast.schemas import Reason, Rung, decode
from gridcast.schemas.forecast import ClosedBy
from gridcast.schemas.forecast_columns import ForecastColumns, Maker
from gridcast.schemas.score_columns import ScoreColumns, Scored
from gridcast.schemas.topics import SERIES

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"
UNITS = {"s": "seconds", "bytes": "bytes"}

READING = b'{"series":"%s","time":"2026-01-01T00:00:00Z","value":1}'
FRAME = b'{"frame":"f","time":"2026-01-01T00:00:00Z","series":["f","g"],"value":[1,2]}'


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(version="1.0", run="r")


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def test_a_batch_is_counted_by_message_frame_and_result(metrics: Metrics) -> None:
    keys = [b"m", b"f", b"f", b"m", b"m"]
    values = [READING % b"m", FRAME, FRAME, b"nonsense", b""]
    decoded = decode(keys, values)
    before = FoldCounts(accepted=10, late=2)
    metrics.took(
        5, decoded, before, before + FoldCounts(accepted=3, duplicate=2, too_old=1, late=1)
    )
    assert value(metrics, "gridcast_messages_total", topic="meter.readings") == 5
    assert value(metrics, "gridcast_frames_total") == 2
    assert value(metrics, "gridcast_readings_late_total") == 1
    results = {"used": 3, "duplicate": 2, "too-old": 1, "not-json": 1, "empty": 1, "sealed": 0}
    for result, count in results.items():
        assert value(metrics, "gridcast_readings_total", result=result) == count, result
    metrics.took(0, decode([], []), before, before)
    assert value(metrics, "gridcast_frames_total") == 2


def test_every_result_and_rung_is_there_at_zero_before_anything_happens(metrics: Metrics) -> None:
    for reason in Reason:
        assert value(metrics, "gridcast_readings_total", result=reason.value) == 0
    for rung in Rung:
        assert value(metrics, "gridcast_forecasts_total", rung=rung.value) == 0
    for closed_by in ClosedBy:
        assert value(metrics, "gridcast_ticks_total", closed_by=closed_by.value) == 0


def test_a_tick_is_counted_with_what_closed_it_its_rungs_and_its_punctuality(
    metrics: Metrics,
) -> None:
    metrics.ticked(Tick(60_000), 0.2)
    metrics.ticked(Tick(120_000, by_clock=True), 0.02)
    makers = (Maker(Rung.SEASONAL_PROFILE), Maker(Rung.LAST_LEVEL), Maker(Rung.LAST_LEVEL))
    columns = ForecastColumns(
        tick_ms=60_000,
        first_ms=0,
        step_minutes=15,
        levels=(0.5,),
        closed_by=ClosedBy.WATERMARK,
        series=["a", "b", "c"],
        quantiles=np.zeros((3, 1, 1), np.float32),
        makers=makers,
        made_by=np.array([0, 2, 1], np.uint8),
        newest_ms=np.zeros(3, np.int64),
        measured=np.ones(3),
    )
    metrics.forecast(columns)
    metrics.confirmed(0.7)
    assert value(metrics, "gridcast_ticks_total", closed_by="watermark") == 1
    assert value(metrics, "gridcast_ticks_total", closed_by="wall-clock") == 1
    assert value(metrics, "gridcast_tick_duration_seconds_bucket", le="0.025") == 1
    assert value(metrics, "gridcast_forecasts_total", rung="last-level") == 2
    assert value(metrics, "gridcast_forecasts_total", rung="seasonal-profile") == 1
    assert value(metrics, "gridcast_tick_punctuality_seconds_sum") == 0.7


def test_a_partition_is_described_until_it_is_let_go(metrics: Metrics) -> None:
    metrics.stands(3, watermark_ms=60_000, sent_ms=75_500, series=12)
    metrics.lags(3, 40)
    metrics.stuck({3: 61.0}, partitions=[3, 4])
    metrics.stands_by(5, 1_000)
    assert value(metrics, "gridcast_watermark_timestamp_seconds", partition="3") == 60
    assert value(metrics, "gridcast_watermark_delay_seconds", partition="3") == 15.5
    assert value(metrics, "gridcast_series", partition="3") == 12
    assert value(metrics, "gridcast_stuck_seconds", partition="3") == 61
    assert value(metrics, "gridcast_stuck_seconds", partition="4") == 0
    assert value(metrics, "gridcast_standby_bytes", partition="5") == 1_000
    metrics.let_go(3)
    metrics.let_go(99)
    metrics.stands_by(5, 0)
    shown = generate_latest(metrics.registry).decode()
    assert 'partition="3"' not in shown
    assert 'partition="5"' not in shown
    assert value(metrics, "gridcast_stuck_seconds", partition="4") == 0


def test_checkpoints_rebalances_recoveries_and_letters_are_counted(metrics: Metrics) -> None:
    metrics.checkpointed(0.03, outputs=2_000_000, records=5_000)
    metrics.rebalanced(partitions=2)
    metrics.rebalanced(partitions=0)
    metrics.recovered(4.0)
    metrics.wrote_letters("meter.readings", [Reason.EMPTY, Reason.EMPTY, Reason.BAD_ID])
    metrics.read(SERIES, 7)
    assert value(metrics, "gridcast_checkpoint_bytes_sum", of="outputs") == 2_000_000
    assert value(metrics, "gridcast_checkpoint_bytes_bucket", of="records", le="16000.0") == 1
    assert value(metrics, "gridcast_rebalances_total") == 2
    assert value(metrics, "gridcast_partitions") == 0
    assert value(metrics, "gridcast_recovery_duration_seconds_count") == 1
    letters = {"topic": "meter.readings", "reason": "empty"}
    assert value(metrics, "gridcast_dead_letters_total", **letters) == 2
    assert value(metrics, "gridcast_messages_total", topic="grid.series") == 7


def test_every_metric_is_ours_has_its_unit_in_its_name_and_is_explained() -> None:
    listed = MetricList("1.0", "r")
    exposed = text_string_to_metric_families(generate_latest(listed.registry).decode())
    ours = {family.name for family in exposed if family.name.startswith("gridcast_")}
    described = {one.name.removesuffix("_total") for one in listed.described}
    assert described == {name for name in ours if not name.endswith("_created")}
    for one in listed.described:
        assert re.fullmatch(r"gridcast_[a-z_]+", one.name)
        assert (one.type == "counter") == one.name.endswith("_total")
        assert UNITS.get(one.unit, "") in one.name
        assert len(one.about) > 15
        assert list(one.buckets) == sorted(one.buckets)


def test_verified_forecasts_count_by_band_rung_and_role(metrics: Metrics) -> None:
    scores = ScoreColumns(
        hour_ms=0,
        bands=((0, 60), (60, 180)),
        makers=(Scored(Rung.MODEL, "box", "1"), Scored(Rung.MODEL, "box", "2", challenger=True)),
        series=["a", "b"],
        entry_of=np.array([0, 0, 1, 1]),
        band=np.array([0, 1, 0, 1]),
        made_by=np.array([0, 0, 0, 1]),
        count=np.array([4, 1, 2, 1]),
        error=np.array([2.0, 1.0, 3.0, 9.0]),
        bias=np.zeros(4),
        pinball=np.zeros(4),
        naive_error=np.array([4.0, np.nan, 5.0, 3.0]),
        inside=np.array([3.0, 1.0, 2.0, 0.0]),
        inside_raw=np.array([2.0, 1.0, 2.0, 0.0]),
    )
    metrics.verified(scores)
    near = {"band": "0-1h", "rung": "model", "role": "champion"}
    assert value(metrics, "gridcast_verified_total", **near) == 6
    assert value(metrics, "gridcast_verified_inside_total", **near, interval="published") == 5
    assert value(metrics, "gridcast_verified_inside_total", **near, interval="raw") == 4
    assert value(metrics, "gridcast_verified_error_kw_total", **near, of="forecast") == 5
    assert value(metrics, "gridcast_verified_error_kw_total", **near, of="naive") == 9
    far = near | {"band": "1-3h"}
    assert value(metrics, "gridcast_verified_total", **far) == 1
    assert value(metrics, "gridcast_verified_error_kw_total", **far, of="forecast") == 0
    shadow = far | {"role": "challenger"}
    assert value(metrics, "gridcast_verified_error_kw_total", **shadow, of="forecast") == 9


def test_the_page_has_the_table_of_all_metrics() -> None:
    wanted = table(MetricList("", "").described)
    assert wanted in PAGE.read_text("utf-8"), f"docs/reference/metrics.md is to hold:\n{wanted}"
