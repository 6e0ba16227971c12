"""The rows of the table: what each engine is, what it promises, and how it is started."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from throughput.kafka_streams import prepare as prepare_java

HERE = Path(__file__).parent
UV = os.environ.get("UV", "uv")
FETCH_WITHIN_S = 120

Prepare = Callable[[Path], list[str]]
"""Makes an engine ready, given a scratch folder; gives its command, less its arguments."""


@dataclass(frozen=True)
class Engine:
    """One row."""

    name: str
    label: str
    keeps: str
    """What of its state outlives a crash, and when input is acknowledged."""
    prepare: Prepare
    share: float = 1.0
    """The share of the readings that it is given: slow ones would take all day."""
    is_ours: bool = False
    is_in_group: bool = True
    frames: bool = False


def peer(file: str) -> Prepare:
    """Run a file with our own Python and libraries."""
    return lambda _: [sys.executable, str(HERE / file)]


def script(file: str) -> Prepare:
    """Run a script with the versions it names itself, in an environment that uv keeps for it.

    Quix Streams allows only older versions of what we use: in one environment with it we would be
    measured with those.
    """

    def prepare(_: Path) -> list[str]:
        path = str(HERE / file)
        for command in ("sync", "--quiet"), ("python", "find"):
            done = subprocess.run(
                [UV, *command, "--script", path],
                capture_output=True,
                text=True,
                timeout=FETCH_WITHIN_S,
                check=False,
            )
            if done.returncode:
                raise RuntimeError(f"uv sync --script {file}: {done.stderr.strip()[-300:]}")
        return [done.stdout.strip(), path]

    return prepare


ENGINES = (
    Engine(
        "gridcast",
        "gridcast worker",
        "windows in a table, with the outputs in one transaction; acknowledged after it",
        peer("gridcast_worker.py"),
        is_ours=True,
    ),
    Engine(
        "gridcast_frames",
        "gridcast worker, frames of 500",
        "the same",
        peer("gridcast_worker.py"),
        is_ours=True,
        frames=True,
    ),
    Engine(
        "aiokafka",
        f"aiokafka {version('aiokafka')} getmany",
        "nothing; acknowledged after sends are confirmed",
        peer("aiokafka_getmany.py"),
    ),
    Engine(
        "confluent",
        f"confluent-kafka {version('confluent-kafka')} consume",
        "nothing; acknowledged after sends are confirmed",
        peer("confluent_consume.py"),
    ),
    Engine(
        "quix",
        "Quix Streams 3.28.1",
        "windows in RocksDB and a changelog; acknowledged after both are confirmed",
        script("quix_streams.py"),
        share=1 / 8,
    ),
    Engine(
        "bytewax",
        "Bytewax 0.21.1",
        "nothing (recovery off); nothing acknowledged",
        script("bytewax_flow.py"),
        share=1 / 2,
        is_in_group=False,
    ),
    Engine(
        "faust",
        f"faust-streaming {version('faust-streaming')}, agent and Record",
        "windows in a table and its changelog; acknowledged on a timer",
        peer("faust_agent.py"),
        share=1 / 60,
    ),
    Engine(
        "kafka_streams",
        "Kafka Streams 4.3.1 (Java)",
        "windows in RocksDB and a changelog; acknowledged after sends are confirmed",
        prepare_java,
    ),
)
