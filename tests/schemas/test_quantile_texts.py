"""The text of quantiles, kept from tick to tick: what comes out is what a fresh one would write."""

import json

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridcast.schemas.forecast_columns import to_the_watt
from gridcast.schemas.quantile_texts import PART, QuantileTexts

Quantiles = npt.NDArray[np.float32]
names = st.sampled_from("abcd")
kilowatts = st.sampled_from([0.0, -0.0, 0.001, 1.5, -2.25, 999.999, 8388.608, 1e14, 1e15, -1e16])


@st.composite
def ticks(draw: st.DrawFn) -> list[tuple[list[str], Quantiles]]:
    """Draw ticks that mostly resemble the one before."""
    levels, steps = draw(st.integers(1, 3)), draw(st.integers(1, 4))
    found: list[tuple[list[str], Quantiles]] = []
    for _ in range(draw(st.integers(1, 5))):
        if found and bool(draw(st.integers(0, 3))):
            series, quantiles = found[-1][0], found[-1][1].copy()
        else:
            series = draw(st.lists(names, max_size=4, unique=True))
            quantiles = np.zeros((len(series), levels, steps), np.float32)
        for _ in range(draw(st.integers(0, 3)) if quantiles.size else 0):
            at = draw(st.integers(0, quantiles.size - 1))
            quantiles.flat[at] = draw(kilowatts)
        found.append((series, to_the_watt(quantiles)))
    return found


@given(ticks())
@settings(deadline=None)
def test_what_was_kept_changes_no_byte(found: list[tuple[list[str], Quantiles]]) -> None:
    kept = QuantileTexts()
    for series, quantiles in found:
        written = list(kept.write(series, quantiles))
        assert written == list(QuantileTexts().write(series, quantiles))
        for row, text in zip(quantiles, written, strict=True):
            assert (text is None) == bool((np.abs(row.astype(np.float64)) >= 1e15).any())
            if text is not None:
                assert np.array_equal(np.array(json.loads(text), np.float32), row)


def test_more_rows_than_are_rounded_at_once() -> None:
    quantiles = np.arange(2 * (PART + 3) * 3, dtype=np.float32).reshape(PART + 3, 2, 3)
    series, kept = [f"m-{row}" for row in range(len(quantiles))], QuantileTexts()
    for _ in range(2):
        texts = [json.loads(text or b"") for text in kept.write(series, quantiles)]
        assert texts == quantiles.tolist()
        quantiles = quantiles + np.float32(1) * (np.arange(len(series)) % 7 == 0)[:, None, None]


def test_every_load_below_a_megawatt_is_written_as_its_decimals() -> None:
    watts = np.arange(1_000_000).reshape(1000, 10, 100)
    quantiles = (np.where(watts % 2, watts, -watts) / 1000).astype(np.float32)
    texts = QuantileTexts().write([f"m-{row}" for row in range(1000)], to_the_watt(quantiles))
    for row, text in zip(watts, texts, strict=True):
        assert json.loads(text or b"") == (np.where(row % 2, row, -row) / 1000).tolist()


def test_who_stops_in_the_middle_has_written_nothing() -> None:
    series, kept = ["a", "b"], QuantileTexts()
    list(kept.write(series, np.ones((2, 1, 2), np.float32)))
    next(kept.write(series, np.full((2, 1, 2), 2, np.float32)))
    written = list(kept.write(series, np.ones((2, 1, 2), np.float32)))
    assert written == [b"[[1.0,1.0]]"] * 2


@pytest.mark.parametrize("steps", [1, 2])
def test_what_is_no_number_is_left_to_the_model(steps: int) -> None:
    quantiles = np.full((1, 1, steps), np.nan, np.float32)
    kept = QuantileTexts()
    assert list(kept.write(["a"], quantiles)) == [None]
    assert list(kept.write(["a"], quantiles)) == [None]
