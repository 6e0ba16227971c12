"""Forecasts that wait to be verified."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt

from gridcast.models.records import Column, Record, RecordKind
from gridcast.schemas.forecast import Rung
from gridcast.schemas.forecast_columns import WATTS, to_the_watt
from gridcast.schemas.score_columns import Scored
from gridcast.units import Floats, Ints

LARGEST = np.float32(1e15)
"""kW. Larger forecasts are kept as this."""


_BANDS, _PLACES = 16, 16
"""A record's number: the slot that the tick lay in, whose it is, the band."""


@dataclass(frozen=True, slots=True, eq=False)
class Noted:
    """The forecasts of one tick for one slot."""

    number: int
    """Number of its record: see `number_of`."""
    slot: int
    """The slot that was forecast."""
    numbers: Ints
    """Numbers of the series, rising. Rows move, numbers don't."""
    makers: tuple[Scored, ...]
    made_by: npt.NDArray[np.uint8]
    raw: Floats
    """Before calibration: kW, to the watt, [series, levels]."""
    issued: Floats
    """As it was published."""

    @property
    def band(self) -> int:
        """Horizon band of the slot."""
        return self.number % _BANDS

    @property
    def is_challengers(self) -> bool:
        """True if a challenger made it."""
        return _is_challengers(self.number)

    @property
    def nbytes(self) -> int:
        """Memory in bytes, without the numbers, which are shared."""
        return self.raw.nbytes + self.issued.nbytes + self.made_by.nbytes

    def record(self) -> Record:
        """Return the record: quantiles in whole watts, each as its distance from the one below."""
        raw, issued = _watts(self.raw), _watts(self.issued)
        columns: list[Column] = [
            np.array([self.slot]),
            self.numbers,
            self.made_by,
            [maker.rung.value for maker in self.makers],
            [maker.model or "" for maker in self.makers],
            [maker.release or "" for maker in self.makers],
            *np.diff(raw, axis=1, prepend=0).T,
            *(issued - raw).T,
        ]
        return Record(RecordKind.NOTED, self.number, columns)

    @classmethod
    def of(cls, record: Record) -> "Noted":
        """Load from a record."""
        slot, numbers, made_by, rungs, models, releases, *watts = record.columns
        challenger = _is_challengers(record.number)
        makers = tuple(
            Scored(Rung(rung), model or None, release or None, challenger)
            for rung, model, release in zip(
                cast("list[str]", rungs),
                cast("list[str]", models),
                cast("list[str]", releases),
                strict=True,
            )
        )
        steps, moved = np.array(watts, np.int64).reshape(2, -1, len(numbers))
        raw = np.cumsum(steps, axis=0)
        return cls(
            record.number,
            int(np.asarray(slot)[0]),
            np.asarray(numbers, np.int64),
            makers,
            np.asarray(made_by, np.uint8),
            _kilowatts(raw),
            _kilowatts(raw + moved),
        )


def number_of(slot: int, band: int, place: int) -> int:
    """Return the record number of forecasts noted in a slot for a band.

    The place is 0 for published forecasts, and another number for each challenger.
    """
    return (slot * _PLACES + place) * _BANDS + band


def _is_challengers(number: int) -> bool:
    return number // _BANDS % _PLACES > 0


def whole_watts(quantiles: Floats) -> Floats:
    """Round quantiles to the precision of a record."""
    return to_the_watt(np.clip(quantiles, -LARGEST, LARGEST))


def _watts(quantiles: Floats) -> Ints:
    return np.rint(quantiles.astype(np.float64) * WATTS).astype(np.int64)


def _kilowatts(watts: Ints) -> Floats:
    return np.ascontiguousarray((watts / WATTS).T.astype(np.float32))
