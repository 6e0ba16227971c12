"""The wire: one pydantic model per kind of message, and the decoder of their bytes.

>>> from datetime import UTC, datetime
>>> Reading(series="m-1", time=datetime(2026, 1, 1, tzinfo=UTC), value=1.5).to_bytes()
b'{"version":1,"series":"m-1","time":"2026-01-01T00:00:00Z","value":1.5,"unit":"kW","quality":0,"revision":0}'
"""

from gridcast.schemas.alarm import Alarm, AlarmChange, AlarmKind, Priority
from gridcast.schemas.bounds import TimeBounds, within
from gridcast.schemas.codec import read
from gridcast.schemas.columns import ReadingColumns
from gridcast.schemas.command import Action, Command
from gridcast.schemas.dead_letter import DeadLetter
from gridcast.schemas.decode import Decoded, decode
from gridcast.schemas.forecast import ClosedBy, Forecast, Rung
from gridcast.schemas.message import Message
from gridcast.schemas.quality import Quality
from gridcast.schemas.reading import Reading, ReadingFrame
from gridcast.schemas.reasons import Reason, Refusal
from gridcast.schemas.release import Release, ReleaseRefused, Role, Unfit
from gridcast.schemas.replayed_letters import ReplayedLetters
from gridcast.schemas.score import BandScore, Score
from gridcast.schemas.series import GridSeries, SeriesKind
from gridcast.schemas.topics import TOPICS, Topic
from gridcast.schemas.weather import WeatherForecast, WeatherObservation

__all__ = [
    "TOPICS",
    "Action",
    "Alarm",
    "AlarmChange",
    "AlarmKind",
    "BandScore",
    "ClosedBy",
    "Command",
    "DeadLetter",
    "Decoded",
    "Forecast",
    "GridSeries",
    "Message",
    "Priority",
    "Quality",
    "Reading",
    "ReadingColumns",
    "ReadingFrame",
    "Reason",
    "Refusal",
    "Release",
    "ReleaseRefused",
    "ReplayedLetters",
    "Role",
    "Rung",
    "Score",
    "SeriesKind",
    "TimeBounds",
    "Topic",
    "Unfit",
    "WeatherForecast",
    "WeatherObservation",
    "decode",
    "read",
    "within",
]
