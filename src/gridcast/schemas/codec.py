"""Decode any message by its pydantic model, one at a time. This decoder defines the contract.

>>> from gridcast.schemas.topics import SERIES
>>> read(SERIES, b"m-1", b'{"series": "m-1", "capacity_kw": -5}')
Refusal(reason=<Reason.NEGATIVE_CAPACITY: 'negative-capacity'>, \
detail='capacity_kw: a capacity is above 0 kW, not -5', entry=None)
"""

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gridcast.schemas.message import Message
from gridcast.schemas.reading import ReadingFrame
from gridcast.schemas.reasons import Reason, Refusal
from gridcast.schemas.release import ReleaseRefused
from gridcast.schemas.replayed_letters import ReplayedLetters
from gridcast.schemas.topics import Topic

MESSAGE_BYTES = 1_000_000
"""Default limit of a message's size."""

DETAIL_LENGTH = 300

_MARKS: dict[type[Message], str] = {
    ReplayedLetters: "replayed_at",
    ReleaseRefused: "refused_at",
}
"""A field that only the topic's second kind of message has."""

_REASONS = {
    "json_invalid": Reason.NOT_JSON,
    "model_type": Reason.NOT_AN_OBJECT,
    "missing": Reason.MISSING_FIELD,
    "finite_number": Reason.NOT_FINITE,
    "greater_than": Reason.OUT_OF_RANGE,
    "greater_than_equal": Reason.OUT_OF_RANGE,
    "less_than": Reason.OUT_OF_RANGE,
    "less_than_equal": Reason.OUT_OF_RANGE,
    "int_parsing_size": Reason.OUT_OF_RANGE,
    "too_short": Reason.OUT_OF_RANGE,
    "too_long": Reason.OUT_OF_RANGE,
    "string_too_short": Reason.OUT_OF_RANGE,
    "string_too_long": Reason.OUT_OF_RANGE,
    "literal_error": Reason.UNKNOWN_VALUE,
    "enum": Reason.UNKNOWN_VALUE,
    "string_pattern_mismatch": Reason.UNKNOWN_VALUE,
} | {reason.value: reason for reason in Reason}


def read(
    topic: Topic, key: bytes | None, value: bytes | None, *, limit: int = MESSAGE_BYTES
) -> Message | Refusal | None:
    """Decode one message of a topic. Return None if it deletes a key of a compacted topic."""
    if value is None and topic.compacted and key is not None:
        return None
    if refused := weigh(value, limit):
        return refused
    try:
        message = parse(topic, value or b"")
    except ValidationError as error:
        return name_refusal(error.errors(include_url=False, include_input=False)[0])
    return check_key(message, key) or message


def weigh(value: bytes | None, limit: int) -> Refusal | None:
    """Return a refusal if a value is empty or too large."""
    if not value:
        return Refusal(Reason.EMPTY, "no bytes")
    if len(value) > limit:
        return Refusal(Reason.OVERSIZED, f"{len(value):,} bytes; at most {limit:,} are read")
    return None


def parse(topic: Topic, value: bytes) -> Message:
    """Decode a value by the topic's model. Raise ValidationError if it doesn't match."""
    try:
        return topic.models[0].from_bytes(value)
    except ValidationError as error:
        for model in topic.models[1:]:
            if _is_meant(model, error):
                break
        else:
            raise
    return model.from_bytes(value)


def _is_meant(model: type[Message], error: ValidationError) -> bool:
    """Return True if the value is of the topic's second kind, not a broken first kind."""
    details = error.errors(include_url=False, include_context=False)
    if model is ReadingFrame:
        return any(
            detail["loc"] == ("series",) and isinstance(detail["input"], list) for detail in details
        )
    # The error of a missing field has the whole object as its input.
    mark = _MARKS[model]
    return any(detail["type"] == "missing" and mark in detail["input"] for detail in details)


def check_key(message: Message, key: bytes | None) -> Refusal | None:
    """Return a refusal if the Kafka key isn't the message's: it would be in a wrong partition."""
    if message.key == key:
        return None
    return Refusal(Reason.WRONG_KEY, f"the key is {_shown(key)}, but {_shown(message.key)} is due")


def _shown(key: bytes | None) -> str:
    return "missing" if key is None else repr(key[:40])[1:]


def name_refusal(error: ErrorDetails, entry: int | None = None) -> Refusal:
    """Translate pydantic's error into a refusal with a named reason."""
    reason = _REASONS.get(error["type"], Reason.WRONG_TYPE)
    place = ".".join(map(str, error["loc"]))
    detail = f"{place}: {error['msg']}" if place else error["msg"]
    return Refusal(reason, detail[:DETAIL_LENGTH], entry)
