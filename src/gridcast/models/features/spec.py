"""Specification of a network's inputs: window, features and their order."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from gridcast.models.features.calendar import calendar_names
from gridcast.models.features.static import STATIC
from gridcast.schemas.weather import VARIABLES
from gridcast.units import MINUTE_MS

DAYS = 8
"""Days of history that long gaps are filled from: all that is kept of a series."""
OPERATOR = "operator"
AHEAD = "_ahead"
"""Suffix of the name of a forecast weather variable."""


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class FeatureSpec:
    """The shape of a network's inputs; part of its contract."""

    step_minutes: Annotated[
        Literal[1, 5, 10, 15, 30, 60], Field(description="width of a slot, in minutes")
    ] = 60
    lookback_hours: Annotated[
        int, Field(ge=24, le=DAYS * 24, description="how much of the past the network sees")
    ] = 168
    recent: Annotated[
        int, Field(ge=0, description="how many of the newest slots it sees one by one")
    ] = 12
    horizon_hours: Annotated[int, Field(ge=1, le=168, description="how far it looks ahead")] = 24
    weather: Annotated[
        tuple[str, ...], Field(description="variables as measured up to the origin")
    ] = ()
    weather_ahead: Annotated[
        tuple[str, ...], Field(description="variables as forecast for the horizon")
    ] = ()
    operator: Annotated[
        bool, Field(description="whether it sees the operator's own forecast of the horizon")
    ] = False
    holidays: Annotated[bool, Field(description="whether it knows holidays")] = True
    day_of_year: Annotated[bool, Field(description="whether it knows the season")] = True
    static: Annotated[tuple[str, ...], Field(description="what never changes of a series")] = ()
    lam: Annotated[
        float,
        Field(ge=0, allow_inf_nan=False, description="of the spline; 0: gaps are filled, no more"),
    ] = 0.0

    def __post_init__(self) -> None:
        for name, given, known in (
            ("weather", self.weather, VARIABLES),
            ("weather_ahead", self.weather_ahead, VARIABLES),
            ("static", self.static, STATIC),
        ):
            unknown = [feature for feature in given if feature not in known]
            if unknown:
                raise ValueError(f"{name}: no such feature: {', '.join(unknown)}")
            if len(set(given)) < len(given):
                raise ValueError(f"{name}: a feature is named twice")
        if self.recent > self.slots:
            raise ValueError(f"recent: a window has {self.slots} slots, not {self.recent}")

    @property
    def step_ms(self) -> int:
        """Width of a slot in milliseconds."""
        return self.step_minutes * MINUTE_MS

    @property
    def hour(self) -> int:
        """Slots an hour."""
        return 60 // self.step_minutes

    @property
    def slots(self) -> int:
        """Slots of the past that the network sees."""
        return self.lookback_hours * self.hour

    @property
    def window(self) -> int:
        """Slots to cut: eight days, since long gaps are filled from all of them."""
        return DAYS * 24 * self.hour

    @property
    def horizon(self) -> int:
        """Slots ahead."""
        return self.horizon_hours * self.hour

    @property
    def steps(self) -> int:
        """Hours of the past: the steps of the encoder."""
        return self.lookback_hours

    @property
    def longest_gap(self) -> int:
        """Missing slots in a row that the spline bridges."""
        return self.hour

    @property
    def knots(self) -> tuple[int, ...]:
        """Slots of the horizon that the decoder runs on: all to 2 h, then each hour's last."""
        fine = min(2, self.horizon_hours)
        later = range(fine + 1, self.horizon_hours + 1)
        return (*range(fine * self.hour), *(end * self.hour - 1 for end in later))

    @property
    def calendar(self) -> tuple[str, ...]:
        """Names of the calendar features: the first of both past and future."""
        return calendar_names(holidays=self.holidays, day_of_year=self.day_of_year)

    @property
    def past(self) -> tuple[str, ...]:
        """Names of the features of each past hour, in order."""
        return (*self.calendar, *self.weather)

    @property
    def future(self) -> tuple[str, ...]:
        """Names of the features of each slot of the horizon, in order."""
        ahead = (name + AHEAD for name in self.weather_ahead)
        return (*self.calendar, *ahead, *((OPERATOR,) if self.operator else ()))
