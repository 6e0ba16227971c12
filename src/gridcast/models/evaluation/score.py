"""The table of scores: any number of forecasters on the same samples."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gridcast.models.evaluation import point, quantiles
from gridcast.models.evaluation.verified_forecasts import Scales, VerifiedForecasts
from gridcast.units import AnyFloats

Scores = dict[str, float | None]
"""By name: MAE, RMSE, pinball, CRPS, widths in kW; R² and MASE dimensionless; the rest per cent."""
HOURS = (1, 6, 24)
"""Leads with a MAPE of their own in the table."""


@dataclass(frozen=True)
class _Flat:
    """Measured loads of some samples and leads in one dimension, with all that scores need."""

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
        scores: Scores = {
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
            scores[f"coverage_{percent}"] = quantiles.coverage(truth, band)
            scores[f"width_{percent}"] = quantiles.width(truth, band)
        return scores


def score(verified: VerifiedForecasts, scales: Scales) -> Scores:
    """Return one forecaster's scores over all samples and leads; `mape_1h` etc. are of one lead."""
    flat, _ = _flat(verified, scales, np.zeros(verified.truth.shape, np.int64))
    scores = flat.scores(verified.levels)
    for hours in HOURS:
        at = np.flatnonzero(verified.ends_minutes == 60 * hours)
        scores[f"mape_{hours}h"] = None
        if len(at):
            truth, median = verified.truth[:, at[0]], verified.median[:, at[0]]
            scores[f"mape_{hours}h"] = point.mape(truth, median, scales.size[verified.row])
    return scores


def scores_by(
    verified: VerifiedForecasts, scales: Scales, group: npt.NDArray[np.integer]
) -> dict[int, Scores]:
    """Return one forecaster's scores by group; `group` has the group of each sample and lead.

    Groups without a measured load are left out.
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
    """Return one forecaster's scores by lead: for each score a list as long as the leads."""
    place = np.arange(len(verified.leads))[None, :]
    scores_of_lead = scores_by(verified, scales, place)
    names = next(iter(scores_of_lead.values()), {})
    return {
        name: [
            scores_of_lead[lead][name] if lead in scores_of_lead else None
            for lead in place[0].tolist()
        ]
        for name in names
    }


def table(forecasters: Mapping[str, VerifiedForecasts], scales: Scales) -> dict[str, Scores]:
    """Return the scores of several forecasters. All must have forecast the same samples."""
    first = next(iter(forecasters.values()))
    for name, other in forecasters.items():
        same = np.array_equal(other.row, first.row) and np.array_equal(
            other.origin_ms, first.origin_ms
        )
        if not same or not np.array_equal(other.truth, first.truth, equal_nan=True):
            raise ValueError(f"{name} has forecast other samples than the other forecasters")
    return {name: score(verified, scales) for name, verified in forecasters.items()}


def _flat(
    verified: VerifiedForecasts, scales: Scales, label: npt.NDArray[np.integer]
) -> tuple[_Flat, npt.NDArray[np.integer]]:
    """Flatten to one dimension, without the loads that were not measured."""
    is_known = np.isfinite(verified.truth)
    level = np.full(len(verified.series), np.nan)
    for row in np.unique(verified.row):
        of_series = (verified.row == row)[:, None] & is_known
        if of_series.any():
            level[row] = verified.truth[of_series].mean(dtype=np.float64)
    row = np.broadcast_to(verified.row[:, None], is_known.shape)[is_known]
    flat = _Flat(
        truth=verified.truth[is_known].astype(np.float64),
        quantiles=verified.quantiles[is_known],
        median=verified.median[is_known].astype(np.float64),
        size=scales.size[row],
        naive=scales.naive[row],
        level=level[row],
    )
    return flat, label[is_known]
