"""A small archive: two series of different size, a wave a day, quieter weekends, some noise."""

import numpy as np
import pytest

from gridcast.models.archive import Archive
from gridcast.models.features import FeatureBuilder, FeatureSpec
from gridcast.schemas import GridSeries

START_MS = 1_672_617_600_000  # Monday 2 January 2023


def wave(hours: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    weekend = (hours // 24 % 7) >= 5
    slow = np.convolve(rng.normal(size=len(hours) + 47), np.ones(48) / 48, "valid")
    shape = 10 + 4 * np.sin(hours / 24 * 2 * np.pi) - 2.0 * weekend
    load: np.ndarray = shape + 2 * slow + rng.normal(0, 0.1, len(hours))
    return load


@pytest.fixture(scope="session")
def archive() -> Archive:
    rng = np.random.default_rng(7)
    hours = np.arange(120 * 24)
    mean = np.stack([wave(hours, rng), 100 * wave(hours, rng)], axis=1)
    mean[1000:1030, 0] = np.nan
    series = (GridSeries(series="small"), GridSeries(series="large", time_zone="Europe/Berlin"))
    return Archive.of(START_MS, 60, series, mean)


@pytest.fixture(scope="session")
def builder() -> FeatureBuilder:
    return FeatureBuilder(FeatureSpec(day_of_year=False, horizon_hours=6))
