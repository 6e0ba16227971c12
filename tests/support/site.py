"""A deployment of a test's own on a real Kafka: its topics, its workers, what is sent to it."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from support.consuming import all_of
from support.sending import publish

from gridcast.schemas import Forecast, Message, Topic
from gridcast.schemas.topics import FORECASTS
from gridcast.stream.kafka.topic_admin import TopicAdmin
from gridcast.stream.settings import Settings

WITHIN_S = 300.0
LOOK_EVERY_S = 0.2
Found = TypeVar("Found")


def deployment(kafka: str, folder: Path, *, partitions: int = 2, **more: object) -> Settings:
    """Make the topics of a deployment under a prefix of its own; gives its settings."""
    chosen = {"partitions": partitions, "cache_dir": folder / "cache"} | more
    settings = Settings.model_validate(
        {"broker": kafka, "topic_prefix": f"{uuid4().hex[:8]}."} | chosen
    )
    admin = TopicAdmin(settings)
    admin.create(admin.look().missing)
    return settings


class Site:
    """A deployment, and what goes on there.

    Parameters
    ----------
    settings
        Of the deployment; its topics are there.
    folder
        Where its workers run, and where their logs are.
    chosen
        What its workers are told beside: settings by their names.
    """

    def __init__(self, settings: Settings, folder: Path, **chosen: str) -> None:
        self.settings = settings
        self.folder = folder
        self.workers: list[subprocess.Popen[bytes]] = []
        self.logs: list[Path] = []
        self._chosen = chosen

    def start_worker(self, **chosen: str) -> subprocess.Popen[bytes]:
        """Start one more worker; what it is told counts for it alone."""
        told = {"cache_dir": str(self.settings.cache_dir)} | self._chosen | chosen
        self.logs.append(self.folder / f"worker-{len(self.logs)}.log")
        with self.logs[-1].open("wb") as log:
            worker = subprocess.Popen(
                self.command("worker"),
                cwd=self.folder,
                env=os.environ | {f"GRIDCAST_{name.upper()}": told[name] for name in told},
                stdout=log,
                stderr=log,
            )
        self.workers.append(worker)
        return worker

    def command(self, *words: str) -> list[str]:
        """Give a command line that is about this deployment."""
        where = ("--broker", self.settings.broker, "--topic-prefix", self.settings.topic_prefix)
        return [sys.executable, "-m", "gridcast", *words, *where]

    def said(self) -> str:
        """Give what the newest worker has said; the line it is at may be half."""
        return self.logs[-1].read_text("utf-8", "replace")

    def send(self, topic: Topic, messages: Iterable[Message]) -> None:
        """Send messages; Kafka has them on return."""
        publish(self.settings, topic, *messages)

    def values(self, topic: Topic) -> list[bytes]:
        """Give all that is on a topic, as consumers see it that read committed."""
        return [one.value() or b"" for one in all_of(self.settings, topic.name)]

    def wait_for(self, look: Callable[[], Found], what: str) -> Found:
        """Look until there is something to be seen, and give it."""
        end = time.monotonic() + WITHIN_S
        while not (found := look()):
            assert time.monotonic() < end, (
                f"not within {WITHIN_S:.0f} s: {what}:\n{self.said()[-3000:]}"
            )
            time.sleep(LOOK_EVERY_S)
        return found

    def wait_until_said(self, words: str) -> None:
        """Wait until the newest worker says something."""
        self.wait_for(lambda: words in self.said(), words)

    def forecasts_until(self, tick: datetime, series: set[str]) -> list[Forecast]:
        """Wait until each of some series has a forecast of a tick; give all that there are."""

        def look() -> list[Forecast]:
            found = [Forecast.from_bytes(value) for value in self.values(FORECASTS)]
            there = {one.series for one in found if one.tick == tick}
            return found if there == series else []

        return self.wait_for(look, f"forecasts of {tick}")

    def end(self) -> None:
        """End all workers that still run."""
        for worker in self.workers:
            worker.kill()
            worker.wait()


@contextmanager
def site(kafka: str, folder: Path, *, partitions: int = 2, **chosen: str) -> Iterator[Site]:
    """Set up a deployment; its workers are told what is chosen, and ended with it."""
    one = Site(deployment(kafka, folder, partitions=partitions), folder, **chosen)
    try:
        yield one
    finally:
        one.end()
