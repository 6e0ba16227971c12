"""The gateway's metrics, and the page about them."""

import re
from pathlib import Path

from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from gridcast.agents.metric_table import table
from gridcast.gateway.metric_list import GatewayMetricList
from gridcast.gateway.metrics import GatewayMetrics
from gridcast.gateway.protocol import CloseCode
from gridcast.schemas import Action
from gridcast.schemas.gateway import What

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"


def test_events_are_counted() -> None:
    metrics = GatewayMetrics("1.0", "r")
    metrics.consumed(What.FORECAST, messages=10, unusable=1)
    metrics.closed(CloseCode.TOO_SLOW)
    metrics.command_sent(Action.SHELVE)
    metrics.refused("forbidden")
    metrics.delivered(0.02)
    metrics.delivered(-1.0)  # Kafka's clock is ahead of ours
    metrics.entries({What.ALARM: 3})
    value = metrics.registry.get_sample_value
    assert value("gridcast_gateway_taken_total", {"what": "forecast"}) == 10
    assert value("gridcast_gateway_unusable_total", {"what": "forecast"}) == 1
    assert value("gridcast_gateway_closed_total", {"code": "4413"}) == 1
    assert value("gridcast_gateway_closed_total", {"code": "4401"}) == 0
    assert value("gridcast_gateway_commands_total", {"action": "shelve"}) == 1
    assert value("gridcast_gateway_refused_total", {"because": "forbidden"}) == 1
    assert value("gridcast_gateway_delay_seconds_count") == 2
    assert value("gridcast_gateway_delay_seconds_sum") == 0.02
    assert value("gridcast_gateway_known", {"what": "alarm"}) == 3


def test_every_metric_of_the_gateway_is_named_and_described() -> None:
    listed = GatewayMetricList("1.0", "r")
    exposed = text_string_to_metric_families(generate_latest(listed.registry).decode())
    ours = {family.name for family in exposed if family.name.startswith("gridcast_")}
    described = {metric.name.removesuffix("_total") for metric in listed.described}
    assert described == {name for name in ours if not name.endswith("_created")}
    for metric in listed.described:
        assert re.fullmatch(r"gridcast_gateway_[a-z_]+", metric.name)
        assert (metric.type == "counter") == metric.name.endswith("_total")
        assert ("seconds" in metric.name) == (metric.unit == "s")
        assert len(metric.about) > 15


def test_the_page_has_the_table_of_all_metrics_of_the_gateway() -> None:
    wanted = table(GatewayMetricList("", "").described)
    assert wanted in PAGE.read_text("utf-8"), f"docs/reference/metrics.md is to hold:\n{wanted}"
