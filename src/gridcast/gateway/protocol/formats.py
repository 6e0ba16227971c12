"""The two forms of the same messages: JSON, and MessagePack for those who ask for it.

In the binary form a forecast's `quantiles` are bytes: 32-bit floats, little-endian, a level after
the other, half of what their digits take. Forecasts are whole watts, so a float rounded to three
decimals is the number again.
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
    """Each is a WebSocket sub-protocol."""

    JSON = "gridcast.v1"
    MSGPACK = "gridcast.v1.msgpack"


@dataclass(frozen=True)
class Packet:
    """One message as it is sent; built once, however many get it."""

    payload: bytes
    format: Format

    @cached_property
    def frame(self) -> bytes:
        """The WebSocket frame. A server masks nothing, so it is the same for all."""
        opcode = Opcode.TEXT if self.format is Format.JSON else Opcode.BINARY
        return Frame(opcode, self.payload).serialize(mask=False)

    def to(self, form: Format) -> "Packet":
        """Give the same message in a form."""
        if form is self.format:
            return self
        message = msgspec.json.decode(self.payload)
        forecast = message.get("forecast")
        if forecast is not None:
            forecast["quantiles"] = np.array(forecast["quantiles"], FLOAT).tobytes()
        return Packet(msgspec.msgpack.encode(message), form)


def read(data: str | bytes, form: Format) -> ClientMessage:
    """Read what a client says; what is wrong is a ValueError (pydantic's and msgspec's are)."""
    if isinstance(data, str) != (form is Format.JSON):
        raise ValueError("JSON goes in text frames, MessagePack in binary ones")
    return read_client_message(data if isinstance(data, str) else _json(data))


def name_of(data: str | bytes) -> str | None:
    """Find the name of a request that is broken otherwise, so that its sender knows which."""
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
    """Turn MessagePack into JSON: one set of rules for both."""
    try:
        message: Any = msgspec.msgpack.decode(data)
        return msgspec.json.encode(message)
    except (RecursionError, TypeError, ValueError) as error:
        raise ValueError(f"no MessagePack of a message: {error}") from None
