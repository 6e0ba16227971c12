"""What the gateway answers over HTTP that is no message of a topic."""

from typing import Annotated, Literal

from pydantic import Field

from gridcast.schemas.fields import Id, Kilowatts, Time, Unit
from gridcast.schemas.gateway.common import Frozen
from gridcast.schemas.reading import Reading


class RecentPast(Frozen):
    """The readings of a series of the last hours: the mean of each slot that has any."""

    series: Id = Field(description="which series")
    unit: Literal["kW"] = Field("kW", description="unit of the means")
    step_minutes: Annotated[int, Unit("min")] = Field(description="width of one slot")
    time: list[Time] = Field(
        description="when each slot begins; those without readings are left out"
    )
    mean: list[Kilowatts] = Field(description="the mean of the slot's readings")
    newest: Reading | None = Field(None, description="the newest reading; null: none is known")
