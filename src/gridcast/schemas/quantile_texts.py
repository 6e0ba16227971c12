"""Write the quantiles of many forecasts as JSON, reusing the text of the previous tick.

Between two slot boundaries only the first step of most forecasts changes: the slot that is still
open. So the text of a row is kept with a placeholder for the first step of each level.

>>> texts, row = QuantileTexts(), np.array([[[0.5, 2.25], [1, 3]]], np.float32)
>>> list(texts.write(["m-1"], row))
[b'[[0.5,2.25],[1.0,3.0]]']
>>> row = row + np.array([0.125, 0], np.float32)
>>> list(texts.write(["m-1"], row))
[b'[[0.625,2.25],[1.125,3.0]]']
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import orjson

WATTS = 1000
"""Forecasts are whole watts, so a kW has three decimals on the wire."""
PLAIN = 1e15
"""Below this, orjson and pydantic write the same text. Above, they write exponents differently."""
SHORT = 1000.0
"""Below this, kW to the watt have at most six digits, which a 32-bit float represents exactly (C's
FLT_DIG). Such numbers need no conversion to double and are written faster."""
PART = 256
"""Number of rows that are rounded at once."""


def rounded(kilowatts: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Round to whole watts."""
    # Halves to even, then the double nearest to the decimal: the same on every machine. Adding
    # zero makes -0.0 the 0.0 that it equals.
    return np.rint(kilowatts.astype(np.float64) * WATTS) / WATTS + 0.0


class QuantileTexts:
    """A writer of one partition's quantiles that keeps the texts of the previous tick.

    It needs about as much memory as the messages of one tick.
    """

    def __init__(self) -> None:
        self._series: list[str] = []
        self._before = np.empty((0, 0, 0), np.float32)
        self._texts: list[bytes] = []

    def write(
        self, series: Sequence[str], quantiles: npt.NDArray[np.float32]
    ) -> Iterator[bytes | None]:
        """Yield the JSON of each row of [series, levels, steps], kW to the watt.

        Yields None for a row with numbers that pydantic would write differently or refuse.
        """
        before, texts = self._before, self._texts
        if self._series != list(series) or before.shape != quantiles.shape:
            before, texts = np.full_like(quantiles, np.nan), [b""] * len(series)
        self._series = []  # an abandoned iteration must not leave half-written texts in use
        for first in range(0, len(series), PART):
            part = slice(first, first + PART)
            now = quantiles[part]
            same = (now[:, :, 1:] == before[part, :, 1:]).all(axis=(1, 2))
            same &= [text != b"" for text in texts[part]]
            for row, text in _with_holes(now, np.flatnonzero(~same)):
                texts[first + row] = text
            steps = rounded(now[:, :, 0])
            plain = np.abs(steps).max(axis=1, initial=0) < PLAIN
            for text, fits, step in zip(texts[part], plain.tolist(), _rows(steps), strict=True):
                yield text % tuple(step.split(b",")) if text and fits else None
        self._series, self._before, self._texts = list(series), quantiles, texts


def _with_holes(
    quantiles: npt.NDArray[np.float32], rows: npt.NDArray[np.intp]
) -> Iterator[tuple[int, bytes]]:
    """Yield the texts of some rows with `%b` for each first step; empty if a row is not plain."""
    numbers = quantiles[rows]
    numbers[:, :, 0] = 0
    largest = np.abs(numbers).max(axis=(1, 2), initial=0)
    for row, most, values in zip(rows.tolist(), largest.tolist(), numbers, strict=True):
        if most < PLAIN:
            # Every level begins with the 0.0 that was just put there.
            levels = [text[3:] for text in _rows(values if most < SHORT else rounded(values))]
            yield row, b"[[%b" + b"],[%b".join(levels) + b"]]"
        else:
            yield row, b""


def _rows(numbers: npt.NDArray[np.floating]) -> list[bytes]:
    """Return the JSON of each row of a non-empty matrix, without its brackets."""
    return _json(np.ascontiguousarray(numbers))[2:-2].split(b"],[")


def _json(numbers: npt.NDArray[np.floating]) -> bytes:
    return orjson.dumps(numbers, option=orjson.OPT_SERIALIZE_NUMPY)
