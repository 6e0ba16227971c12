"""Why a record could not be used: every way it can be wrong has a name."""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """The reasons that dead letters carry and that metrics count by."""

    EMPTY = "empty"
    """No bytes at all, on a topic where that means nothing."""
    OVERSIZED = "oversized"
    """More bytes than a message may have."""
    NOT_JSON = "not-json"
    """Not JSON, or not UTF-8."""
    NOT_AN_OBJECT = "not-an-object"
    """JSON, but a list, a number or a text instead of an object."""
    MISSING_FIELD = "missing-field"
    """A field that has no default is not there."""
    WRONG_TYPE = "wrong-type"
    """A text where a number is due, a list where a text is due, and the like."""
    NOT_FINITE = "not-finite"
    """NaN, infinity, or a number too large to hold."""
    OUT_OF_RANGE = "out-of-range"
    """A number outside what its field allows, such as a humidity of 130 %."""
    NEGATIVE_CAPACITY = "negative-capacity"
    """A capacity of zero or less."""
    UNKNOWN_VERSION = "unknown-version"
    """A schema version newer than this reader (or below 1)."""
    UNKNOWN_UNIT = "unknown-unit"
    """Any unit but kW."""
    UNKNOWN_QUALITY = "unknown-quality"
    """A quality code that ESPI does not have."""
    UNKNOWN_VALUE = "unknown-value"
    """A word that is none of those the field knows."""
    BAD_ID = "bad-id"
    """An identifier that is empty, too long or holds spaces."""
    BAD_TIME = "bad-time"
    """A time that is not RFC 3339, or no such day or hour."""
    TIME_WITHOUT_ZONE = "time-without-zone"
    """A time that could be any zone's."""
    FAR_FUTURE = "far-future"
    """A reading further ahead than the bound for it."""
    TOO_OLD = "too-old"
    """A reading older than the window."""
    WRONG_KEY = "wrong-key"
    """The Kafka key is not the one that the record's content asks for."""
    UNEVEN_LISTS = "uneven-lists"
    """Lists that belong together but differ in length."""
    UNKNOWN_ALARM = "unknown-alarm"
    """A command about an alarm that was never raised, or is over."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One record that was not used, and why."""

    reason: Reason
    detail: str
    """One line for people: which field, what stood there."""
    entry: int | None = None
    """Which reading of a frame; None for the whole message."""
