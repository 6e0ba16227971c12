"""Clients that mean no good, in a process of their own.

    python -m support.hostile HOST PORT SECONDS SEED

It prints, as JSON, how often each of them did its worst.
"""

import asyncio
import base64
import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress

from websockets.frames import Frame, Opcode

WORDS = [
    "authenticate",
    "subscribe",
    "unsubscribe",
    "act",
    "welcome",
    "series",
    "all",
    "",
    "\0",
    "é",
]
AT_ONCE = 3
"""Of each kind."""
PAUSE_S = 0.02


class Villain:
    """One connection after another."""

    def __init__(self, host: str, port: int, chance: random.Random) -> None:
        self.host, self.port, self.chance = host, port, chance

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(self.host, self.port)

    async def upgrade(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await self.connect()
        key = base64.b64encode(os.urandom(16)).decode()
        writer.write(
            f"GET /v1 HTTP/1.1\r\nHost: {self.host}:{self.port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: gridcast.v1\r\n\r\n".encode()
        )
        await reader.readuntil(b"\r\n\r\n")
        return reader, writer

    async def enter(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await self.upgrade()
        say(writer, {"type": "authenticate"})
        await reader.read(100)
        return reader, writer

    # What they do

    async def garbage_instead_of_http(self) -> None:
        reader, writer = await self.connect()
        writer.write(self.chance.randbytes(self.chance.randrange(1, 20_000)) + b"\r\n\r\n")
        await ended(reader, writer)

    async def endless_headers(self) -> None:
        reader, writer = await self.connect()
        writer.write(b"GET /v1 HTTP/1.1\r\n" + b"X-A: " + b"a" * 100_000 + b"\r\n")
        await ended(reader, writer)

    async def half_a_request(self) -> None:
        _, writer = await self.connect()
        writer.write(b"GET /v1 HT")
        await asyncio.sleep(0.5)
        writer.close()

    async def requests_for_what_is_not_there(self) -> None:
        reader, writer = await self.connect()
        path = "".join(self.chance.choices("/.%2e?&=+~abc[]@:\\", k=60))
        method = self.chance.choice(["GET", "POST", "HEAD", "X"])
        host = f"host: {self.host}:{self.port}"
        if self.chance.random() < 0.3:
            host += "\r\nHost: evil.example"
        writer.write(f"{method} /{path} HTTP/1.1\r\n{host}\r\n\r\n".encode())
        await ended(reader, writer)

    async def broken_json(self) -> None:
        reader, writer = await self.enter()
        for _ in range(20):
            text = json.dumps(any_value(self.chance, 4))
            broken = text[: self.chance.randrange(len(text) + 1)]
            writer.write(Frame(Opcode.TEXT, broken.encode()).serialize(mask=True))
        await ended(reader, writer)

    async def messages_that_are_nearly_right(self) -> None:
        reader, writer = await self.enter()
        for _ in range(8):
            say(writer, {"type": self.chance.choice(WORDS)} | any_object(self.chance, 3))
        await ended(reader, writer)

    async def deep_json(self) -> None:
        reader, writer = await self.enter()
        deep = b'{"type":' + b"[" * 50_000 + b"]" * 50_000 + b"}"
        writer.write(Frame(Opcode.TEXT, deep).serialize(mask=True))
        await ended(reader, writer)

    async def huge_frames(self) -> None:
        reader, writer = await self.upgrade()
        writer.write(b"\x81\xff" + (2**40).to_bytes(8, "big") + b"\0\0\0\0" + b"a" * 100_000)
        await ended(reader, writer)

    async def frames_that_break_the_rules(self) -> None:
        reader, writer = await self.enter()
        writer.write(
            self.chance.choice(
                [
                    Frame(Opcode.TEXT, b"{}").serialize(mask=False),
                    Frame(Opcode.TEXT, b"\xff\xfe").serialize(mask=True),
                    b"\x83\x80\0\0\0\0",
                    b"\xf1\x80\0\0\0\0",
                    self.chance.randbytes(500),
                ]
            )
        )
        await ended(reader, writer)

    async def wrong_tokens(self) -> None:
        reader, writer = await self.upgrade()
        say(writer, {"type": "authenticate", "token": self.chance.randbytes(300).hex()})
        await ended(reader, writer)

    async def floods_of_subscriptions(self) -> None:
        reader, writer = await self.enter()
        for number in range(200):
            series = [f"x-{n}" for n in range(self.chance.randrange(1, 200))]
            name = f"s-{number}"
            say(writer, {"type": "subscribe", "subscription": name, "series": series, "all": True})
        await ended(reader, writer)

    async def floods_of_pings(self) -> None:
        reader, writer = await self.enter()
        writer.write(Frame(Opcode.PING, b"p" * 100).serialize(mask=True) * 500)
        await ended(reader, writer)

    async def reads_nothing(self) -> None:
        _, writer = await self.upgrade()
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        say(writer, {"type": "authenticate"})
        say(writer, {"type": "subscribe", "subscription": "s", "all": True})
        await asyncio.sleep(3)
        writer.close()

    async def leaves_in_the_middle(self) -> None:
        _, writer = await self.enter()
        say(writer, {"type": "subscribe", "subscription": "s", "all": True})
        writer.transport.abort()


def say(writer: asyncio.StreamWriter, message: object) -> None:
    writer.write(Frame(Opcode.TEXT, json.dumps(message).encode()).serialize(mask=True))


async def ended(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Wait a while for the gateway to end it."""
    with suppress(TimeoutError):
        async with asyncio.timeout(2):
            while await reader.read(65_536):
                pass
    writer.close()


def any_value(chance: random.Random, depth: int) -> object:
    kinds: list[Callable[[], object]] = [
        lambda: chance.choice(WORDS) * chance.randrange(1, 50),
        lambda: chance.choice([0, -1, 2**70, 1e308, True, None]),
    ]
    if depth:
        kinds.append(lambda: [any_value(chance, depth - 1) for _ in range(chance.randrange(5))])
        kinds.append(lambda: any_object(chance, depth - 1))
    return chance.choice(kinds)()


def any_object(chance: random.Random, depth: int) -> dict[str, object]:
    names = [*WORDS, "subscription", "key", "token", "below", "resume", "what", "request", "alarm"]
    return {name: any_value(chance, depth) for name in chance.sample(names, 5)}


async def again_and_again(
    act: Callable[[], Awaitable[None]], until: float, done: Counter[str]
) -> None:
    name = act.__name__
    while time.monotonic() < until:
        with suppress(OSError, asyncio.IncompleteReadError):
            await act()
        done[name] += 1
        await asyncio.sleep(PAUSE_S)


async def main() -> None:
    host, port, seconds, seed = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
    villain = Villain(host, port, random.Random(seed))
    deeds = [
        getattr(villain, name)
        for name, what in vars(Villain).items()
        if asyncio.iscoroutinefunction(what) and name not in {"connect", "upgrade", "enter"}
    ]
    done: Counter[str] = Counter()
    until = time.monotonic() + seconds
    await asyncio.gather(*(again_and_again(deed, until, done) for deed in deeds * AT_ONCE))
    print(json.dumps(done))


if __name__ == "__main__":
    asyncio.run(main())
