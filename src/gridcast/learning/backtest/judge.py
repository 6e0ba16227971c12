"""Compare forecasts with the truth, and score all forecasters on the same forecasts."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from gridcast.learning.backtest.evaluation import ForecasterComparison, Peaks
from gridcast.learning.backtest.plan import BacktestPlan
from gridcast.learning.backtest.tick_context import weather_of
from gridcast.learning.backtest.walk import PartitionForecasts
from gridcast.learning.history import History
from gridcast.learning.training.dataset import operator_of
from gridcast.learning.training.slots import lay_out
from gridcast.models.archive import MEASURED, Archive
from gridcast.models.evaluation.breakdown import GroupBy, breakdown
from gridcast.models.evaluation.quantiles import pinball_of
from gridcast.models.evaluation.score import Scores, scores_by, table
from gridcast.models.evaluation.significance import diebold_mariano
from gridcast.models.evaluation.verified_forecasts import Scales, VerifiedForecasts
from gridcast.schemas.weather import VARIABLES
from gridcast.stream.errors import UserError
from gridcast.stream.recording import Recording
from gridcast.stream.worker.forecasting import time_bounds
from gridcast.stream.worker.window_spec import window_spec
from gridcast.units import DAY_MS, HOUR_MS, MINUTE_MS

OPERATOR = "operator"
"""The name of the operator's own published forecast."""
DEGREES = 5
"""Width of a temperature group."""
AT_ONCE = 4_096
_TEMPERATURE = VARIABLES.index("temperature_c")
Keys = npt.NDArray[np.int64]


class BacktestJudge:
    """An evaluation of forecasters on one recording.

    The scales of errors (size of each series, errors of the seasonal-naive forecast) come from
    before the first tick.
    """

    def __init__(self, recording: Recording, plan: BacktestPlan) -> None:
        self.plan = plan
        self.archive = archive_of(recording, plan)
        archive = self.archive
        before = max(0, (plan.from_ms - archive.start_ms) // archive.step_ms)
        measured = np.where(archive.mark >= MEASURED, archive.mean, np.float32(np.nan))
        self.scales = Scales.of(measured[:before], DAY_MS // archive.step_ms)
        self._leads = np.array(plan.leads)
        self._rungs: dict[str, npt.NDArray[np.str_]] = {}
        self._temperature: npt.NDArray[np.float32] = np.empty(0, np.float32)

    def same(self, walks: Sequence[PartitionForecasts]) -> dict[str, VerifiedForecasts]:
        """Add the truth to the forecasts. Only forecasts that all forecasters made are kept."""
        parts: dict[str, list[PartitionForecasts]] = {}
        for part_of_walk in walks:
            parts.setdefault(part_of_walk.forecaster, []).append(part_of_walk)
        keys = {
            name: np.concatenate([self._keys(part_of_walk) for part_of_walk in of])
            for name, of in parts.items()
        }
        common: Keys | None = None
        for own in keys.values():
            common = np.unique(own) if common is None else np.intersect1d(common, own)
        if common is None or not len(common):
            raise UserError("no forecast can be judged: none began with a slot, or none is common")
        verified = {}
        for name, of in parts.items():
            order = np.argsort(keys[name], kind="stable")
            rows = order[np.searchsorted(keys[name][order], common)]
            quantiles = np.concatenate([part_of_walk.quantiles for part_of_walk in of])[rows]
            self._rungs[name] = np.concatenate([part_of_walk.rung for part_of_walk in of])[rows]
            verified[name] = self.verified(common, quantiles)
        return verified

    def note(self, own: VerifiedForecasts) -> None:
        """Keep the first model's forecasts for the pictures of days."""
        self.own = own
        self._note_temperature(own)

    @property
    def best_and_worst(self) -> tuple[int, int] | None:
        """The forecasts with the least and greatest error relative to the load."""
        own = self.own
        whole = np.isfinite(own.truth).all(axis=1)
        size, off = np.abs(own.truth).mean(axis=1), np.abs(own.truth - own.median).mean(axis=1)
        share = np.divide(off, size, out=np.full(len(off), np.nan), where=whole & (size > 0))
        if not np.isfinite(share).any():
            return None
        return int(np.nanargmin(share)), int(np.nanargmax(share))

    def verified(self, keys: Keys, quantiles: npt.NDArray[np.float32]) -> VerifiedForecasts:
        """Add the truth to some forecasts."""
        archive, count = self.archive, len(self.archive.series)
        row, origin_ms = keys % count, keys // count * MINUTE_MS
        slot = (origin_ms - archive.start_ms) // archive.step_ms
        truth = np.empty((len(keys), len(self._leads)), np.float32)
        for first in range(0, len(keys), AT_ONCE):
            part = slice(first, first + AT_ONCE)
            truth[part] = archive.truth(slot[part], row[part], self.plan.horizon)[:, self._leads]
        levels, minutes = self.plan.settings.levels, archive.step_minutes
        return VerifiedForecasts(
            archive.series, row, origin_ms, minutes, self._leads, levels, truth, quantiles
        )

    def _keys(self, walked: PartitionForecasts) -> Keys:
        """Number pairs of origin and series, rising with time."""
        return walked.origin_ms // MINUTE_MS * len(self.archive.series) + walked.row

    def operator(self, like: VerifiedForecasts) -> VerifiedForecasts | None:
        """Return the operator's own forecasts for the same origins, if published by then."""
        if self.archive.operator is None:
            return None
        slot = (like.origin_ms - self.archive.start_ms) // self.archive.step_ms
        value = np.empty(like.truth.shape, np.float32)
        for first in range(0, len(slot), AT_ONCE):
            part = slice(first, first + AT_ONCE)
            published = self.archive.operator_as_of(slot[part], like.row[part], self.plan.horizon)
            value[part] = published[:, self._leads]
        truth = np.where(np.isnan(value), np.float32(np.nan), like.truth)
        quantiles = np.repeat(value[..., None], len(like.levels), axis=2)
        return _with(like, truth, np.nan_to_num(quantiles))

    def table(self, verified: Mapping[str, VerifiedForecasts]) -> dict[str, Scores]:
        """Return the scores of all forecasters."""
        return table(verified, self.scales)

    def beside_operator(
        self, verified: Mapping[str, VerifiedForecasts]
    ) -> tuple[dict[str, Scores], dict[str, Scores]]:
        """Return all scores where the operator had published a forecast, and where it just had."""
        first = next(iter(verified.values()))
        operator = self.operator(first)
        if operator is None:
            return {}, {}
        just = np.where(self._just_published(first), operator.truth, np.float32(np.nan))
        every = {**verified, OPERATOR: operator}
        published, fresh = (self._where(every, truth) for truth in (operator.truth, just))
        return published, fresh

    def _where(
        self, verified: Mapping[str, VerifiedForecasts], truth: npt.NDArray[np.floating]
    ) -> dict[str, Scores]:
        if not np.isfinite(truth).any():
            return {}
        limited = {
            name: _with(forecasts, truth, forecasts.quantiles)
            for name, forecasts in verified.items()
        }
        scores = table(limited, self.scales)
        # The operator publishes one number and no band, so it has no coverage.
        scores[OPERATOR] = {
            name: None if name.startswith(("coverage_", "width_")) else value
            for name, value in scores[OPERATOR].items()
        }
        return scores

    def _just_published(self, like: VerifiedForecasts) -> npt.NDArray[np.bool_]:
        """Return the slots that the operator published at the tick, or since the one before."""
        archive = self.archive
        assert archive.operator_at_ms is not None  # noqa: S101 - with the operator's forecast
        slot = (like.origin_ms - archive.start_ms) // archive.step_ms
        at = np.minimum(slot[:, None] + self._leads, len(archive) - 1)
        age_ms = like.origin_ms[:, None] - archive.operator_at_ms[at, like.row[:, None]]
        just: npt.NDArray[np.bool_] = (age_ms >= 0) & (age_ms < self.plan.judged_every_ms)
        return just

    def by(self, name: str, verified: VerifiedForecasts) -> dict[str, dict[str, Scores]]:
        """Break one forecaster's scores down by every grouping."""
        scores_by_group = {
            by.value: breakdown(verified, self.scales, by)
            for by in (GroupBy.HORIZON, GroupBy.HOUR, GroupBy.WEEKDAY, GroupBy.MONTH)
        }
        rungs, of_rung = np.unique(self._rungs[name], return_inverse=True)
        scores_by_group["rung"] = self._named(verified, of_rung[:, None], rungs.tolist())
        ids = [series.series for series in verified.series]
        scores_by_group["series"] = self._named(verified, verified.row[:, None], ids)
        temperature = self._temperature
        if np.isfinite(temperature).any():
            group = np.floor(np.nan_to_num(temperature, nan=-999) / DEGREES).astype(np.int64)
            with_temperature = _with(
                verified,
                np.where(np.isfinite(temperature), verified.truth, np.float32(np.nan)),
                verified.quantiles,
            )
            scores_by_group["temperature"] = {
                f"{label * DEGREES} to {(label + 1) * DEGREES} °C": scores
                for label, scores in sorted(scores_by(with_temperature, self.scales, group).items())
            }
        return scores_by_group

    def _note_temperature(self, like: VerifiedForecasts) -> None:
        """Look up the measured temperature in each forecast slot."""
        archive, horizon = self.archive, self.plan.horizon
        temperature: npt.NDArray[np.float32] = np.full(like.truth.shape, np.nan, np.float32)
        if archive.weather is not None:
            slot = (like.origin_ms - archive.start_ms) // archive.step_ms + horizon
            # A day later, the last slot has been measured and is available.
            late = slot + DAY_MS // archive.step_ms
            back = horizon + DAY_MS // archive.step_ms
            for first in range(0, len(slot), AT_ONCE):
                part = slice(first, first + AT_ONCE)
                weather = archive.weather_as_of(late[part], like.row[part], back, back)
                temperature[part] = weather[:, self._leads, _TEMPERATURE]
        self._temperature = temperature

    def _named(
        self, verified: VerifiedForecasts, group: npt.NDArray[np.integer], names: Sequence[str]
    ) -> dict[str, Scores]:
        by_label = scores_by(verified, self.scales, group)
        return {names[label]: scores for label, scores in sorted(by_label.items())}

    def versus(
        self, verified: Mapping[str, VerifiedForecasts], first: str
    ) -> dict[str, ForecasterComparison]:
        """Compare the first forecaster with each other one by the pinball loss at each origin."""
        origins, own = verified[first].of_origins(_loss(verified[first]))
        if len(origins) < 2:
            return {}
        horizon_ms = round(self.plan.settings.horizon_hours * HOUR_MS)
        overlap = max(1, -(-horizon_ms // int(origins[1] - origins[0])))
        comparisons = {}
        for name, other in verified.items():
            if name == first:
                continue
            test = diebold_mariano(own, other.of_origins(_loss(other))[1], overlap)
            if test is not None:
                comparisons[name] = ForecasterComparison(
                    difference=test.difference, p_value=test.p_value, verdict=test.verdict
                )
        return comparisons


def peaks(verified: VerifiedForecasts) -> Peaks:
    """Return the scores of the forecast of each horizon's highest load."""
    whole = np.isfinite(verified.truth).all(axis=1)
    truth, median = verified.truth[whole], verified.median[whole]
    if not len(truth):
        return Peaks(count=0, error_percent=None, hours_off=None)
    rows = np.arange(len(truth))
    at, foreseen = truth.argmax(axis=1), median.argmax(axis=1)
    high = truth[rows, at]
    positive = high > 0
    share = np.abs(median[rows, foreseen] - high)[positive] / high[positive]
    ends = verified.ends_minutes
    return Peaks(
        count=len(truth),
        error_percent=float(100 * share.mean()) if positive.any() else None,
        hours_off=float(np.abs(ends[at] - ends[foreseen]).mean() / 60),
    )


def shares_below(verified: VerifiedForecasts) -> tuple[float, ...]:
    """Return the share of loads below each quantile."""
    measured = np.isfinite(verified.truth)
    below = verified.truth[measured][:, None] < verified.quantiles[measured]
    return tuple(below.mean(axis=0).tolist())


def archive_of(recording: Recording, plan: BacktestPlan) -> Archive:
    """Lay the final values of the readings out by slot."""
    bounds, arrivals = time_bounds(plan.settings), recording.arrivals
    usable = (arrivals.time_ms <= arrivals.arrival_ms + bounds.ahead_ms) & (
        arrivals.time_ms >= arrivals.arrival_ms - bounds.behind_ms
    )
    history: History = recording.only(usable).history
    step_ms = plan.step_ms
    slots = lay_out(history, step_ms, window_spec(plan.settings).hold_ms)
    operator, operator_at_ms = operator_of(history, slots.start_ms, step_ms, slots.mean.shape)
    weather = weather_of(plan.settings, recording.weather) if recording.weather else None
    return Archive(
        start_ms=slots.start_ms,
        step_minutes=plan.settings.step_minutes,
        series=recording.series,
        mean=slots.mean,
        mark=slots.mark,
        weather=weather,
        operator=operator,
        operator_at_ms=operator_at_ms,
    )


def _with(
    like: VerifiedForecasts, truth: npt.NDArray[np.floating], quantiles: npt.NDArray[np.floating]
) -> VerifiedForecasts:
    return VerifiedForecasts(
        like.series,
        like.row,
        like.origin_ms,
        like.step_minutes,
        like.leads,
        like.levels,
        truth,
        quantiles,
    )


def _loss(verified: VerifiedForecasts) -> npt.NDArray[np.floating]:
    return pinball_of(verified.truth, verified.quantiles, verified.levels)
