"""One table of scores for any number of forecasters on the same samples."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gridcast.models.evaluation import point, quantiles
from gridcast.models.evaluation.verified_forecasts import Scales, VerifiedForecasts
from gridcast.units import AnyFloats

Scores = dict[str, float | None]
"""By name: MAE, RMSE, pinball, CRPS and widths in kW, R² and MASE plain, all else per cent."""
HOURS = (1, 6, 24)
"""Leads that have a MAPE of their own in the table."""


@dataclass(frozen=True)
class _Flat:
    """Loads of some samples and leads, one after the other, with all that scores need."""

    truth: AnyFloats
    quantiles: AnyFloats
    median: AnyFloats
    size: AnyFloats
    naive: AnyFloats
    level: AnyFloats

    def take(self, chosen: npt.NDArray[np.intp]) -> "_Flat":
        return _Flat(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))

    def scores(self, levels: tuple[float, ...]) -> Scores:
        truth, median = self.truth, self.median
        found: Scores = {
            "count": float(len(truth)),
            "mae": point.mae(truth, median),
            "rmse": point.rmse(truth, median),
            "mape": point.mape(truth, median, self.size),
            "smape": point.smape(truth, median),
            "nmae": point.nmae(truth, median),
            "mase": point.mase(truth, median, self.naive),
            "r2": point.r2(truth, median, self.level),
            "pinball": quantiles.pinball(truth, self.quantiles, levels),
            "crps": quantiles.crps(truth, self.quantiles, levels),
        }
        for percent, low, high in quantiles.bands(levels):
            band = self.quantiles[:, [low, high]]
            found[f"coverage_{percent}"] = quantiles.coverage(truth, band)
            found[f"width_{percent}"] = quantiles.width(truth, band)
        return found


def score(verified: VerifiedForecasts, scales: Scales) -> Scores:
    """Score one forecaster over all samples and leads; `mape_1h` and so on are of one lead."""
    flat, _ = _flat(verified, scales, np.zeros(verified.truth.shape, np.int64))
    found = flat.scores(verified.levels)
    for hours in HOURS:
        at = np.flatnonzero(verified.ends_minutes == 60 * hours)
        found[f"mape_{hours}h"] = None
        if len(at):
            truth, median = verified.truth[:, at[0]], verified.median[:, at[0]]
            found[f"mape_{hours}h"] = point.mape(truth, median, scales.size[verified.row])
    return found


def scores_by(
    verified: VerifiedForecasts, scales: Scales, group: npt.NDArray[np.integer]
) -> dict[int, Scores]:
    """Score one forecaster group by group; `group` says of each sample and lead where it belongs.

    Groups without a load that is known are left out.
    """
    flat, label = _flat(verified, scales, np.broadcast_to(group, verified.truth.shape))
    order = np.argsort(label, kind="stable")
    names, begins = np.unique(label[order], return_index=True)
    parts = np.split(order, begins[1:])
    return {
        int(name): flat.take(part).scores(verified.levels)
        for name, part in zip(names, parts, strict=True)
    }


def scores_by_lead(verified: VerifiedForecasts, scales: Scales) -> dict[str, list[float | None]]:
    """Score one forecaster lead by lead: for each score a list as long as the leads."""
    place = np.arange(len(verified.leads))[None, :]
    found = scores_by(verified, scales, place)
    names = next(iter(found.values()), {})
    return {
        name: [found[lead][name] if lead in found else None for lead in place[0].tolist()]
        for name in names
    }


def table(forecasters: Mapping[str, VerifiedForecasts], scales: Scales) -> dict[str, Scores]:
    """Score several forecasters where all of them answered, so that none has the easier samples."""
    fair = next(iter(forecasters.values()))
    for name, other in forecasters.items():
        same = np.array_equal(other.row, fair.row) and np.array_equal(
            other.origin_ms, fair.origin_ms
        )
        if not same or not np.array_equal(other.truth, fair.truth, equal_nan=True):
            raise ValueError(f"{name} was not asked for the same samples as the others")
    return {name: score(verified, scales) for name, verified in forecasters.items()}


def _flat(
    verified: VerifiedForecasts, scales: Scales, label: npt.NDArray[np.integer]
) -> tuple[_Flat, npt.NDArray[np.integer]]:
    """Leave out what was not measured, and put the rest one after the other."""
    known = np.isfinite(verified.truth)
    level = np.full(len(verified.series), np.nan)
    for row in np.unique(verified.row):
        of_series = (verified.row == row)[:, None] & known
        if of_series.any():
            level[row] = verified.truth[of_series].mean(dtype=np.float64)
    row = np.broadcast_to(verified.row[:, None], known.shape)[known]
    flat = _Flat(
        truth=verified.truth[known].astype(np.float64),
        quantiles=verified.quantiles[known],
        median=verified.median[known].astype(np.float64),
        size=scales.size[row],
        naive=scales.naive[row],
        level=level[row],
    )
    return flat, label[known]
