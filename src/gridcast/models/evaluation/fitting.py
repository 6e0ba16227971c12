"""Whether a network learned too much, or too little, in words that say why.

What a season is like moves all errors, so errors of two parts are not compared as they are, but
beside those of a forecaster that learns nothing (last week's same hour): only what grew more than
that forecaster's was learned by heart.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

MOST_GROWTH = 1.2
"""How much more than the reference's an error may grow from one part to the next."""


class FitFault(StrEnum):
    """What can be wrong with what was learned."""

    OVERFITTED = "overfitted"
    UNDERFITTED = "underfitted"
    OUTDATED = "outdated"
    """Good when training ended, no longer good in the test."""
    BEATEN = "beaten"
    """A baseline does better."""


@dataclass(frozen=True, slots=True)
class Flag:
    """A fault and why it is thought to be one."""

    fault: FitFault
    reason: str


@dataclass(frozen=True, slots=True)
class PartErrors:
    """One forecaster's mean error (any loss: all of one kind) on each part."""

    train: float
    validation: float
    test: float


def judge_fit(
    model: PartErrors, reference: PartErrors, baselines: Mapping[str, PartErrors]
) -> list[Flag]:
    """Say what is wrong with a model; an empty list is what one hopes for.

    `reference` learns nothing; `baselines` are what a user would otherwise use.
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
