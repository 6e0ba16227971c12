"""Readings: one per message, or a frame of many."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from gridcast.schemas.fields import Id, Kilowatts, Revision, Time, Unit, refuse
from gridcast.schemas.message import Message
from gridcast.schemas.quality import Quality, QualityCode
from gridcast.schemas.reasons import Reason


def _only_kilowatts(unit: Any) -> Any:
    if isinstance(unit, str) and unit != "kW":
        raise refuse(Reason.UNKNOWN_UNIT, f"readings are in kW, not {unit[:40]!a}")
    return unit


KilowattUnit = Annotated[Literal["kW"], BeforeValidator(_only_kilowatts)]


class Reading(Message):
    """One measured value of one series at one event time."""

    series: Id = Field(description="which series was measured; also the Kafka key")
    time: Time = Field(description="when it was measured (event time)")
    value: Kilowatts = Field(description="mean or momentary power; negative where power flows back")
    unit: KilowattUnit = Field(
        "kW", description="unit of the value: kW and no other, said so that a slip is seen"
    )
    quality: QualityCode = Field(Quality.VALID, description="quality code after ESPI; 0 is valid")
    revision: Revision = Field(
        0, description="0 as first sent; a correction of the same series and time has a higher one"
    )

    @property
    def key(self) -> bytes | None:
        """The series."""
        return self.series.encode()


class ReadingFrame(Message):
    """Many readings in one message, of series that share its key, such as all meters of a feeder.

    The lists run in parallel: `series[i]` was measured at `time` + `offset_ms[i]` as `value[i]`.
    A series is sent either alone or in frames of one key, never both, because the key determines
    the partition.
    """

    frame: Id = Field(description="what the series share, say their feeder; also the Kafka key")
    time: Time = Field(description="when the readings were measured (event time)")
    series: list[Id] = Field(min_length=1, description="which series were measured")
    value: list[Kilowatts] = Field(description="their values")
    unit: KilowattUnit = Field("kW", description="unit of all values: kW and no other")
    quality: list[QualityCode] = Field([], description="their quality codes; empty: all valid")
    revision: list[Revision] = Field([], description="their revisions; empty: all 0")
    offset_ms: list[Annotated[int, Field(ge=-86_400_000, le=86_400_000), Unit("ms")]] = Field(
        [], description="how long after `time` each was measured; empty: all at `time`"
    )

    @model_validator(mode="after")
    def _even(self) -> Self:
        length = len(self.series)
        for name in ("value", "quality", "revision", "offset_ms"):
            list_length = len(getattr(self, name))
            if list_length != length and (list_length or name == "value"):
                raise refuse(
                    Reason.UNEVEN_LISTS, f"{name} has {list_length} entries, series {length}"
                )
        return self

    @property
    def key(self) -> bytes | None:
        """The key that the series share."""
        return self.frame.encode()
