"""Any message, one by one, judged by its pydantic model: the contract.

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
"""The largest message that is read, unless a deployment says otherwise."""

DETAIL_LENGTH = 300

_MARKS: dict[type[Message], str] = {
    ReplayedLetters: "replayed_at",
    ReleaseRefused: "refused_at",
}
"""What a topic's other kind of message has, and its first kind has not."""

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
    """Read one message of a topic; None is the deletion of a key of a compacted topic."""
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
    """Refuse what has no bytes, or too many."""
    if not value:
        return Refusal(Reason.EMPTY, "no bytes")
    if len(value) > limit:
        return Refusal(Reason.OVERSIZED, f"{len(value):,} bytes; at most {limit:,} are read")
    return None


def parse(topic: Topic, value: bytes) -> Message:
    """Read a value by the topic's model; what is wrong with it is a ValidationError."""
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
    """Tell what is of a topic's other kind from what is of its first kind but broken."""
    found = error.errors(include_url=False, include_context=False)
    if model is ReadingFrame:
        return any(one["loc"] == ("series",) and isinstance(one["input"], list) for one in found)
    # What is missing names the whole object as its input: it has what only the other kind has.
    mark = _MARKS[model]
    return any(one["type"] == "missing" and mark in one["input"] for one in found)


def check_key(message: Message, key: bytes | None) -> Refusal | None:
    """Refuse a message under another key than its own: it would be in a wrong partition."""
    if message.key == key:
        return None
    return Refusal(Reason.WRONG_KEY, f"the key is {_shown(key)}, but {_shown(message.key)} is due")


def _shown(key: bytes | None) -> str:
    return "missing" if key is None else repr(key[:40])[1:]


def name_refusal(error: ErrorDetails, entry: int | None = None) -> Refusal:
    """Name what pydantic found wrong."""
    reason = _REASONS.get(error["type"], Reason.WRONG_TYPE)
    place = ".".join(map(str, error["loc"]))
    detail = f"{place}: {error['msg']}" if place else error["msg"]
    return Refusal(reason, detail[:DETAIL_LENGTH], entry)
