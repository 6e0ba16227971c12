"""The documents that are committed are those of the code."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from support.messages import EXAMPLES

from gridcast.schemas import TOPICS, Message
from gridcast.schemas.export import documents

DOCS = Path(__file__).parents[2] / "docs" / "reference"


def test_the_committed_documents_have_not_drifted_from_the_models() -> None:
    """If this fails: `uv run gridcast schema export`, and read what changed."""
    drifted = [
        name
        for name, text in documents().items()
        if not (DOCS / name).exists() or (DOCS / name).read_text("utf-8") != text
    ]
    assert drifted == []


@pytest.mark.parametrize("name", sorted(documents()))
def test_bounds_are_written_as_json_schema_has_them(name: str) -> None:
    """pydantic writes a bound that it cannot place as `ge`, which no other program knows."""
    assert _keys(json.loads(documents()[name])).isdisjoint(
        {"ge", "gt", "le", "lt", "allow_inf_nan"}
    )
    schema = json.loads(documents()["schemas/WeatherObservation.json"])
    (bounded, _) = schema["properties"]["humidity_pct"]["anyOf"]
    assert (bounded["minimum"], bounded["maximum"]) == (0, 100)


def _keys(node: Any) -> set[str]:
    if isinstance(node, dict):
        return set(node).union(*map(_keys, node.values()))
    return set().union(*map(_keys, node)) if isinstance(node, list) else set()


def test_no_document_is_left_of_a_model_that_is_gone() -> None:
    written = {path.relative_to(DOCS).as_posix() for path in (DOCS / "schemas").rglob("*.json")}
    assert written == {name for name in documents() if name.startswith("schemas/")}


def test_every_reference_in_the_asyncapi_document_leads_somewhere() -> None:
    document = json.loads(documents()["asyncapi.json"])
    references = _references(document)
    assert len(references) > 20
    for reference in references:
        found: Any = document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [found for child in node.values() for found in _references(child)]
    if isinstance(node, list):
        return [found for child in node for found in _references(child)]
    return []


def test_the_asyncapi_document_has_every_topic_once_with_one_operation() -> None:
    document = json.loads(documents()["asyncapi.json"])
    public = {topic.name for topic in TOPICS if topic.models}
    assert set(document["channels"]) == public | {"gateway"}
    of_operations = [op["channel"]["$ref"] for op in document["operations"].values()]
    assert sorted(of_operations) == sorted(
        [*(f"#/channels/{name}" for name in public), *["#/channels/gateway"] * 2]
    )


def test_the_asyncapi_document_has_every_message_of_the_gateway() -> None:
    document = json.loads(documents()["asyncapi.json"])
    operations = document["operations"]
    said = {
        action: [one["$ref"].rpartition("/")[2] for one in operations[action]["messages"]]
        for action in ("receive/gateway", "send/gateway")
    }
    assert said["receive/gateway"] == ["Authenticate", "Subscribe", "Unsubscribe", "Act"]
    assert {"Welcome", "ForecastDelta", "AlarmDelta", "Current"} <= set(said["send/gateway"])
    names = {name for each in said.values() for name in each}
    assert set(document["channels"]["gateway"]["messages"]) == names
    types = [
        document["components"]["schemas"][name]["properties"]["type"]["const"]
        for name in document["channels"]["gateway"]["messages"]
    ]
    assert len(set(types)) == len(types)


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda message: type(message).__name__)
def test_canonical_messages_hold_to_the_json_schema(message: Message) -> None:
    """Checked by an independent implementation of JSON Schema."""
    schema = json.loads(documents()[f"schemas/{type(message).__name__}.json"])
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(message.to_bytes()), schema)
    broken = json.loads(message.to_bytes()) | {"version": "one"}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, schema)
