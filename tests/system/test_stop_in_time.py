"""A worker that crashes ends in time, whatever the thread that talks to Kafka waits for."""

import subprocess
import sys
import time

import pytest

from gridcast.stream.kafka.topic_admin import TopicAdmin
from gridcast.stream.settings import Settings

CRASHES = """
import asyncio, sys
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from gridcast.stream.worker.reference_data import ReferenceData
from gridcast.cli.main import main

async def hang(self):
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            if {ends!r}:
                raise

async def crash(self):
    await asyncio.sleep(1)
    raise RuntimeError("planted")

AIOKafkaConsumerThread.on_thread_stop = hang
ReferenceData.start = crash
sys.argv = ["gridcast", "worker", "--broker", {broker!r}, "--topic-prefix", {prefix!r}]
main()
"""


@pytest.mark.parametrize("ends", [True, False], ids=["waits for a rebalance", "never ends"])
def test_a_worker_that_crashed_does_not_wait_for_ever_for_its_thread(
    kafka: str, ends: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    prefix = f"{tmp_path_factory.mktemp('stop').name}."
    admin = TopicAdmin(Settings(broker=kafka, topic_prefix=prefix, partitions=2))
    admin.create(admin.look().missing)
    began = time.monotonic()
    script = CRASHES.format(ends=ends, broker=kafka, prefix=prefix)
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=240, check=False
    )
    assert ended.returncode == 1, ended.stderr
    assert "planted" in ended.stderr
    assert ("abandoning it" in ended.stderr) == (not ends), ended.stderr
    assert time.monotonic() - began < 120, ended.stderr
