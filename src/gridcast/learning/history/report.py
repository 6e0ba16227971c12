"""The report on a history file: figures per series, and findings."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field, computed_field


class FindingKind(StrEnum):
    """The kinds of findings."""

    NONEXISTENT_TIME = "nonexistent_time"
    UNCLEAR_FOLD = "unclear_fold"
    UNORDERED = "unordered"
    NOT_FINITE = "not_finite"
    NEGATIVE = "negative"
    OUT_OF_RANGE = "out_of_range"
    UNIT_JUMP = "unit_jump"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    WRONG_STEP = "wrong_step"
    MIXED_STEP = "mixed_step"
    OFF_STEP = "off_step"
    SHIFTED_STEP = "shifted_step"
    GAP = "gap"
    MISSING = "missing"
    ABSENT_SERIES = "absent_series"
    WEATHER_OUT_OF_RANGE = "weather_out_of_range"
    WEATHER_CONFLICT = "weather_conflict"


class Meaning(NamedTuple):
    """The explanation of a kind of finding."""

    strict: bool
    """True if the file is refused unless the mapping accepts it."""
    says: str
    if_accepted: str = ""


MEANINGS = {
    FindingKind.NONEXISTENT_TIME: Meaning(
        True, "a local time in the hour that the clock jumped over", "such rows are left out"
    ),
    FindingKind.UNCLEAR_FOLD: Meaning(
        True,
        "a local time in the doubled hour, and neither the order of rows nor time.folds says"
        " which of the two",
        "such rows are left out",
    ),
    FindingKind.UNORDERED: Meaning(
        False, "rows of a series not in order of time; they were sorted"
    ),
    FindingKind.NOT_FINITE: Meaning(True, "NaN or infinity", "such rows count as missing"),
    FindingKind.NEGATIVE: Meaning(
        True, "negative, though can_be_negative is not said of the series", "values are kept"
    ),
    FindingKind.OUT_OF_RANGE: Meaning(
        True, "outside load.range or above the series' capacity_kw", "values are kept"
    ),
    FindingKind.UNIT_JUMP: Meaning(
        True, "a leap of about a thousand, as from a slip of unit", "values are kept"
    ),
    FindingKind.DUPLICATE: Meaning(False, "repeated rows with the same value; each counts once"),
    FindingKind.CONFLICT: Meaning(
        True,
        "one series and time with different values; load.on_duplicates can choose",
        "the first counts",
    ),
    FindingKind.WRONG_STEP: Meaning(
        True, "the step found is not the step stated", "readings are kept"
    ),
    FindingKind.MIXED_STEP: Meaning(True, "a stretch with another step", "readings are kept"),
    FindingKind.OFF_STEP: Meaning(True, "readings between the steps", "readings are kept"),
    FindingKind.SHIFTED_STEP: Meaning(
        False, "steps that do not begin on whole steps since 1970 UTC, as slots do"
    ),
    FindingKind.GAP: Meaning(False, "gaps"),
    FindingKind.MISSING: Meaning(
        True, "more is missing than load.most_missing allows", "it is kept"
    ),
    FindingKind.ABSENT_SERIES: Meaning(
        True, "declared in the mapping, absent from the file", "left out"
    ),
    FindingKind.WEATHER_OUT_OF_RANGE: Meaning(
        True, "weather that cannot be; is the unit right?", "such values count as missing"
    ),
    FindingKind.WEATHER_CONFLICT: Meaning(
        True, "one station and time with different values", "the middle of them counts"
    ),
}


class _Figures(BaseModel):
    model_config = ConfigDict(frozen=True)


class Finding(_Figures):
    """The count and the first example of one kind."""

    kind: FindingKind
    strict: bool = Field(description="whether the file is refused for it")
    count: int
    example: str = Field(description="column, row and value of the first")

    @property
    def line(self) -> str:
        """The finding in one line."""
        return f"{self.example}: {MEANINGS[self.kind].says} ({self.count:,} in all)"


class SeriesFigures(_Figures):
    """The figures of one series, or of all together."""

    series: str
    rows: int = Field(description="rows of the file")
    readings: int = Field(description="what was left: one value a time, missing ones left out")
    first: datetime | None = None
    last: datetime | None = None
    step_minutes: float | None = Field(None, description="found: the commonest; none if irregular")
    slots: int = Field(0, description="from the first row to the last; 0 if irregular")
    missing: int = Field(0, description="slots without a reading")
    duplicates: int = 0
    conflicts: int = 0
    folds: int = Field(0, description="rows in the second pass of a doubled hour")
    negative: int = 0
    out_of_range: int = 0
    not_finite: int = 0
    gaps: int = 0
    longest_gap_minutes: float = Field(0, description="from reading to reading")
    longest_gap_after: datetime | None = None
    least_kw: float | None = None
    median_kw: float | None = None
    most_kw: float | None = None

    @computed_field(description="share of the slots without a reading")  # type: ignore[prop-decorator]
    @property
    def missing_rate(self) -> float | None:
        """Share of the slots without a reading; None if irregular."""
        return self.missing / self.slots if self.slots else None


class WeatherFigures(_Figures):
    """The figures of one station."""

    station: str
    observations: int
    first: datetime | None
    last: datetime | None
    missing_rate: dict[str, float] = Field(description="by variable")


class Report(_Figures):
    """The figures and findings of a history file."""

    file: str
    title: str
    source: str
    licence: str
    step_minutes_stated: float | None
    total: SeriesFigures
    series: list[SeriesFigures]
    weather: list[WeatherFigures]
    operator_forecasts: int | None = Field(
        description="values; none if the mapping names no column"
    )
    labelled_anomalous: int | None = Field(description="readings; none likewise")
    unused_columns: list[str]
    findings: list[Finding]

    @property
    def strict(self) -> list[Finding]:
        """The findings that make the file refused."""
        return [finding for finding in self.findings if finding.strict]

    @property
    def refusal(self) -> str | None:
        """The reason for the refusal in one line; None if the file is accepted."""
        if not self.strict:
            return None
        first, *others = self.strict
        more = f"; and {len(others)} other kinds of findings" if others else ""
        return (
            f"{self.file}, {first.line}{more} (`gridcast history check` shows all; to take it as"
            f' it is: load.accept = ["{first.kind}"], then {MEANINGS[first.kind].if_accepted})'
        )
