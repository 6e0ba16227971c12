"""Live-like and replayed: two deployments on one Kafka, each with two workers."""

import json
import subprocess
import sys
from pathlib import Path

from confluent_kafka import Producer
from support.chaos.deployment import Deployment

from gridcast.stream.kafka.config import producer_options
from gridcast.stream.recording import Recording
from gridcast.stream.replay.feed import RecordedFeed
from gridcast.stream.replay.sender import make_topics
from gridcast.stream.settings import Settings
from gridcast.units import MINUTE_MS

WITHIN_S = 900.0
WORKERS = 2


def play_live(recording: Recording, settings: Settings, folder: Path, stretches: int) -> None:
    """Send as it came, a stretch at a time, never ahead of the workers; one is killed half-way.

    Readings go where Kafka's own client puts their keys.
    """
    make_topics(settings)
    deployment = Deployment(settings, folder)
    producer = Producer(producer_options(settings))
    feed = RecordedFeed(recording, settings.partitions)
    length_ms = recording.end_ms - recording.first_ms
    try:
        workers = [deployment.start() for _ in range(WORKERS)]
        for number in range(1, stretches + 1):
            due_ms = recording.first_ms + -(-length_ms * number // stretches)
            due_ms = -(-due_ms // MINUTE_MS) * MINUTE_MS
            topic = None
            for one in feed.before(due_ms):
                if topic is not None and one.topic is not topic:
                    producer.flush(60)
                topic = one.topic
                name = settings.topic_prefix + one.topic.name
                while True:
                    try:
                        producer.produce(name, one.value, one.key, timestamp=one.stamp_ms)
                        break
                    except BufferError:
                        producer.poll(0.1)
                deployment.sent += one.topic.by_series
            producer.flush(60)
            if number == stretches // 2:
                deployment.kill(workers[0])
                deployment.start()
            deployment.wait_until(deployment.sent, WITHIN_S)
        for worker in list(deployment.workers):
            deployment.stop(worker)
    finally:
        deployment.close()


def play_again(source: Path, settings: Settings, folder: Path) -> dict[str, float]:
    """Run the command `gridcast replay` at full speed; give its figures."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "gridcast.toml"
    chosen = settings.model_dump(mode="json", exclude_defaults=True)
    del chosen["topic_prefix"]
    chosen.pop("every_minutes", None)  # as a user says it: by the flag
    config.write_text("".join(f"{name} = {json.dumps(v)}\n" for name, v in chosen.items()), "utf-8")
    words = ["--config", str(config), "replay", str(source), "--into", settings.topic_prefix]
    more = ["--speed", "max", "--workers", str(WORKERS), "--json"]
    more += ["--every", str(settings.every_minutes)]
    done = subprocess.run(
        [sys.executable, "-m", "gridcast", *words, *more],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    if done.returncode:
        raise RuntimeError(f"gridcast replay ended with {done.returncode}:\n{done.stderr}")
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures
