"""The tutorials do what they say: their commands are run, and print what the pages show."""

import socket
from pathlib import Path

import pytest
from support.extras import NEEDS_TRAIN, TRAIN_LIBRARIES
from support.tutorials import Reader

TUTORIALS = Path(__file__).parents[2] / "docs" / "tutorial"
BROKER, GATEWAY = "127.0.0.1:9092", "8750"

pytestmark = pytest.mark.system


def free_port() -> int:
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        port: int = tried.getsockname()[1]
        return port


def reader(folder: Path) -> Reader:
    """Return a reader whose Kafka and gateway have ports that nobody else uses."""
    broker, gateway = f"127.0.0.1:{free_port()}", str(free_port())
    return Reader(
        folder,
        {
            "GRIDCAST_BROKER": broker,
            "GRIDCAST_GATEWAY_PORT": gateway,
        },
        {BROKER: broker, GATEWAY: gateway},
    )


@pytest.mark.timeout(1200)
def test_first_forecasts(tmp_path: Path) -> None:
    reader(tmp_path).follow(TUTORIALS / "first-forecasts.md")


@pytest.mark.timeout(1200)
def test_train_a_model(tmp_path: Path) -> None:
    for needed in TRAIN_LIBRARIES:
        pytest.importorskip(needed, reason=NEEDS_TRAIN)
    of_this = reader(tmp_path)
    of_this.save_files(TUTORIALS / "first-forecasts.md")
    of_this.follow(TUTORIALS / "train-a-model.md")
