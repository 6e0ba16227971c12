"""The modules that need an extra to be imported, and what was skipped for want of one."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

TRAIN_LIBRARIES = ("lightgbm", "onnx", "optuna", "torch")
NEEDS_TRAIN = "needs gridcast[train]"
"""How the reason begins for which tests are skipped without the extra `train`."""

# Pattern of module names -> (extra, why the module does not guard its imports).
NEEDS_EXTRA = {
    "gridcast.models.training.*": ("train", "networks are torch modules, exported with onnx"),
    "gridcast.learning.backtest.train": ("train", "trains a network at each moment of a backtest"),
    "gridcast.learning.training.learn": ("train", "runs the training loop"),
    "gridcast.learning.training.run": ("train", "exports the trained network"),
    "gridcast.learning.training.search": ("train", "searches with optuna"),
    "gridcast.stream.observability.otel": ("otel", "implements OpenTelemetry's interfaces"),
}


def has_train() -> bool:
    """Return True if the extra `train` is installed."""
    return all(find_spec(name) for name in TRAIN_LIBRARIES)


def train_paths() -> list[str]:
    """Return glob patterns of the files, from the root, that need the extra `train`."""
    patterns = [pattern for pattern, (extra, _) in NEEDS_EXTRA.items() if extra == "train"]
    return [
        f"src/{pattern.replace('.', '/')}{'' if pattern.endswith('*') else '.py'}"
        for pattern in patterns
    ]


class SkippedForTrain:
    """A pytest plugin that keeps a list of the tests that were skipped without the extra `train`.

    The list is a file of arguments: `uv run --extra train pytest @FILE` runs what was left out.
    """

    FILE = "needs-train.txt"

    def __init__(self, folder: Path) -> None:
        self._file = folder / self.FILE
        self._ids: dict[str, None] = {}

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._note(report)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._note(report)

    @pytest.hookimpl(optionalhook=True)  # there is no such hook with `-p no:xdist`
    def pytest_testnodedown(self, node: Any) -> None:
        self._ids |= dict.fromkeys(getattr(node, "workeroutput", {}).get(self.FILE, ()))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        # xdist reports a skip once for all modules that skip at the same line: each process notes
        # its own, and hands the list over.
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput[self.FILE] = list(self._ids)
            return
        folders = sorted({path.removesuffix("/*") for path in train_paths()})
        self._file.write_text("".join(f"{name}\n" for name in [*self._ids, *folders]))

    def _note(self, report: pytest.CollectReport | pytest.TestReport) -> None:
        if isinstance(report.longrepr, tuple) and NEEDS_TRAIN in report.longrepr[2]:
            self._ids[report.nodeid] = None
