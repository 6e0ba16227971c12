"""Training needs the extra `train`. Without it, its tests are skipped, and the run says so.

The skipped tests are listed in a file, so that a run with the extra can catch up on them alone.
With GRIDCAST_REQUIRE_TRAIN=1 a run without the extra does not begin.
"""

import os

import pytest
from support.extras import SkippedForTrain, has_train, train_paths

HAS_TRAIN = has_train()

# Doctests are collected by importing each module, which would fail here.
collect_ignore_glob = [] if HAS_TRAIN else train_paths()


def pytest_configure(config: pytest.Config) -> None:
    """List what is skipped, when the whole suite runs without the extra."""
    cache: pytest.Cache | None = getattr(config, "cache", None)  # None with `-p no:cacheprovider`
    is_whole_suite = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    is_listed = is_whole_suite and not config.getoption("lf")
    if not HAS_TRAIN and cache is not None and (is_listed or hasattr(config, "workerinput")):
        plugin = SkippedForTrain(cache.mkdir("gridcast"))
        config.pluginmanager.register(plugin, "skipped-for-train")


def pytest_report_header() -> str:
    """Return the line that says whether training is tested."""
    if HAS_TRAIN:
        return "training: tested"
    if os.environ.get("GRIDCAST_REQUIRE_TRAIN") == "1":
        raise pytest.UsageError("the tests of training need the extra: uv sync --extra train")
    return "training: its tests are skipped, they need the extra: uv run --extra train pytest"
