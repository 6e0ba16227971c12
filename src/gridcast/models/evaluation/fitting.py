"""Diagnosis of overfitting, underfitting and outdated models, with reasons.

The season moves all errors, so the errors of two parts are compared relative to those of a
forecaster that learns nothing (seasonal naive, one week). Only an error that grew more than that is
a sign of overfitting.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

MOST_GROWTH = 1.2
"""Largest growth of the error from one part to the next, relative to the reference."""


class FitFault(StrEnum):
    """Faults of a trained model."""

    OVERFITTED = "overfitted"
    UNDERFITTED = "underfitted"
    OUTDATED = "outdated"
    """Good at the end of training, no longer good in the test."""
    BEATEN = "beaten"
    """A baseline is better."""


@dataclass(frozen=True, slots=True)
class Flag:
    """A fault and the reason for it."""

    fault: FitFault
    reason: str


@dataclass(frozen=True, slots=True)
class PartErrors:
    """One forecaster's mean error on each part; any loss, but the same for all."""

    train: float
    validation: float
    test: float


def judge_fit(
    model: PartErrors, reference: PartErrors, baselines: Mapping[str, PartErrors]
) -> list[Flag]:
    """Return the faults of a model; empty if there are none.

    `reference` learns nothing; `baselines` are the alternatives.
    """
    flags = []
    for fault, part, before in (
        (FitFault.OVERFITTED, "validation", "train"),
        (FitFault.OUTDATED, "test", "validation"),
    ):
        grown = getattr(model, part) / getattr(model, before)
        alone = getattr(reference, part) / getattr(reference, before)
        if grown > MOST_GROWTH * alone:
            reason = (
                f"from {before} to {part} the error grew {_times(grown)}, "
                f"that of a forecaster that learns nothing {_times(alone)}"
            )
            flags.append(Flag(fault, reason))
    others = {**baselines, "the forecaster that learns nothing": reference}
    best = min(others, key=lambda name: others[name].train)
    if model.train > others[best].train:
        reason = (
            f"on the data it learned from its error is {model.train:.4g}, "
            f"and that of {best} {others[best].train:.4g}"
        )
        flags.append(Flag(FitFault.UNDERFITTED, reason))
    best = min(others, key=lambda name: others[name].test)
    if model.test > others[best].test:
        reason = (
            f"in the test {best} has an error of {others[best].test:.4g}, "
            f"the model {model.test:.4g}"
        )
        flags.append(Flag(FitFault.BEATEN, reason))
    return flags


def _times(factor: float) -> str:
    return f"{factor:.2f} times"
