"""Scores of one hour for many series, as columns, and their messages.

>>> import numpy as np
>>> ones = np.ones(1)
>>> columns = ScoreColumns(
...     hour_ms=1_767_225_600_000,
...     bands=((0, 60), (60, 180)),
...     makers=(Scored(Rung.SEASONAL_PROFILE),),
...     series=["m-1"],
...     entry_of=np.zeros(1, np.int64),
...     band=np.ones(1, np.int64),
...     made_by=np.zeros(1, np.int64),
...     count=4 * ones.astype(np.int64),
...     error=ones,
...     bias=-ones,
...     pinball=ones / 8,
...     naive_error=ones * np.nan,
...     inside=3 * ones,
...     inside_raw=2 * ones,
... )
>>> key, value = next(columns.messages())
>>> value == columns.message(0).to_bytes()
True
>>> columns.message(0).bands[0].mae_kw, columns.message(0).bands[0].coverage_90
(0.25, 0.75)
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
import numpy as np

from gridcast.schemas.forecast import Rung
from gridcast.schemas.score import BandScore, Score
from gridcast.units import Doubles, Ints, utc_time

DECIMALS = 10_000
"""A score has four decimals on the wire: a tenth of a watt."""
LARGEST = 1e14
"""kW. Larger values are clipped to this, which msgspec and pydantic write the same way."""


class Scored(NamedTuple):
    """The forecaster that was scored. The fields are those of `BandScore`."""

    rung: Rung
    model: str | None = None
    release: str | None = None
    challenger: bool = False


@dataclass(frozen=True, slots=True)
class ScoreColumns:
    """The scores of one hour as sums, one entry per `BandScore`."""

    hour_ms: int
    bands: tuple[tuple[int, int], ...]
    """Nearest and farthest lead of each band in minutes; the latter is exclusive."""
    makers: tuple[Scored, ...]
    series: Sequence[str]
    entry_of: Ints
    """Index of each entry's series, rising."""
    band: Ints
    made_by: Ints
    count: Ints
    error: Doubles
    """Sum of the median's absolute errors, kW."""
    bias: Doubles
    pinball: Doubles
    naive_error: Doubles
    """NaN if it is not known for every forecast that was counted."""
    inside: Doubles
    """Number of values inside the 90 % interval; NaN if the levels hold no such interval."""
    inside_raw: Doubles

    def __len__(self) -> int:
        return len(self.series)

    def message(self, row: int) -> Score:
        """Return the scores of one series as a message."""
        chosen = np.flatnonzero(self.entry_of == row)
        bands = [BandScore.model_validate(entry) for entry in self._entries(chosen)]
        return Score(series=self.series[row], hour=self._hour, bands=bands)

    def messages(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield key and canonical bytes of each series: the bytes of `message(row).to_bytes()`."""
        write = msgspec.json.Encoder().encode
        head, tail = Score(series="-", hour=self._hour, bands=[]).to_bytes().split(b'"-"')
        between, end = tail.split(b"[]")
        entries = self._entries(np.arange(len(self.count)))
        cuts = np.searchsorted(self.entry_of, np.arange(len(self) + 1)).tolist()
        for row, series in enumerate(self.series):
            name = series.encode()
            bands = write(entries[cuts[row] : cuts[row + 1]])
            yield name, b"".join((head, b'"', name, b'"', between, bands, end))

    @property
    def _hour(self) -> object:
        return utc_time(self.hour_ms)

    def _entries(self, chosen: Ints) -> list[dict[str, object]]:
        """Return entries as the fields of `BandScore`, in its order."""
        names = ("from_minutes", "to_minutes", *Scored._fields, "count", *_MEANS)
        minutes, makers = self.bands, self.makers
        columns = [self._mean(getattr(self, name), chosen) for name in _MEANS.values()]
        numbers = zip(
            self.band[chosen].tolist(),
            self.made_by[chosen].tolist(),
            self.count[chosen].tolist(),
            *columns,
            strict=True,
        )
        return [
            dict(zip(names, (*minutes[band], *makers[maker], *rest), strict=True))
            for band, maker, *rest in numbers
        ]

    def _mean(self, total: Doubles, chosen: Ints) -> list[float | None]:
        mean = np.clip(total[chosen] / self.count[chosen], -LARGEST, LARGEST)
        rounded: list[float] = (np.rint(mean * DECIMALS) / DECIMALS + 0.0).tolist()
        return [None if value != value else value for value in rounded]  # noqa: PLR0124 - NaN


_MEANS = {
    "mae_kw": "error",
    "bias_kw": "bias",
    "pinball_kw": "pinball",
    "naive_mae_kw": "naive_error",
    "coverage_90": "inside",
    "coverage_90_raw": "inside_raw",
}
"""Fields of `BandScore` that are means, and the sums they are computed from."""
