"""Packets: the same message in both forms, and the frame that all share."""

import json

import msgspec
import numpy as np
from support.gateway import forecast
from websockets.frames import Frame, Opcode

from gridcast.gateway.entries import Entry, KafkaMessage, read_entry
from gridcast.gateway.protocol import Close, CloseCode, Format, Packet
from gridcast.schemas.gateway import What


def test_a_frame_is_that_of_the_library_and_built_once() -> None:
    packet = Packet(b'{"type":"current"}', Format.JSON)
    assert packet.frame == Frame(Opcode.TEXT, packet.payload).serialize(mask=False)
    assert packet.frame is packet.frame
    assert packet.to(Format.MSGPACK).frame[0] == 0x80 | Opcode.BINARY


def test_a_forecast_in_the_binary_form_is_half_as_long_and_the_same_numbers() -> None:
    template = forecast("m-1", steps=96)
    quantiles = [
        [round(1234.567 + level + step / 7, 3) for step in range(96)] for level in range(3)
    ]
    value = template.model_copy(update={"quantiles": quantiles}).to_bytes()
    entry = read_entry(What.FORECAST, KafkaMessage(0, 7, 0, b"m-1", value), 10_000)
    assert isinstance(entry, Entry)
    packed = entry.to(Format.MSGPACK).payload
    message = msgspec.msgpack.decode(packed)
    assert (message["type"], message["seq"]) == ("forecast", [0, 7])
    floats = np.frombuffer(message["forecast"].pop("quantiles"), "<f4").reshape(3, 96)
    assert np.round(floats.astype(float), 3).tolist() == quantiles
    whole = json.loads(value)
    whole.pop("quantiles")
    assert message["forecast"] == whole
    assert len(packed) < 0.6 * len(entry.packet.payload)


def test_a_reason_to_close_fits_into_its_frame() -> None:
    close = Close(CloseCode.BAD_MESSAGE, "전력" * 100)
    assert len(close.reason.encode()) <= 123
    assert close.text.startswith(close.reason)
