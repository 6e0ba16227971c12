"""The wire, written down for other programs: JSON Schemas, and an AsyncAPI 3 document of it all."""

import json
from datetime import timedelta
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from gridcast.schemas.gateway import CLIENT_MESSAGES, SERVER_MESSAGES
from gridcast.schemas.gateway.http import FeedsAlive, Moment, RecentPast, SaidBefore, Temperatures
from gridcast.schemas.message import Message
from gridcast.schemas.topics import TOPICS, Topic

ASYNCAPI = "3.0.0"
JSON_SCHEMA = "https://json-schema.org/draft/2020-12/schema"
# What has no message of the wire is for the workers alone.
PUBLIC = tuple(topic for topic in TOPICS if topic.models)
GATEWAY = "gateway"
ANSWERS = (RecentPast, SaidBefore, Temperatures, FeedsAlive, Moment)
"""The HTTP answers of the gateway."""
# Whose messages they are: what the grid's own systems send, and what gridcast sends.
RECEIVED = frozenset(
    {
        "meter.readings",
        "weather.observations",
        "weather.forecasts",
        "grid.series",
        "model.releases",
        "load.commands",
    }
)


def documents() -> dict[str, str]:
    """Return every document by its file name: `schemas/Reading.json`, `asyncapi.json`, …"""
    models = sorted({model for topic in PUBLIC for model in topic.models}, key=_name)
    files = {f"schemas/{_name(model)}.json": _write(_json_schema(model)) for model in models}
    for model in (*CLIENT_MESSAGES, *SERVER_MESSAGES, *ANSWERS):
        files[f"schemas/gateway/{_name(model)}.json"] = _write(_json_schema(model))
    return files | {"asyncapi.json": _write(_asyncapi(models))}


def _name(model: type[BaseModel]) -> str:
    return model.__name__


def _write(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _json_schema(model: type[BaseModel]) -> dict[str, Any]:
    return {"$schema": JSON_SCHEMA, **model.model_json_schema()}


def _asyncapi(models: list[type[Message]]) -> dict[str, Any]:
    all_models: list[type[BaseModel]] = [*models, *CLIENT_MESSAGES, *SERVER_MESSAGES]
    _, schemas = models_json_schema(
        [(model, "validation") for model in all_models],
        ref_template="#/components/schemas/{model}",
    )
    return {
        "asyncapi": ASYNCAPI,
        "info": {
            "title": "gridcast",
            "version": str(max(model.VERSION for model in models)),
            "description": "Readings and weather in; forecasts, scores and alarms out. UTF-8 JSON,"
            " kW and UTC everywhere. A deployment may put a prefix before every topic's name.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic) for topic in PUBLIC} | {GATEWAY: _gateway()},
        "operations": {
            f"{_action(topic)}/{topic.name}": {
                "action": _action(topic),
                "channel": {"$ref": f"#/channels/{topic.name}"},
                "summary": topic.about,
            }
            for topic in PUBLIC
        }
        | {
            f"{action}/{GATEWAY}": {
                "action": action,
                "channel": {"$ref": f"#/channels/{GATEWAY}"},
                "summary": summary,
                "messages": [
                    {"$ref": f"#/channels/{GATEWAY}/messages/{_name(model)}"} for model in said
                ],
            }
            for action, summary, said in (
                ("receive", "What a client says to the gateway.", CLIENT_MESSAGES),
                ("send", "What the gateway says to a client.", SERVER_MESSAGES),
            )
        },
        "components": {
            "messages": {_name(model): _message(model) for model in all_models},
            "schemas": schemas["$defs"],
        },
    }


def _action(topic: Topic) -> str:
    """Return gridcast's own action on a topic, in the terms of AsyncAPI 3."""
    return "receive" if topic.name in RECEIVED else "send"


def _channel(topic: Topic) -> dict[str, Any]:
    kept = (
        "until compaction"
        if topic.kept_for is None
        else f"{topic.kept_for // timedelta(days=1)} days"
    )
    configuration = topic.configuration()
    return {
        "address": topic.name,
        "title": topic.name,
        "description": f"{topic.about} Key: {topic.key}. Kept: {kept}.",
        "messages": {
            _name(model): {"$ref": f"#/components/messages/{_name(model)}"}
            for model in topic.models
        },
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "topicConfiguration": {
                    "cleanup.policy": configuration["cleanup.policy"].split(","),
                    "retention.ms": int(configuration["retention.ms"]),
                },
                "bindingVersion": "0.5.0",
            }
        },
    }


def _gateway() -> dict[str, Any]:
    return {
        "address": "/v1",
        "title": "gridcast.v1",
        "description": "The gateway's WebSocket. Sub-protocol `gridcast.v1`: JSON in text frames; "
        "`gridcast.v1.msgpack`: the same messages as MessagePack in binary frames, the quantiles of"
        " a forecast as bytes (32-bit floats, little-endian, a level after the other).",
        "messages": {
            _name(model): {"$ref": f"#/components/messages/{_name(model)}"}
            for model in (*CLIENT_MESSAGES, *SERVER_MESSAGES)
        },
        "bindings": {"ws": {"method": "GET", "bindingVersion": "0.1.0"}},
    }


def _message(model: type[BaseModel]) -> dict[str, Any]:
    return {
        "name": _name(model),
        "summary": (model.__doc__ or "").partition("\n")[0],
        "contentType": "application/json",
        "payload": {"$ref": f"#/components/schemas/{_name(model)}"},
    }
