"""What trains needs the extra `train`: without it, its tests are skipped and the run says so.

With GRIDCAST_REQUIRE_SYSTEM=1 a run without them must not look green: it does not begin.
"""

import os
from importlib.util import find_spec

import pytest

HAS_TRAIN = all(find_spec(name) for name in ("lightgbm", "onnx", "optuna", "torch"))

# A docstring's examples cannot be looked for in a module that cannot be imported.
collect_ignore_glob = (
    [] if HAS_TRAIN else ["src/gridcast/models/training/*", "src/gridcast/learning/training/*"]
)


def pytest_report_header() -> str:
    """Say whether training is tested."""
    if HAS_TRAIN:
        return "training: tested"
    if os.environ.get("GRIDCAST_REQUIRE_SYSTEM") == "1":
        raise pytest.UsageError("the tests of training need the extra: uv sync --extra train")
    return "training: its tests are skipped, they need the extra: uv run --extra train pytest"
