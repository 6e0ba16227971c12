"""Reasons why a record cannot be used."""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """The reasons in dead letters and metrics."""

    EMPTY = "empty"
    """No bytes, on a topic where that has no meaning."""
    OVERSIZED = "oversized"
    """More bytes than the limit of a message."""
    NOT_JSON = "not-json"
    """Not JSON, or not UTF-8."""
    NOT_AN_OBJECT = "not-an-object"
    """JSON, but a list, a number or a string instead of an object."""
    MISSING_FIELD = "missing-field"
    """A field without a default is missing."""
    WRONG_TYPE = "wrong-type"
    """A string instead of a number, a list instead of a string, and so on."""
    NOT_FINITE = "not-finite"
    """NaN, infinity, or a number too large to hold."""
    OUT_OF_RANGE = "out-of-range"
    """A number outside what its field allows, such as a humidity of 130 %."""
    NEGATIVE_CAPACITY = "negative-capacity"
    """A capacity of zero or less."""
    UNKNOWN_VERSION = "unknown-version"
    """A schema version newer than this reader (or below 1)."""
    UNKNOWN_UNIT = "unknown-unit"
    """A unit other than kW."""
    UNKNOWN_QUALITY = "unknown-quality"
    """A quality code that ESPI does not have."""
    UNKNOWN_VALUE = "unknown-value"
    """A value that is not one of the field's choices."""
    BAD_ID = "bad-id"
    """An identifier that is empty, too long or contains spaces."""
    BAD_TIME = "bad-time"
    """A time that is not RFC 3339, or that doesn't exist."""
    TIME_WITHOUT_ZONE = "time-without-zone"
    """A time without a time zone."""
    FAR_FUTURE = "far-future"
    """A reading later than the accepted bound."""
    TOO_OLD = "too-old"
    """A reading older than the window."""
    WRONG_KEY = "wrong-key"
    """The Kafka key differs from the key that the record's content determines."""
    UNEVEN_LISTS = "uneven-lists"
    """Parallel lists differ in length."""
    UNKNOWN_ALARM = "unknown-alarm"
    """A command about an alarm that was never raised or is over."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A record that was refused, and the reason."""

    reason: Reason
    detail: str
    """One line for people: the field and its value."""
    entry: int | None = None
    """Index of the reading in a frame; None for the whole message."""
