"""What every message on the wire holds to."""

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, ValidationError
from support.messages import EXAMPLES, NOON

from gridcast.schemas import (
    TOPICS,
    Alarm,
    BandScore,
    Message,
    Quality,
    Reading,
    Reason,
    Refusal,
    read,
)
from gridcast.schemas.plain import PlainQuality
from gridcast.schemas.topics import READINGS

GOLDEN = Path(__file__).parent / "golden"
MODELS = [model for topic in TOPICS for model in topic.models]

by_model = pytest.mark.parametrize("message", EXAMPLES, ids=lambda message: type(message).__name__)


def test_there_is_an_example_of_every_kind_of_message() -> None:
    assert {type(message) for message in EXAMPLES} == set(MODELS)


@by_model
def test_a_message_reads_back_the_same(message: Message) -> None:
    assert type(message).from_bytes(message.to_bytes()) == message


@by_model
def test_a_message_is_read_from_its_topic_under_its_key(message: Message) -> None:
    topic = next(topic for topic in TOPICS if type(message) in topic.models)
    assert read(topic, message.key, message.to_bytes()) == message
    wrong = read(topic, b"another", message.to_bytes())
    assert isinstance(wrong, Refusal)
    assert wrong.reason is Reason.WRONG_KEY


@by_model
def test_bytes_are_the_same_in_whatever_order_and_spacing_the_fields_came(message: Message) -> None:
    fields = json.loads(message.to_bytes())
    shuffled = json.dumps(dict(reversed(fields.items())), indent=3).encode()
    assert type(message).from_bytes(shuffled).to_bytes() == message.to_bytes()


def test_equal_readings_are_equal_bytes_however_they_were_made() -> None:
    seoul = timezone(timedelta(hours=9))
    made = [
        Reading(series="m", time=NOON, value=0),
        Reading(series="m", time=NOON.astimezone(seoul), value=-0.0),
        Reading(series="m", time=NOON.replace(microsecond=999), value=0.0, quality=Quality(0)),
        Reading.from_bytes(b'{"series":"m","time":"2026-03-29T21:00:00.0001+09:00","value":-0.0}'),
        Reading.from_bytes(b'{"series":"m","time":"2026-03-29T12:00:00Z","value":0e5,"x":[1]}'),
    ]
    assert len({reading.to_bytes() for reading in made}) == 1


def test_evidence_is_the_same_bytes_in_whatever_order_it_was_gathered() -> None:
    alarm = next(message for message in EXAMPLES if isinstance(message, Alarm))
    turned = alarm.model_dump() | {"evidence": dict(reversed(alarm.evidence.items()))}
    assert Alarm(**turned).to_bytes() == alarm.to_bytes()


@given(
    st.datetimes(datetime(1970, 1, 2), datetime(2199, 12, 30), timezones=st.timezones()),  # noqa: DTZ001
    st.floats(allow_nan=False, allow_infinity=False),
)
def test_any_time_and_value_read_back_to_the_same_bytes(time: datetime, value: float) -> None:
    reading = Reading(series="m", time=time, value=value)
    again = Reading.from_bytes(reading.to_bytes())
    assert again == reading
    assert again.to_bytes() == reading.to_bytes()
    assert again.value == value
    assert abs(again.time - time) < timedelta(milliseconds=1)
    assert again.time.tzinfo is UTC


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*.jsonl")), ids=lambda file: file.stem)
def test_messages_of_older_versions_still_read(file: Path) -> None:
    """What was once sent must be read for ever: a line may be added here, none changed."""
    models = {model.__name__: model for model in MODELS}
    lines = file.read_bytes().splitlines()
    seen = set()
    for line in lines:
        name, _, data = line.partition(b"\t")
        model = models[name.decode()]
        message = model.from_bytes(data)
        seen.add(model)
        if message.version == model.VERSION:
            assert message.to_bytes() == data
    assert seen == set(MODELS)


def test_a_field_added_later_has_its_default_in_older_messages() -> None:
    class Later(Reading):
        VERSION = 2
        phase: int = Field(0, description="which phase; since version 2")

    old = Reading(series="m", time=NOON, value=1).to_bytes()
    assert Later.from_bytes(old).phase == 0
    new = Later(version=2, series="m", time=NOON, value=1, phase=3).to_bytes()
    refused = read(READINGS, b"m", new)
    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.UNKNOWN_VERSION


def test_a_message_without_a_value_deletes_the_key_of_a_compacted_topic_only() -> None:
    for topic in TOPICS:
        found = read(topic, b"k", None)
        if topic.compacted:
            assert found is None
        else:
            assert isinstance(found, Refusal)
            assert found.reason is Reason.EMPTY


@pytest.mark.parametrize("model", [*MODELS, BandScore], ids=lambda model: model.__name__)
def test_every_field_says_what_it_is_and_every_number_its_unit(model: type[BaseModel]) -> None:
    schema = model.model_json_schema()
    for name, field in schema["properties"].items():
        assert field.get("description"), f"{model.__name__}.{name} has no description"
        for leaf in _leaves(field):
            if leaf.get("type") in {"number", "integer"}:
                assert leaf.get("unit"), f"{model.__name__}.{name} has no unit"


def _leaves(field: dict[str, Any]) -> list[dict[str, Any]]:
    inner = [*field.get("anyOf", ()), field.get("items"), field.get("additionalProperties")]
    found = [leaf for part in inner if isinstance(part, dict) for leaf in _leaves(part)]
    return found or [field]


def test_quality_codes_of_the_compiled_decoder_are_those_of_the_contract() -> None:
    assert set(get_args(PlainQuality)) == set(map(int, Quality))


@pytest.mark.parametrize(
    ("flags", "quality"),
    [
        (0b0000001, Quality.VALID),
        (0b0000010, Quality.MANUALLY_EDITED),
        (0b0000100, Quality.ESTIMATED_REFERENCE_DAY),
        (0b0001000, Quality.ESTIMATED_LINEAR),
        (0b0010000, Quality.QUESTIONABLE),
        (0b0100000, Quality.DERIVED),
        (0b1000000, Quality.PROJECTED),
        (0b0010001, Quality.QUESTIONABLE),
        (0, Quality.RAW),
    ],
)
def test_quality_flags_of_ieee_2030_5_have_an_espi_code(flags: int, quality: Quality) -> None:
    assert Quality.from_ieee_2030_5(flags) is quality


def test_a_message_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        EXAMPLES[0].version = 2  # type: ignore[misc]
