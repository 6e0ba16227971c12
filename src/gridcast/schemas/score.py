"""Scores: forecasts verified against what came."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from gridcast.schemas.fields import Count, Id, Kilowatts, Share, Time, Unit
from gridcast.schemas.forecast import Rung
from gridcast.schemas.message import Message

Minutes = Annotated[int, Field(ge=0, le=20_160), Unit("min")]


class BandScore(BaseModel):
    """How the forecasts of one horizon band did that came due within the hour."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    from_minutes: Minutes = Field(description="the band's nearest lead, included")
    to_minutes: Minutes = Field(description="the band's farthest lead, not included")
    rung: Rung = Field(description="which forecaster had answered")
    model: Id | None = Field(None, description="which model had answered; null under a fallback")
    count: Count = Field(description="how many forecasts came due")
    mae_kw: Kilowatts = Field(description="mean absolute error of the median")
    bias_kw: Kilowatts = Field(description="mean error of the median; positive: forecast too high")
    pinball_kw: Kilowatts = Field(description="mean pinball loss over the levels")
    naive_mae_kw: Kilowatts = Field(
        description="mean absolute error of the seasonal-naive forecast"
    )
    coverage_90: Share = Field(description="share that fell inside the 90 % interval")


class Score(Message):
    """How the forecasts of one series did that came due within one hour."""

    series: Id = Field(description="which series; also the Kafka key")
    hour: Time = Field(description="when the hour begins")
    bands: list[BandScore] = Field(description="one entry a horizon band, rung and model")

    @property
    def key(self) -> bytes | None:
        """The series."""
        return self.series.encode()
