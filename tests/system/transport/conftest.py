"""A topic of the test's own on the common Kafka, and workers that read it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from support.transport import Feed, Worker


@pytest.fixture
def feed(kafka: str) -> Feed:
    return Feed(kafka)


@pytest.fixture
async def start(feed: Feed, tmp_path: Path) -> AsyncIterator[Callable[..., Awaitable[Worker]]]:
    """Start workers; those that still run at the end are stopped."""
    workers: list[Worker] = []

    async def start(**options: Any) -> Worker:
        on_batch = options.pop("on_batch", None)
        worker = Worker(feed, tmp_path, **options)
        if on_batch is not None:
            worker.on_batch = on_batch
        workers.append(worker)
        await worker.app.start()
        return worker

    yield start
    for worker in workers:
        await worker.app.stop()
