"""Scores as columns are the same bytes as scores as messages."""

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gridcast.schemas import Rung, Score
from gridcast.schemas.score_columns import LARGEST, ScoreColumns, Scored

HOUR = 1_774_785_600_000
MAKERS = (
    Scored(Rung.MODEL, "box", "2026.3"),
    Scored(Rung.MODEL, "box", "2026.4", challenger=True),
    Scored(Rung.LAST_LEVEL),
)
ENTRIES = 6
SUMS = arrays(np.float64, ENTRIES, elements=st.floats(0, 1e300))


def columns(error: np.ndarray, naive_error: np.ndarray, count: int = 4) -> ScoreColumns:
    ones = np.ones(ENTRIES)
    return ScoreColumns(
        hour_ms=HOUR,
        bands=((0, 60), (60, 180)),
        makers=MAKERS,
        series=["a", "b-2"],
        entry_of=np.array([0, 0, 0, 0, 1, 1]),
        band=np.array([0, 0, 1, 1, 0, 1]),
        made_by=np.array([0, 1, 0, 2, 0, 2]),
        count=np.full(ENTRIES, count),
        error=error,
        bias=-error,
        pinball=error / 2,
        naive_error=naive_error,
        inside=3 * ones,
        inside_raw=np.where(ones > 0, np.nan, ones),
    )


@given(SUMS, SUMS, st.integers(1, 1000))
def test_columns_write_the_bytes_of_their_messages(
    error: Any, naive_error: Any, count: int
) -> None:
    found = columns(error, naive_error, max(count, 3))
    for row, (key, value) in enumerate(found.messages()):
        message = found.message(row)
        assert value == message.to_bytes()
        assert Score.from_bytes(value) == message
        assert key == message.key


def test_means_are_told_to_a_tenth_of_a_watt_and_what_is_unknown_is_null() -> None:
    found = columns(np.full(ENTRIES, 0.12345), np.full(ENTRIES, np.nan))
    (band, *_) = found.message(1).bands
    assert (band.mae_kw, band.bias_kw, band.naive_mae_kw) == (0.0309, -0.0309, None)
    assert (band.coverage_90, band.coverage_90_raw, band.count) == (0.75, None, 4)
    assert (band.model, band.release, band.challenger) == ("box", "2026.3", False)
    assert [entry.challenger for entry in found.message(0).bands] == [False, True, False, False]


def test_what_is_larger_than_any_grid_is_told_as_the_largest() -> None:
    found = columns(np.full(ENTRIES, 1e300), np.ones(ENTRIES))
    assert found.message(0).bands[0].mae_kw == LARGEST
