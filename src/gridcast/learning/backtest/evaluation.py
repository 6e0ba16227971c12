"""The results of a backtest, as in `evaluation.json`, the evaluation log and the report."""

from collections.abc import Mapping
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

Scores = Mapping[str, float | None]


class _Figures(BaseModel):
    model_config = ConfigDict(frozen=True)


class Peaks(_Figures):
    """Scores of the forecast of each horizon's highest load, over the scored slots."""

    count: int
    error_percent: float | None = Field(description="mean error of its height, % of it")
    hours_off: float | None = Field(description="mean distance in time, hours")


class ForecasterComparison(_Figures):
    """The first forecaster compared with another by a Diebold-Mariano test on the pinball loss."""

    difference: float = Field(description="mean loss of the first less the other's, kW")
    p_value: float
    verdict: str


class BacktestEvaluation(_Figures):
    """All figures of a backtest."""

    id: str
    at: datetime = Field(description="when it was made")
    title: str
    source: str = Field(description="file, folder or topics")
    commit: str
    dirty: bool = Field(description="whether the code was changed since that commit")
    first: datetime = Field(description="the first tick")
    end: datetime = Field(description="the ticks end before")
    every_minutes: int
    step_minutes: int
    horizon_hours: float
    series: int
    levels: tuple[float, ...]
    leads_minutes: tuple[int, ...] = Field(description="ends of the judged slots, from the tick")
    forecasts: int = Field(description="all that gridcast made, every model counted")
    judged: int = Field(description="of each forecaster")
    seconds: float
    forecasters: tuple[str, ...] = Field(description="the first is compared with all others")
    scores: Mapping[str, Scores] = Field(description="by forecaster")
    by: Mapping[str, Mapping[str, Mapping[str, Scores]]] = Field(
        description="horizon, hour, weekday, month, temperature, rung, series: forecaster: scores"
    )
    reliability: Mapping[str, tuple[float, ...]] = Field(
        description="share of the loads below each quantile, by forecaster"
    )
    peaks: Mapping[str, Peaks]
    versus: Mapping[str, ForecasterComparison]
    beside_operator: Mapping[str, Scores] = Field(
        description="where the operator had published its own forecast; {}: nowhere"
    )
    when_published: Mapping[str, Scores] = Field(
        {}, description="of these, those made at the tick at which the operator published"
    )
    learned: tuple[datetime, ...] = Field(
        (), description="when networks that are trained here, and baselines, learned anew"
    )

    @property
    def model(self) -> str:
        """The forecaster that is compared with all others."""
        return self.forecasters[0]

    @property
    def error(self) -> str:
        """The score to draw: mape, or nmae if loads come near 0."""
        return "nmae" if self.scores[self.model]["mape"] is None else "mape"
