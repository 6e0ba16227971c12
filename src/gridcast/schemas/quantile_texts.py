"""The quantiles of many forecasts as JSON; what was written a tick ago is not written again.

From one minute to the next only the first step of most forecasts changes: the slot that is still
open. So the text of a row is kept with holes where its first steps stand.

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
"""Forecasts are whole watts: on the wire a kW has three decimals."""
PLAIN = 1e15
"""Below this, orjson and pydantic write a float alike; above, one of them writes 1e16 as 1e+16."""
SHORT = 1000.0
"""Below this, kW to the watt have six digits at most, and those a 32-bit float gives back as they
are (C's FLT_DIG): it need not be made a double first, and is written faster."""
PART = 256
"""Rows that are rounded at once."""


def rounded(kilowatts: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Round to whole watts."""
    # Halves to even, then the double nearest to the decimal: the same on every machine. Adding
    # zero makes -0.0 the 0.0 that it equals.
    return np.rint(kilowatts.astype(np.float64) * WATTS) / WATTS + 0.0


class QuantileTexts:
    """Writes the quantiles of one partition's forecasts, tick after tick.

    It keeps about as many bytes as one tick's messages have.
    """

    def __init__(self) -> None:
        self._series: list[str] = []
        self._before = np.empty((0, 0, 0), np.float32)
        self._texts: list[bytes] = []

    def write(
        self, series: Sequence[str], quantiles: npt.NDArray[np.float32]
    ) -> Iterator[bytes | None]:
        """Give the text of each row of [series, levels, steps], kW to the watt.

        None for a row that is not plain numbers: pydantic would write it differently, or refuse it.
        """
        before, texts = self._before, self._texts
        if self._series != list(series) or before.shape != quantiles.shape:
            before, texts = np.full_like(quantiles, np.nan), [b""] * len(series)
        self._series = []  # until all is written: who stops in the middle has written nothing
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
    """Write some rows, with a hole for each first step; nothing for one that is not plain."""
    numbers = quantiles[rows]
    numbers[:, :, 0] = 0
    largest = np.abs(numbers).max(axis=(1, 2), initial=0)
    for row, most, one in zip(rows.tolist(), largest.tolist(), numbers, strict=True):
        if most < PLAIN:
            # Every level begins with the 0.0 that was just put there.
            levels = [text[3:] for text in _rows(one if most < SHORT else rounded(one))]
            yield row, b"[[%b" + b"],[%b".join(levels) + b"]]"
        else:
            yield row, b""


def _rows(numbers: npt.NDArray[np.floating]) -> list[bytes]:
    """Write each row of a matrix that is not empty, without its brackets."""
    return _json(np.ascontiguousarray(numbers))[2:-2].split(b"],[")


def _json(numbers: npt.NDArray[np.floating]) -> bytes:
    return orjson.dumps(numbers, option=orjson.OPT_SERIALIZE_NUMPY)
