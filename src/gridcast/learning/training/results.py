"""The results of a run: all figures of its report, as in `scores.json`.

They don't depend on the time or speed of the run: equal config and data give equal bytes.
"""

from collections.abc import Mapping
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

Scores = Mapping[str, float | None]

MODEL = "gridcast"
"""The name of the run's own model beside its baselines."""


class _Figures(BaseModel):
    model_config = ConfigDict(frozen=True)


class TimeSpan(_Figures):
    """A span of the data."""

    first: datetime
    end: datetime = Field(description="the beginning of what comes after")
    first_slot: int
    end_slot: int
    without: tuple[tuple[int, int], ...] = Field(
        (), description="stretches of slots within that are another part's"
    )


class BaselineComparison(_Figures):
    """The model compared with one baseline by a Diebold-Mariano test on the pinball loss."""

    difference: float = Field(description="mean loss of the model less the baseline's, kW")
    p_value: float
    verdict: str


class FitProblem(_Figures):
    """A problem of the fit, such as overfitting."""

    fault: str
    reason: str


class Reliability(_Figures):
    """Share of the loads below each quantile, 0 to 1."""

    levels: tuple[float, ...]
    before: tuple[float, ...] = Field(description="as the network gave them")
    after: tuple[float, ...] = Field(description="calibrated, as the model file gives them")


class SeriesScores(_Figures):
    """The scores of one series."""

    series: str
    size_kw: float | None = Field(description="mean size of its load in the training part")
    scores: Scores


class DataScores(_Figures):
    """The scores of the model and its baselines in the test part of one file."""

    title: str
    source: str
    licence: str
    digest: str = Field(description="SHA-256 of the file")
    series: int
    step_minutes: int
    split: Mapping[str, TimeSpan]
    samples: int
    leads_minutes: tuple[int, ...] = Field(description="ends of the judged slots, from the origin")
    levels: tuple[float, ...]
    error: str = Field(description="the error that is drawn: mape, or nmae where loads come near 0")
    test: Mapping[str, Scores] = Field(description="by forecaster")
    by_lead: Mapping[str, Mapping[str, tuple[float | None, ...]]]
    by: Mapping[str, Mapping[str, Mapping[str, Scores]]] = Field(
        description="hour, weekday and month, by local time: forecaster: scores"
    )
    by_series: tuple[SeriesScores, ...]
    reliability: Reliability
    versus: Mapping[str, BaselineComparison]
    faults: tuple[FitProblem, ...]
    uncalibrated: Scores


class Lambda(_Figures):
    """The scores with one lam."""

    name: str = Field(description="off, a fixed number, or gcv")
    lam: float
    scores: Scores


class LambdaEffect(_Figures):
    """The effect of lam, measured with a cheap proxy."""

    proxy: str
    data: str
    found: tuple[Lambda, ...]


class Results(_Figures):
    """All results of a run."""

    network: str
    parameters: int
    members: tuple[tuple[int, float], ...] = Field(
        description="of each member: the step whose weights were kept, and their validation loss"
    )
    weights_digest: str = Field(description="SHA-256 of all weights")
    data: tuple[DataScores, ...]
    smoothing: LambdaEffect | None = None


class EdgeForm(_Figures):
    """One form of the model file, on this machine's CPU."""

    name: str
    size_bytes: int
    one_ms: float = Field(description="median time to forecast one series, one thread")
    many_ms: float = Field(description="and all samples at once")
    scores: Scores = Field(description="on a part of the test")


class Edge(_Figures):
    """The model file in full and with 8-bit weights: `edge.json`."""

    machine: str
    samples: int
    forms: tuple[EdgeForm, ...]
