"""Forecasts: quantiles for each step of the horizon, and what they were made from."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from gridcast.schemas.fields import Id, Kilowatts, PlusZero, Share, Time, Unit, refuse
from gridcast.schemas.message import Message
from gridcast.schemas.reasons import Reason


class Rung(StrEnum):
    """The forecaster that answered, best first."""

    MODEL = "model"
    MODEL_WITHOUT_WEATHER = "model-without-weather"
    SEASONAL_PROFILE = "seasonal-profile"
    POPULATION_PROFILE = "population-profile"
    LAST_LEVEL = "last-level"


class ClosedBy(StrEnum):
    """The clock that closed the tick."""

    WATERMARK = "watermark"
    WALL_CLOCK = "wall-clock"


Level = Annotated[float, Field(gt=0, lt=1), PlusZero, Unit("1")]


class Forecast(Message):
    """The forecast of one series at one tick.

    The load in the slot that begins `s` steps after `first` stays below `quantiles[q][s]` with
    probability `levels[q]`.
    """

    series: Id = Field(description="which series; also the Kafka key")
    tick: Time = Field(description="the minute for which the forecast was issued (event time)")
    first: Time = Field(
        description="when the first slot of the horizon begins: the slot that the tick lies in"
    )
    step_minutes: Annotated[Literal[1, 5, 10, 15, 30, 60], Unit("min")] = Field(
        description="width of one slot"
    )
    levels: list[Level] = Field(min_length=1, description="probabilities of the quantiles, rising")
    quantiles: list[list[Kilowatts]] = Field(
        min_length=1, description="for each level, the load in each slot of the horizon"
    )
    rung: Rung = Field(description="which forecaster answered")
    reason: str | None = Field(
        None, max_length=200, description="why not the model; null where the model answered"
    )
    model: Id | None = Field(None, description="which model answered; null under a fallback")
    release: Id | None = Field(None, description="which release of it")
    closed_by: ClosedBy = Field(
        ClosedBy.WATERMARK,
        description="the readings themselves, or the clock because no readings came",
    )
    newest_reading: Time | None = Field(
        None,
        description="time of the newest reading it was made from (of one that is no longer kept by"
        " itself: the beginning of its slot); null: there was none",
    )
    weather_issued_at: Time | None = Field(
        None, description="run of the weather forecast it was made from; null: none was used"
    )
    measured: Share = Field(description="share of the window that was measured, not filled")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if any(a >= b for a, b in zip(self.levels, self.levels[1:], strict=False)):
            raise refuse(Reason.OUT_OF_RANGE, "levels do not rise")
        if len(self.quantiles) != len(self.levels):
            raise refuse(
                Reason.UNEVEN_LISTS,
                f"quantiles has {len(self.quantiles)} lists, levels {len(self.levels)}",
            )
        if len({len(steps) for steps in self.quantiles}) != 1:
            raise refuse(Reason.UNEVEN_LISTS, "the lists in quantiles differ in length")
        return self

    @property
    def key(self) -> bytes | None:
        """The series."""
        return self.series.encode()
