"""The mapping of a history file: docs/reference/history-mapping.md."""

import tomllib
from collections.abc import Mapping as MappingOf
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

from gridcast.learning.history.report import FindingKind
from gridcast.learning.history.units import WEATHER_UNITS, LoadUnit, is_energy
from gridcast.schemas.fields import Id
from gridcast.schemas.series import GridSeries
from gridcast.schemas.weather import VARIABLES
from gridcast.stream.errors import UserError
from gridcast.units import MINUTE_MS

CARRIED = "carried"
"""The zone of times that have an offset of their own."""

ONE_A_SERIES = "{series}"
"""Placeholder in a station's name for the series' id, if each series' rows hold its own weather."""


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise ValueError(f"there is no time zone {name!r}") from None
    return name


Zone = Annotated[str, AfterValidator(_known_zone)]
Minutes = Annotated[float, Field(ge=0, le=14 * 24 * 60, allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Csv(_Part):
    """The dialect of a CSV file."""

    delimiter: str = Field(",", min_length=1, max_length=1, description="between two fields")
    decimal: Literal[".", ","] = Field(".", description="decimal mark of numbers")
    encoding: str = Field("utf-8", description="of the file's text")
    skip_lines: int = Field(0, ge=0, description="lines above the line that names the columns")


class Time(_Part):
    """The meaning of the time columns."""

    column: str | list[str] = Field(description="the column of times; several (date, time): joined")
    zone: str = Field(
        description="the zone of the clock that wrote the times: UTC, an IANA name such as"
        " Europe/Berlin, or 'carried' where each time carries its own offset"
    )
    marks: Literal["begin", "end"] = Field(description="which end of its slot a time stands for")
    format: str = Field(
        "iso", description="'iso' (ISO 8601), 'epoch_s', 'epoch_ms', or a strptime format"
    )
    folds: Literal["refuse", "earliest", "latest"] = Field(
        "refuse",
        description="which hour a wall time in the doubled hour of autumn is, where the file has"
        " only one of the two; where it has both, their order tells",
    )

    @field_validator("zone")
    @classmethod
    def _zone(cls, zone: str) -> str:
        return zone if zone == CARRIED else _known_zone(zone)

    @property
    def columns(self) -> list[str]:
        """The columns, one or several."""
        return [self.column] if isinstance(self.column, str) else self.column


class LoadMapping(_Part):
    """The columns and unit of the load."""

    unit: LoadUnit = Field(
        description="power, or (Wh, kWh, …) the energy of a slot, which becomes its mean power"
    )
    series_column: str | None = Field(
        None, description="long form: the column that says which series a row is of"
    )
    value_column: str | None = Field(None, description="long form: the column of values")
    label_column: str | None = Field(
        None, description="long form: 1 where a row is known anomalous"
    )
    missing: list[str | float] = Field(
        [""], description="what stands for 'no value', in any column of numbers, beside null"
    )
    range: tuple[float, float] | None = Field(
        None, description="the least and the most that a value can be, in `unit`"
    )
    on_duplicates: Literal["refuse", "first", "last", "mean"] = Field(
        "refuse", description="which of several values of one series and time counts"
    )
    most_missing: float = Field(
        0.5, ge=0, le=1, description="largest share of a series' slots that may be missing"
    )
    accept: set[FindingKind] = Field(
        set(), description="findings that you have looked at: reported, no longer refused"
    )

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if (self.series_column is None) != (self.value_column is None):
            raise ValueError("long form needs series_column and value_column, wide form neither")
        if self.label_column is not None and self.value_column is None:
            raise ValueError("label_column needs the long form (series_column and value_column)")
        return self


class SeriesMapping(_Part):
    """A series' declaration (the fields of `GridSeries`) and its name in the file."""

    model_config = ConfigDict(extra="allow", frozen=True)

    found_as: str | None = Field(
        None, description="what the file calls it: the entry (long form) or column (wide form)"
    )

    def declare(self, series: str, defaults: "SeriesMapping") -> GridSeries:
        """Return the series' declaration."""
        given = {**(defaults.model_extra or {}), **(self.model_extra or {}), "series": series}
        if unknown := sorted(given.keys() - GridSeries.model_fields.keys()):
            raise ValueError(f"a series has no {unknown[0]!r}")
        return GridSeries.model_validate(given)


class WeatherColumn(_Part):
    """A column of weather and its unit."""

    column: str
    unit: str


class WeatherMapping(_Part):
    """The weather columns of one station."""

    available_after_minutes: Minutes = Field(
        description="how long after its time a row could be known: for a mean over the following"
        " hour 60, for a momentary value that is sent at once 0"
    )
    temperature_c: WeatherColumn | None = None
    humidity_pct: WeatherColumn | None = None
    wind_ms: WeatherColumn | None = None
    cloud_pct: WeatherColumn | None = None
    irradiance_wm2: WeatherColumn | None = None
    pressure_hpa: WeatherColumn | None = None

    @model_validator(mode="after")
    def _units(self) -> Self:
        for name, column in self.columns.items():
            if column.unit not in WEATHER_UNITS[name]:
                units = ", ".join(WEATHER_UNITS[name])
                raise ValueError(f"{name} is in one of {units}; not {column.unit!r}")
        if not self.columns:
            raise ValueError(f"a station measures at least one of {', '.join(VARIABLES)}")
        return self

    @property
    def columns(self) -> dict[str, WeatherColumn]:
        """The columns by variable."""
        columns = {name: getattr(self, name) for name in VARIABLES}
        return {name: column for name, column in columns.items() if column is not None}


class OperatorForecast(_Part):
    """The grid operator's load forecast, in the unit of the load."""

    column: str = Field(description="its column (of the first series, in wide form)")
    days_before: int = Field(ge=0, le=14, description="published how many local days before")
    at: str = Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="at which local time: 08:00")
    zone: Zone = Field(description="by which clock")

    @property
    def minute_of_day(self) -> int:
        """Time of publication, in minutes after local midnight."""
        hours, minutes = self.at.split(":")
        return int(hours) * 60 + int(minutes)


class Mapping(_Part):
    """The contents of a history file and the meaning of its columns."""

    title: str = Field(description="what the file is, in a few words")
    source: str = Field("", description="who published it")
    licence: str = Field("", description="what may be done with it")
    step_minutes: float | None = Field(
        None, gt=0, le=1440, description="time between two readings; left out: irregular"
    )
    csv: Csv = Csv()
    time: Time
    load: LoadMapping
    series: dict[Id, SeriesMapping] = Field({}, description="what is known of each series, by id")
    series_defaults: SeriesMapping = Field(SeriesMapping(), description="what holds for all series")
    weather: dict[str, WeatherMapping] = Field(
        {}, description="by station; '{series}' in its name: one station a series"
    )
    operator_forecast: OperatorForecast | None = None

    @property
    def long_form(self) -> bool:
        """True if a row is one reading. Otherwise a row is one time of all series."""
        return self.load.series_column is not None

    @property
    def step_ms(self) -> int | None:
        """Time between two readings in milliseconds; None if irregular."""
        return None if self.step_minutes is None else round(self.step_minutes * MINUTE_MS)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not self.long_form and not self.series:
            raise ValueError("say load.series_column, or in wide form one [series.ID] a column")
        if self.step_minutes is None:
            if is_energy(self.load.unit):
                raise ValueError(f"{self.load.unit} is power only given step_minutes")
            if self.time.marks == "end":
                raise ValueError('time.marks = "end" needs step_minutes, to find the beginning')
        if not self.long_form and any(ONE_A_SERIES in station for station in self.weather):
            raise ValueError(f"a station named {ONE_A_SERIES} needs the long form")
        return self

    @model_validator(mode="after")
    def _declarations(self) -> Self:
        names = [facts.found_as or series for series, facts in self.series.items()]
        if doubled := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"two series are found_as {min(doubled)!r}")
        for series, facts in self.series.items():
            _declared(series, facts, self.series_defaults)
        _declared("any", SeriesMapping(), self.series_defaults)
        for station in self.weather:
            TypeAdapter(Id).validate_python(station.replace(ONE_A_SERIES, "any"))
        return self

    def declare(self, series: str) -> GridSeries:
        """Return the declaration of a series, with its station if there is only one."""
        declared = self.series.get(series, SeriesMapping()).declare(series, self.series_defaults)
        if declared.station is None and len(self.weather) == 1:
            station = next(iter(self.weather)).replace(ONE_A_SERIES, series)
            return declared.model_copy(update={"station": station})
        return declared


def _declared(series: str, facts: SeriesMapping, defaults: SeriesMapping) -> None:
    try:
        facts.declare(series, defaults)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        raise ValueError(f"series {series!r}: {_place(first['loc'])}{first['msg']}") from None
    except ValueError as error:
        raise ValueError(f"series {series!r}: {error}") from None


def load_mapping(path: Path) -> Mapping:
    """Load a mapping file. Raise a :class:`UserError` of one line if it is invalid."""
    try:
        return Mapping.model_validate(tomllib.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        raise UserError(f"the mapping file {path} is not there") from None
    except ValidationError as error:
        raise UserError(f"{path}: {_one_line(error)}") from None
    except (OSError, ValueError) as error:
        raise UserError(f"the mapping file {path} cannot be read: {error}") from None


def _one_line(error: ValidationError) -> str:
    first: MappingOf[str, Any] = error.errors(include_url=False, include_context=False)[0]
    message = str(first["msg"]).removeprefix("Value error, ")
    if first["type"] == "missing":
        message = "is missing"
    elif isinstance(first["input"], str | int | float):
        message += f", not {first['input']!r}"
    return _place(first["loc"]) + message


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(map(str, location)) + ": " if location else ""
