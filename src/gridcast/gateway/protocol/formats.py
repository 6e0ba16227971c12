"""The two formats of the messages: JSON, and MessagePack for clients that ask for it.

In MessagePack the `quantiles` of a forecast are bytes: 32-bit floats, little-endian, one level
after the other. This takes half the size of the digits. Forecasts are whole watts, so rounding to
three decimals gives back the exact number.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import msgspec
import numpy as np
from websockets.frames import Frame, Opcode

from gridcast.schemas.gateway import ClientMessage, read_client_message

FLOAT = np.dtype("<f4")


class Format(StrEnum):
    """The formats, by their WebSocket sub-protocols."""

    JSON = "gridcast.v1"
    MSGPACK = "gridcast.v1.msgpack"


@dataclass(frozen=True)
class Packet:
    """One serialised message. It is built once, however many clients get it."""

    payload: bytes
    format: Format

    @cached_property
    def frame(self) -> bytes:
        """The WebSocket frame. A server does not mask frames, so all clients share it."""
        opcode = Opcode.TEXT if self.format is Format.JSON else Opcode.BINARY
        return Frame(opcode, self.payload).serialize(mask=False)

    def to(self, form: Format) -> "Packet":
        """Return the message in the given format."""
        if form is self.format:
            return self
        message = msgspec.json.decode(self.payload)
        forecast = message.get("forecast")
        if forecast is not None:
            forecast["quantiles"] = np.array(forecast["quantiles"], FLOAT).tobytes()
        return Packet(msgspec.msgpack.encode(message), form)


def read(data: str | bytes, form: Format) -> ClientMessage:
    """Parse a client's message.

    Raises
    ------
    ValueError
        It is invalid. The errors of pydantic and msgspec are ValueErrors, too.
    """
    if isinstance(data, str) != (form is Format.JSON):
        raise ValueError("JSON goes in text frames, MessagePack in binary ones")
    return read_client_message(data if isinstance(data, str) else _json(data))


def name_of(data: str | bytes) -> str | None:
    """Return the name of an invalid request, so that the refusal can refer to it."""
    try:
        message: Any = (
            msgspec.json.decode(data) if isinstance(data, str) else msgspec.msgpack.decode(data)
        )
    except (RecursionError, ValueError):
        return None
    if not isinstance(message, dict):
        return None
    name = message.get("request", message.get("subscription"))
    return name[:64] if isinstance(name, str) else None


def _json(data: bytes) -> bytes:
    """Convert MessagePack to JSON, so that the same validation applies to both."""
    try:
        message: Any = msgspec.msgpack.decode(data)
        return msgspec.json.encode(message)
    except (RecursionError, TypeError, ValueError) as error:
        raise ValueError(f"no MessagePack of a message: {error}") from None
