"""The same case judged several times, walking forward in time, everything learned anew."""

from typing import Literal

from common import show

from accuracy.cases import Case
from accuracy.material import Fold
from accuracy.show import NAMES
from accuracy.verdicts import mean_scores
from accuracy.work import Work

SCORES = ("mape", "nmae", "mase", "pinball", "coverage_90", "r2")


def walk(
    work: Work, case: Case, folds: int, window: Literal["expanding", "sliding"]
) -> dict[str, list[dict[str, float | None]]]:
    """Work all folds through; give each forecaster's scores fold by fold, the oldest first."""
    every = [work.case(case, Fold(number, folds, window)) for number in range(folds)]
    scores = {
        name: [
            {score: found[score] for score in SCORES}
            for fold in every
            for found in [mean_scores(fold[name])]
        ]
        for name in every[0]
    }
    rows = [
        [NAMES.get(name, name), *(_told(one[case.error]) for one in found)]
        for name, found in scores.items()
    ]
    columns = ["", *(f"fold {number + 1}" for number in range(folds))]
    error = "MAPE" if case.error == "mape" else "mean error by mean load"
    show(f"{case.title}, walking forward ({window}): {error}, %", columns, rows)
    return scores


def _told(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
