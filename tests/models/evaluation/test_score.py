"""The table of scores, and the same by any grouping."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from gridcast.models.evaluation.score import score, scores_by, scores_by_lead, table
from gridcast.models.evaluation.verified_forecasts import Scales, VerifiedForecasts
from gridcast.schemas import GridSeries
from gridcast.units import HOUR_MS

LEVELS = (0.05, 0.5, 0.95)
SCALES = Scales(size=np.array([100.0, 10.0]), naive=np.array([5.0, 1.0]))


def verified(
    truth: npt.ArrayLike,
    median: npt.ArrayLike,
    half_width: float = 10.0,
    row: npt.ArrayLike | None = None,
    hours: Any = None,
) -> VerifiedForecasts:
    truth, median = np.asarray(truth, float), np.asarray(median, float)
    count = len(truth)
    return VerifiedForecasts(
        series=[GridSeries(series="large"), GridSeries(series="small")],
        row=np.zeros(count, int) if row is None else np.asarray(row),
        origin_ms=HOUR_MS * np.asarray(range(count) if hours is None else hours, np.int64),
        step_minutes=60,
        leads=np.arange(truth.shape[1]),
        levels=LEVELS,
        truth=truth,
        quantiles=np.stack([median - half_width, median, median + half_width], axis=-1),
    )


def test_the_whole_row_of_a_table_by_hand() -> None:
    one = verified([[100.0, 200.0], [100.0, math.nan]], [[110.0, 180.0], [100.0, 1.0]])
    found = score(one, SCALES)
    assert found["count"] == 3
    assert found["mae"] == pytest.approx(10)
    assert found["mape"] == pytest.approx(100 * 0.2 / 3)
    assert found["mape_1h"] == pytest.approx(5)
    assert found["mape_6h"] is None
    assert found["mase"] == pytest.approx(2)
    assert found["coverage_90"] == pytest.approx(100 * 2 / 3)
    assert found["width_90"] == pytest.approx(20)
    level = 400 / 3
    varied = 2 * (100 - level) ** 2 + (200 - level) ** 2
    assert found["r2"] == pytest.approx(1 - 500 / varied)


def test_each_lead_is_scored_for_itself_and_one_that_nobody_measured_is_none() -> None:
    one = verified([[100.0, math.nan, 200.0]] * 2, [[110.0, 1.0, 180.0]] * 2)
    by_lead = scores_by_lead(one, SCALES)
    assert by_lead["mae"] == [10, None, 20]
    assert by_lead["mape"] == [pytest.approx(10), None, pytest.approx(10)]


def test_the_groups_together_are_the_whole() -> None:
    rng = np.random.default_rng(0)
    truth = 100 + rng.normal(0, 10, (50, 24))
    truth[rng.random(truth.shape) < 0.2] = math.nan
    one = verified(truth, np.full(truth.shape, 100.0))
    groups: dict[int, dict[str, Any]] = scores_by(one, SCALES, rng.integers(0, 5, truth.shape))
    total: dict[str, Any] = score(one, SCALES)
    assert sum(group["count"] for group in groups.values()) == total["count"]
    for name in ("mae", "mape", "pinball", "crps", "coverage_90"):
        weighted = sum(group["count"] * group[name] for group in groups.values())
        assert weighted / total["count"] == pytest.approx(total[name])


def test_every_series_is_scaled_by_its_own_size() -> None:
    one = verified([[100.0], [10.0]], [[105.0], [9.0]], row=[0, 1])
    assert score(one, SCALES)["mase"] == pytest.approx(1)


def test_forecasters_that_were_asked_for_other_samples_are_not_compared() -> None:
    one = verified([[100.0]] * 3, [[100.0]] * 3)
    assert set(table({"a": one, "b": one}, SCALES)) == {"a", "b"}
    for other in (
        replace(one, origin_ms=one.origin_ms + 1),
        replace(one, row=one.row + 1),
        replace(one, truth=one.truth + 1),
    ):
        with pytest.raises(ValueError, match="b has forecast other samples"):
            table({"a": one, "b": other}, SCALES)


def test_losses_of_an_origin_are_averaged_and_a_missing_origin_is_no_loss() -> None:
    one = verified([[1.0, 3.0], [5.0, math.nan], [7.0, 9.0]], np.zeros((3, 2)), hours=[0, 0, 3])
    one = replace(one, origin_ms=np.array([0, 0, 3]) * HOUR_MS)
    other = replace(one, origin_ms=np.array([0, 1, 3]) * HOUR_MS)
    assert one.of_origins(np.abs(one.truth))[1].tolist() == [3, 8]
    at, loss = other.of_origins(np.abs(other.truth))
    assert at.tolist() == [0, HOUR_MS, 2 * HOUR_MS, 3 * HOUR_MS]
    assert loss[[0, 1, 3]].tolist() == [2, 5, 8]
    assert math.isnan(loss[2])


def test_a_day_of_23_hours_is_still_a_day_between_two_origins() -> None:
    hours = np.cumsum([0, 24, 24, 23, 24, 25, 24])
    one = verified(np.ones((7, 1)), np.zeros((7, 1)), hours=hours)
    at, loss = one.of_origins(np.arange(7.0)[:, None], apart_ms=24 * HOUR_MS)
    assert loss.tolist() == list(range(7))
    assert (np.diff(at) == 24 * HOUR_MS).all()


def test_scales_come_from_what_is_known() -> None:
    train = np.array([[1.0, math.nan], [-3.0, math.nan], [2.0, math.nan]])
    scales = Scales.of(train, day=1)
    assert scales.size[0] == 2
    assert scales.naive[0] == 4.5
    assert np.isnan([scales.size[1], scales.naive[1]]).all()


def test_forecasts_that_do_not_fit_the_truth_are_refused() -> None:
    one = verified([[100.0]], [[100.0]])
    with pytest.raises(ValueError, match="samples and leads"):
        replace(one, truth=np.ones((1, 2)))
    with pytest.raises(ValueError, match="median"):
        replace(one, levels=(0.1, 0.4, 0.9))
