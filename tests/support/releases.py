"""Releases and model files of a size that tests can afford."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

pytest.importorskip("onnx", reason="needs gridcast[train]")

from support.contracts import contract_of
from support.networks import lstm_graph

from gridcast.models.features import FeatureSpec
from gridcast.models.seal import seal
from gridcast.schemas import Release, Role
from gridcast.stream.releases.artifacts import digest_of

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOURLY = FeatureSpec(lookback_hours=24, holidays=False)


def model_file(run: str = "run-1", features: FeatureSpec = HOURLY, **graph: Any) -> bytes:
    """Make a model file of hourly steps: a real network but for its training."""
    return seal(lstm_graph(features, **graph), contract_of(features, run=run))


def release_of(data: bytes, name: str, minute: int = 0, **more: Any) -> Release:
    """Make the release of a file; without a URL it is nowhere."""
    given = {
        "model": "small",
        "release": name,
        "role": Role.CHAMPION,
        "digest": digest_of(data),
        "url": f"file:///nowhere/{name}.onnx",
        "released_at": NOON + timedelta(minutes=minute),
    }
    return Release(**(given | more))
