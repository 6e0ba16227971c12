"""Releases answer where they can, and the rungs under them where they cannot."""

import numpy as np
import pytest

pytest.importorskip("onnx", reason="needs gridcast[train]")

from support.answering import NOW, ONE, OTHER, PLAIN, daily, fed, forecaster, serving, told
from support.contracts import contract_of
from support.networks import lstm_graph

from gridcast.models.features import Inputs
from gridcast.models.grid import Grid
from gridcast.models.network import Network
from gridcast.models.partition import Tick
from gridcast.models.seal import seal
from gridcast.models.serving import LoadedRelease, ServingModels, TickContext
from gridcast.schemas import GridSeries, Rung


def test_the_model_answers_for_who_has_a_window_and_a_rung_under_it_for_the_rest() -> None:
    found = told(forecaster().forecast(fed(daily("a") + daily("new", 5)), Tick(NOW), serving()))
    known, new = found["a"], found["new"]
    assert (known.rung, known.reason) == (Rung.MODEL, None)
    assert (known.model, known.release) == ("small", "one")
    assert (new.rung, new.model, new.release) == (Rung.LAST_LEVEL, None, None)
    assert new.reason == "less than a day measured"


def test_where_no_model_is_served_the_forecast_says_what_the_duty_says() -> None:
    context = TickContext(models=ServingModels(reason="release one is refused: cut short"))
    found = told(forecaster().forecast(fed(daily("a")), Tick(NOW), context))["a"]
    assert (found.rung, found.reason) == (
        Rung.SEASONAL_PROFILE,
        "release one is refused: cut short",
    )


def test_each_kind_of_series_has_its_own_model() -> None:
    grid = Grid()
    grid.declare(GridSeries(series="f", kind="feeder"))
    context = TickContext(grid, ServingModels({"feeder": OTHER, None: ONE}))
    found = told(forecaster().forecast(fed(daily("a") + daily("f")), Tick(NOW), context))
    assert (found["a"].release, found["f"].release) == ("one", "other")


def test_a_kind_without_a_model_is_answered_by_a_rung_under_it() -> None:
    context = TickContext(models=ServingModels({"feeder": OTHER}))
    found = told(forecaster().forecast(fed(daily("a")), Tick(NOW), context))["a"]
    assert (found.rung, found.reason) == (Rung.SEASONAL_PROFILE, "no model is served")


def test_how_many_threads_work_changes_nothing() -> None:
    rows = [reading for n in range(300) for reading in daily(f"s{n}", 8 * 24 - n % 7)]
    partition = fed(rows)
    alone = forecaster(1).forecast(partition, Tick(NOW), serving())
    together = forecaster(3).forecast(partition, Tick(NOW), serving())
    assert list(alone.messages()) == list(together.messages())


def test_a_network_that_gives_no_number_is_not_believed() -> None:
    class Broken(Network):
        def forecast(self, inputs: Inputs, memory: np.ndarray | None = None) -> np.ndarray:
            return np.full_like(super().forecast(inputs, memory), np.nan)

    network = Network.load(seal(lstm_graph(PLAIN), contract_of(PLAIN)))
    network.__class__ = Broken
    found = told(
        forecaster().forecast(fed(daily("a")), Tick(NOW), serving(LoadedRelease("m", "1", network)))
    )
    assert found["a"].rung is Rung.SEASONAL_PROFILE
    assert found["a"].reason == "the model cannot use its window"
