"""A release reads all hours but the newest in the minutes before a slot begins."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("onnx", reason="needs gridcast[train]")

from support.answering import (
    HOUR,
    MINUTE,
    NOW,
    PLAIN,
    SEES_WEATHER,
    daily,
    fed,
    forecaster,
    row,
    serving,
    sky,
)
from support.plain_windows import columns
from support.training import untrained

from gridcast.models.features import FeatureSpec, Inputs
from gridcast.models.network import Network
from gridcast.models.partition import Tick
from gridcast.models.serving import LoadedRelease


class Reading(Network):
    """Counts what it reads, and for how many series it was told what it had read."""

    def __init__(self, *given: object) -> None:
        super().__init__(*given)  # type: ignore[arg-type]
        self.read: list[int] = []
        self.told = 0

    def encode(self, inputs: Inputs) -> np.ndarray:
        self.read.append(len(inputs))
        return super().encode(inputs)

    def forecast(self, inputs: Inputs, memory: np.ndarray | None = None) -> np.ndarray:
        self.told += 0 if memory is None else len(memory)
        return super().forecast(inputs, memory)


def reading(features: FeatureSpec) -> tuple[LoadedRelease, Reading]:
    network = Reading.load(untrained(features))
    network.read, network.told = [], 0
    return LoadedRelease("small", "reads", network), network


@pytest.mark.parametrize("features", [PLAIN, SEES_WEATHER])
def test_hours_are_read_in_the_minutes_before_and_not_where_a_slot_begins(
    features: FeatureSpec,
) -> None:
    one, network = reading(features)
    weather, context = sky(NOW - 3 * HOUR), serving(one)
    names = [f"s{n}" for n in range(100)]
    partition, made = fed([row for name in names for row in daily(name)]), forecaster()
    for minute in range(60):
        partition.windows.fold(columns([row(NOW + minute * MINUTE, name) for name in names]))
        partition.windows.advance(NOW + minute * MINUTE)
        context = replace(context, weather=weather.at(NOW + minute * MINUTE))
        made.forecast(partition, Tick(NOW + minute * MINUTE), context)
    assert sum(network.read) == 100
    assert max(network.read) == 2
    partition.windows.advance(NOW + HOUR)
    context = replace(context, weather=weather.at(NOW + HOUR))
    lived = made.forecast(partition, Tick(NOW + HOUR), context)
    assert network.told == 100
    assert sum(network.read) == 100
    fresh = forecaster().forecast(partition, Tick(NOW + HOUR), context)
    assert list(lived.messages()) == list(fresh.messages())


def test_what_a_late_reading_has_changed_is_read_anew() -> None:
    one, network = reading(PLAIN)
    context = serving(one)
    partition, made = fed(daily("a") + daily("b")), forecaster()
    for minute in range(60):
        partition.windows.advance(NOW + minute * MINUTE)
        made.forecast(partition, Tick(NOW + minute * MINUTE), context)
    assert network.read == [1, 1]
    partition.windows.fold(columns([row(NOW - 5 * HOUR + MINUTE, "b", 99.0)]))
    partition.windows.advance(NOW + HOUR)
    lived = made.forecast(partition, Tick(NOW + HOUR), context)
    assert network.read == [1, 1, 1]
    fresh = forecaster().forecast(partition, Tick(NOW + HOUR), context)
    assert list(lived.messages()) == list(fresh.messages())
