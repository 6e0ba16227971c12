"""Messages from the gateway to a client."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from gridcast.schemas.alarm import Alarm
from gridcast.schemas.fields import Count, Id, Time, Unit
from gridcast.schemas.forecast import Forecast
from gridcast.schemas.gateway.common import Epoch, Frozen, Label, Offsets, Scope, What
from gridcast.schemas.reading import Reading
from gridcast.schemas.score import Score
from gridcast.schemas.series import GridSeries

Seconds = Annotated[float, Field(ge=0), Unit("s")]


class Welcome(Frozen):
    """Your identity and permissions, and the state of the gateway."""

    type: Literal["welcome"] = "welcome"
    gateway: str = Field(description="which gateway this is: its host and process")
    version: str = Field(description="of gridcast")
    time: Time = Field(description="its clock")
    who: str = Field(description="who you are; what you do is done in this name")
    scopes: list[Scope] = Field(description="what you may do")
    below: list[Id] = Field(description="the subtrees that you are limited to; none: no limit")
    open: bool = Field(description="whether it lets everybody in: a demonstration on one machine")
    heartbeat_s: Seconds = Field(description="whoever has all is told so at least this often")
    degraded: list[str] = Field(description="what does not work at the moment, in words")


Seq = Annotated[tuple[Count, Count], Field(description="partition and offset in its topic")]


class SeriesDelta(Frozen):
    """A series' declaration has changed."""

    type: Literal["series"] = "series"
    seq: Seq
    series: GridSeries


class ForecastDelta(Frozen):
    """The newest forecast of a series. Superseded forecasts may be skipped."""

    type: Literal["forecast"] = "forecast"
    seq: Seq
    forecast: Forecast


class AlarmDelta(Frozen):
    """A change of an alarm. Every change is sent, in order."""

    type: Literal["alarm"] = "alarm"
    seq: Seq
    alarm: Alarm


class ScoreDelta(Frozen):
    """The newest score of a series."""

    type: Literal["score"] = "score"
    seq: Seq
    score: Score


class ReadingDelta(Frozen):
    """The newest reading of a series. Frequent readings are thinned out."""

    type: Literal["reading"] = "reading"
    seq: Seq
    reading: Reading


class Gone(Frozen):
    """The newest message of a key was deleted, for example because a series was removed."""

    type: Literal["gone"] = "gone"
    seq: Seq
    what: What = Field(description="of what")
    key: str = Field(description="which series or alarm")


class Current(Frozen):
    """You have everything up to this position. Sent after a snapshot, and as a heartbeat."""

    type: Literal["current"] = "current"
    subscription: Label | None = Field(
        None, description="which subscription's snapshot is complete; null: a heartbeat"
    )
    epoch: Epoch = Field(description="which topics these are; made anew, they begin anew")
    seq: dict[What, Offsets] = Field(
        description="for each kind of delta, the next offset of each of its partitions"
    )
    time: Time = Field(description="the gateway's clock")
    stale_s: Seconds = Field(
        description="since when the gateway has heard nothing of Kafka; 0: it does"
    )
    degraded: list[str] = Field(description="what does not work at the moment, in words")


class Acted(Frozen):
    """Kafka has the command. The change of the alarm follows when a worker has executed it."""

    type: Literal["acted"] = "acted"
    request: Label = Field(description="which `act` this answers")
    command: Id = Field(description="the name of the command on `load.commands`")


class RefusedBecause(StrEnum):
    """The reason why a request was refused."""

    BAD_MESSAGE = "bad-message"
    FORBIDDEN = "forbidden"
    UNKNOWN_ALARM = "unknown-alarm"
    TOO_MUCH = "too-much"
    UNAVAILABLE = "unavailable"


class Refused(Frozen):
    """A request was refused. The connection stays open."""

    type: Literal["refused"] = "refused"
    request: str | None = Field(
        description="its `request` or `subscription`; null where that could not be read"
    )
    because: RefusedBecause = Field(description="why, for programs")
    detail: str = Field(max_length=500, description="why, for people")


SERVER_MESSAGES = (
    Welcome,
    SeriesDelta,
    ForecastDelta,
    AlarmDelta,
    ScoreDelta,
    ReadingDelta,
    Gone,
    Current,
    Acted,
    Refused,
)
ServerMessage = (
    Welcome
    | SeriesDelta
    | ForecastDelta
    | AlarmDelta
    | ScoreDelta
    | ReadingDelta
    | Gone
    | Current
    | Acted
    | Refused
)
