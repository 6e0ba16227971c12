"""Forecasts of one tick for many series, as columns, and their messages: no object a series.

>>> import numpy as np
>>> columns = ForecastColumns(
...     tick_ms=1_767_225_600_000,
...     first_ms=1_767_225_600_000,
...     step_minutes=60,
...     levels=(0.05, 0.5, 0.95),
...     closed_by=ClosedBy.WATERMARK,
...     series=["m-1"],
...     quantiles=to_the_watt(np.array([[[0.2, 0.25], [0.5, 0.61], [1.04, 1.12999]]])),
...     makers=(Maker(Rung.LAST_LEVEL, "less than a day measured"),),
...     made_by=np.zeros(1, np.uint16),
...     newest_ms=np.array([1_767_225_540_000]),
...     measured=np.array([0.125]),
... )
>>> key, value = next(columns.messages())
>>> value == columns.message(0).to_bytes()
True
>>> columns.message(0).quantiles[2]
[1.04, 1.13]
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from gridcast.schemas.bounds import NEVER
from gridcast.schemas.fields import write_time
from gridcast.schemas.forecast import ClosedBy, Forecast, Rung
from gridcast.schemas.quantile_texts import WATTS, QuantileTexts, rounded
from gridcast.units import utc_time

__all__ = ["WATTS", "ForecastColumns", "Maker", "to_the_watt"]

SHARES = 1000
"""A measured share has three decimals."""


def to_the_watt(kilowatts: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    """Round to whole watts, as the wire carries them.

    A 32-bit float is enough: it and the rounded value determine each other.
    """
    return np.asarray(rounded(kilowatts), np.float32)


@dataclass(frozen=True, slots=True)
class Maker:
    """The forecaster and weather run behind a forecast. The fields are those of `Forecast`."""

    rung: Rung
    reason: str | None = None
    model: str | None = None
    release: str | None = None
    weather_issued_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ForecastColumns:
    """The forecasts of a partition at one tick, one row per series."""

    tick_ms: int
    first_ms: int
    step_minutes: int
    levels: tuple[float, ...]
    closed_by: ClosedBy
    series: Sequence[str]
    quantiles: npt.NDArray[np.float32]
    """kW, to the watt: [series, levels, steps]."""
    makers: tuple[Maker, ...]
    """All makers of these forecasts."""
    made_by: npt.NDArray[np.uint16]
    """Index into `makers` for each row."""
    newest_ms: npt.NDArray[np.int64]
    """Time of each series' newest reading; `NEVER` if there is none."""
    measured: npt.NDArray[np.float64]
    """Share of each window that was measured."""

    def __len__(self) -> int:
        return len(self.series)

    def message(self, row: int) -> Forecast:
        """Return one row as a message."""
        maker = self.makers[self.made_by[row]]
        newest_ms = int(self.newest_ms[row])
        return self._message(
            maker,
            series=self.series[row],
            quantiles=rounded(self.quantiles[row]).tolist(),
            newest_reading=None if newest_ms == NEVER else utc_time(newest_ms),
            measured=round(float(self.measured[row]) * SHARES) / SHARES,
        )

    def _message(self, maker: Maker, **row: object) -> Forecast:
        return Forecast.model_validate(
            {
                "tick": utc_time(self.tick_ms),
                "first": utc_time(self.first_ms),
                "step_minutes": self.step_minutes,
                "levels": list(self.levels),
                "rung": maker.rung,
                "reason": maker.reason,
                "model": maker.model,
                "release": maker.release,
                "closed_by": self.closed_by,
                "weather_issued_at": maker.weather_issued_at,
            }
            | row
        )

    def messages(self, texts: QuantileTexts | None = None) -> Iterator[tuple[bytes, bytes]]:
        """Yield key and canonical bytes of each row: the bytes of `message(row).to_bytes()`.

        Pass the texts of the previous tick to write only what changed.
        """
        frames = {n: self._frame(self.makers[n]) for n in np.unique(self.made_by).tolist()}
        times = {ms: _newest(ms) for ms in set(self.newest_ms.tolist())}
        shares = np.rint(self.measured * SHARES) / SHARES
        columns = (self.made_by.tolist(), self.newest_ms.tolist(), shares.tolist())
        numbers = (texts or QuantileTexts()).write(self.series, self.quantiles)
        rows = zip(self.series, numbers, *columns, strict=True)
        for row, (series, quantiles, maker, newest_ms, share) in enumerate(rows):
            name = series.encode()
            if quantiles is None:
                yield name, self.message(row).to_bytes()
                continue
            a, b, c, d, e = frames[maker]
            measured = repr(share).encode()
            yield name, b"".join((a, name, b, quantiles, c, times[newest_ms], d, measured, e))

    def _frame(self, maker: Maker) -> list[bytes]:
        """Cut a template message at the row's own values. The model alone defines the format."""
        nothing = [[0.0]] * len(self.levels)
        rest = self._message(maker, series="-", quantiles=nothing, measured=0.0).to_bytes()
        pieces = []
        for field, value in (
            (b'"series":', b'"-"'),
            (b'"quantiles":', json.dumps(nothing, separators=(",", ":")).encode()),
            (b'"newest_reading":', b"null"),
            (b'"measured":', b"0.0"),
        ):
            before, rest = rest.split(field + value, 1)
            pieces.append(before + field)
        pieces[0] += b'"'
        pieces[1] = b'"' + pieces[1]
        return [*pieces, rest]


def _newest(ms: int) -> bytes:
    return b"null" if ms == NEVER else f'"{write_time(utc_time(ms))}"'.encode()
