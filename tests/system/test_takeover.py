"""Whoever is left takes over the partitions of a worker that is gone."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from chaos.deployment import Deployment
from chaos.takeover import share_out, takeover_s

from gridcast.stream.settings import load

KILLED_WITHIN_S = 15.0
STOPPED_WITHIN_S = 8.0


@pytest.fixture
def deployment(kafka: str, tmp_path: Path) -> Iterator[Deployment]:
    """Default settings, as somebody meets them who chooses none."""
    own = {"broker": kafka, "topic_prefix": f"{uuid4().hex[:8]}.", "cache_dir": tmp_path / "cache"}
    deployment = Deployment(load().settings.model_copy(update=own), tmp_path / "logs")
    yield deployment
    deployment.close()


def test_the_partitions_of_a_killed_worker_are_taken_over_within_15_seconds(
    deployment: Deployment,
):
    lost, _ = share_out(deployment, 2)
    assert takeover_s(deployment, lost, killed=True) < KILLED_WITHIN_S


def test_the_partitions_of_a_worker_that_is_stopped_are_taken_over_in_a_few_seconds(
    deployment: Deployment,
):
    lost, _ = share_out(deployment, 2)
    assert takeover_s(deployment, lost, killed=False) < STOPPED_WITHIN_S
