"""The report's figures, recomputed by others from the files that lie beside it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow.parquet as pq
import pytest
import scoringrules
from sklearn import metrics
from support.backtests import Ran
from support.recordings import DAY, HOUR, make_recording

LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
COLUMNS = ("q05", "q10", "q25", "q50", "q75", "q90", "q95")
FIRST = np.datetime64("2026-01-22", "ms").astype(np.int64)


@dataclass(frozen=True)
class Loads:
    """Loads and what was forecast of them, in a row."""

    series: np.ndarray
    lead: np.ndarray
    tick: np.ndarray
    begin: np.ndarray
    rung: np.ndarray
    truth: np.ndarray
    quantiles: np.ndarray

    def where(self, which: np.ndarray) -> "Loads":
        return Loads(*(getattr(self, name)[which] for name in self.__dataclass_fields__))

    @property
    def median(self) -> np.ndarray:
        return self.quantiles[:, 3]


@pytest.fixture(scope="module", params=["box", "none"])
def loads(request: pytest.FixtureRequest, ran: Ran) -> tuple[str, Loads]:
    rows = pq.read_table(ran.report / "truth.parquet").to_pylist()
    came = {(row["series"], row["time"]): row["value"] for row in rows}
    assert len(came) == len(rows)
    table = pq.read_table(sorted((ran.report / "forecasts").glob(f"{request.param}-*.parquet")))
    return request.param, Loads(*map(np.array, zip(*_loads(table.to_pylist(), came), strict=True)))


def _loads(
    forecasts: list[dict[str, Any]], came: dict[tuple[str, datetime], float]
) -> Iterator[tuple[Any, ...]]:
    for row in forecasts:
        assert row["tick"] == row["first"]
        for lead in range(24):
            begin = row["first"] + timedelta(hours=lead)
            truth = came.get((row["series"], begin))
            if truth is not None:
                quantiles = [row[name][lead] for name in COLUMNS]
                yield row["series"], lead, row["tick"], begin, row["rung"], truth, quantiles


@pytest.fixture(scope="module")
def evaluation(ran: Ran) -> dict[str, Any]:
    figures: dict[str, Any] = json.loads((ran.report / "evaluation.json").read_text("utf-8"))
    return figures


def test_errors_of_one_number_are_those_of_scikit_learn(
    loads: tuple[str, Loads], evaluation: dict[str, Any]
) -> None:
    name, of = loads
    told = evaluation["scores"][name]
    assert told["count"] == len(of.truth)
    assert told["mae"] == pytest.approx(metrics.mean_absolute_error(of.truth, of.median), 1e-5)
    rmse = metrics.root_mean_squared_error(of.truth, of.median)
    assert told["rmse"] == pytest.approx(rmse, 1e-5)
    mape = 100 * metrics.mean_absolute_percentage_error(of.truth, of.median)
    assert told["mape"] == pytest.approx(mape, 1e-5)
    smape = 200 * np.mean(np.abs(of.truth - of.median) / (np.abs(of.truth) + np.abs(of.median)))
    assert told["smape"] == pytest.approx(smape, 1e-5)
    at = of.where(of.lead == 23)
    mape = 100 * metrics.mean_absolute_percentage_error(at.truth, at.median)
    assert told["mape_24h"] == pytest.approx(mape, 1e-5)


def test_the_scaled_error_is_scaled_by_what_yesterday_missed_before_the_first_tick(
    loads: tuple[str, Loads], evaluation: dict[str, Any]
) -> None:
    name, of = loads
    arrivals = make_recording(series=3, days=26).arrivals
    scaled = []
    for number in range(3):
        own = (arrivals.series == number) & (arrivals.time_ms < FIRST)
        value = arrivals.value[own]
        naive = np.abs(value[DAY // HOUR :] - value[: -DAY // HOUR]).mean()
        part = of.where(of.series == f"s-{number}")
        scaled.append(np.abs(part.truth - part.median) / naive)
    assert evaluation["scores"][name]["mase"] == pytest.approx(np.concatenate(scaled).mean(), 1e-4)


def test_r2_of_each_series_is_that_of_scikit_learn(
    loads: tuple[str, Loads], evaluation: dict[str, Any]
) -> None:
    name, of = loads
    for series, told in evaluation["by"]["series"][name].items():
        part = of.where(of.series == series)
        assert told["r2"] == pytest.approx(metrics.r2_score(part.truth, part.median), 1e-4)


def test_pinball_and_crps_are_those_of_scikit_learn_and_scoringrules(
    loads: tuple[str, Loads], evaluation: dict[str, Any]
) -> None:
    name, of = loads
    told = evaluation["scores"][name]
    losses = [
        metrics.mean_pinball_loss(of.truth, of.quantiles[:, place], alpha=level)
        for place, level in enumerate(LEVELS)
    ]
    assert told["pinball"] == pytest.approx(np.mean(losses), 1e-5)
    one = scoringrules.quantile_score(of.truth, of.quantiles[:, 0], LEVELS[0]).mean()
    assert losses[0] == pytest.approx(one, 1e-9)
    # The distribution between the quantiles, as very many equally likely loads.
    probability = (np.arange(1000) + 0.5) / 1000
    members = np.stack([np.interp(probability, LEVELS, row) for row in of.quantiles])
    crps = scoringrules.crps_ensemble(of.truth, members).mean()
    assert told["crps"] == pytest.approx(crps, 0.005)


def test_coverage_and_width_by_horizon_and_the_shares_below_each_quantile(
    loads: tuple[str, Loads], evaluation: dict[str, Any]
) -> None:
    name, of = loads
    for group, told in evaluation["by"]["horizon"][name].items():
        part = of.where(of.lead == round(float(group.removesuffix(" h"))) - 1)
        low, high = part.quantiles[:, 0], part.quantiles[:, -1]
        inside = (part.truth >= low) & (part.truth <= high)
        assert told["coverage_90"] == pytest.approx(100 * inside.mean(), 1e-6)
        assert told["width_90"] == pytest.approx((high - low).mean(), 1e-4)
    below = (of.truth[:, None] < of.quantiles).mean(axis=0)
    assert evaluation["reliability"][name] == pytest.approx(below.tolist(), abs=1e-3)


@pytest.mark.parametrize(("what", "form"), [("hour", "%H:00"), ("weekday", "%A"), ("month", "%B")])
def test_groups_are_those_of_the_local_time_of_the_slot(
    loads: tuple[str, Loads], evaluation: dict[str, Any], what: str, form: str
) -> None:
    name, of = loads
    group = np.array([one.astimezone(ZoneInfo("Europe/Berlin")).strftime(form) for one in of.begin])
    told = evaluation["by"][what][name]
    assert set(told) == set(group)
    for label, scores in told.items():
        part = of.where(group == label)
        assert scores["count"] == len(part.truth)
        error = metrics.mean_absolute_error(part.truth, part.median)
        assert scores["mae"] == pytest.approx(error, 1e-5)
        losses = [
            scoringrules.quantile_score(part.truth, part.quantiles[:, place], level).mean()
            for place, level in enumerate(LEVELS)
        ]
        assert scores["pinball"] == pytest.approx(np.mean(losses), 1e-5)


def test_rungs_are_as_the_forecasts_say(
    loads: tuple[str, Loads], evaluation: dict[str, Any]
) -> None:
    name, of = loads
    told = evaluation["by"]["rung"][name]
    assert set(told) == set(of.rung)
    for rung, scores in told.items():
        part = of.where(of.rung == rung)
        rmse = metrics.root_mean_squared_error(part.truth, part.median)
        assert scores["rmse"] == pytest.approx(rmse, 1e-5)


def test_peaks_are_the_highest_load_of_each_horizon(
    loads: tuple[str, Loads], evaluation: dict[str, Any]
) -> None:
    name, of = loads
    off, hours = [], []
    for series, tick in sorted(set(zip(of.series, of.tick, strict=True))):
        one = of.where((of.series == series) & (of.tick == tick))
        if len(one.truth) == 24:
            high = one.truth.max()
            off.append(100 * abs(one.median.max() - high) / high)
            hours.append(abs(one.lead[one.truth.argmax()] - one.lead[one.median.argmax()]))
    told = evaluation["peaks"][name]
    assert told["count"] == len(off)
    assert told["error_percent"] == pytest.approx(np.mean(off), 1e-5)
    assert told["hours_off"] == pytest.approx(np.mean(hours), 1e-5)
