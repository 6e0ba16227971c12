"""Scores: forecasts verified against the measured load."""

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from gridcast.schemas.fields import Count, Id, Kilowatts, Share, Time, Unit
from gridcast.schemas.forecast import Rung
from gridcast.schemas.message import Message

Minutes = Annotated[int, Field(ge=0, le=20_160), Unit("min")]


class BandScore(BaseModel):
    """Verification of the forecasts of one horizon band that came due within the hour."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    from_minutes: Minutes = Field(description="the band's nearest lead, included")
    to_minutes: Minutes = Field(description="the band's farthest lead, not included")
    rung: Rung = Field(description="which forecaster had answered")
    model: Id | None = Field(None, description="which model had answered; null under a fallback")
    release: Id | None = Field(None, description="which release of it")
    challenger: bool = Field(
        False, description="it had answered in the champion's shadow, and was not published"
    )
    count: Count = Field(description="how many forecasts came due")
    mae_kw: Kilowatts = Field(description="mean absolute error of the median")
    bias_kw: Kilowatts = Field(description="mean error of the median; positive: forecast too high")
    pinball_kw: Kilowatts = Field(description="mean pinball loss over the levels")
    naive_mae_kw: Kilowatts | None = Field(
        None,
        description="mean absolute error of the seasonal-naive forecast: the load of a week before "
        "(of a day before, where windows are shorter); null: not measured for all of them",
    )
    coverage_90: Share | None = Field(
        None,
        description="share that fell inside the 90 % interval; null: the levels hold none",
    )
    coverage_90_raw: Share | None = Field(
        None, description="share that would have, had nothing been calibrated"
    )


class Score(Message):
    """Verification of the forecasts of one series that came due within one hour.

    In each horizon band a few leads are verified, which change from hour to hour. Since version 2
    challengers are included, and so is the coverage without calibration.
    """

    VERSION: ClassVar[int] = 2

    version: Annotated[int, Unit("1")] = Field(2, description="schema version of this message")
    series: Id = Field(description="which series; also the Kafka key")
    hour: Time = Field(description="when the hour begins")
    bands: list[BandScore] = Field(description="one entry a horizon band, and whoever had answered")

    @property
    def key(self) -> bytes | None:
        """The series."""
        return self.series.encode()
