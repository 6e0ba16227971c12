"""The scores of a backtest as pictures, in the style of the training report."""

from collections.abc import Mapping, Sequence
from typing import Any

from gridcast.learning.backtest.evaluation import BacktestEvaluation, Scores
from gridcast.learning.training.report.figures import UNITS, figure, label, svg

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito's palette for the colour-blind. The first model has the first colour."""


def by_horizon(evaluation: BacktestEvaluation, score: str, unit: str) -> str:
    """Draw a score against the lead."""
    drawn = figure()
    axes = drawn.add_subplot()
    for place, (name, groups) in enumerate(evaluation.by["horizon"].items()):
        hours = [float(group.removesuffix(" h")) for group in groups]
        axes.plot(
            hours, _values(groups.values(), score), marker=".", label=label(name), **_style(place)
        )
    axes.set(xlabel="end of the forecast slot, hours after the tick", ylabel=unit)
    if score.startswith("coverage_"):
        promised = int(score.removeprefix("coverage_"))
        axes.axhline(promised, color="0.6", lw=1, ls="--", label=f"{promised} %, as promised")
        axes.set_ylim(top=100, bottom=min(promised - 10, *axes.get_ylim()))
    else:
        axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    drawn.legend(fontsize="small", loc="outside right center")
    return svg(drawn)


def by_groups(evaluation: BacktestEvaluation, what: Sequence[str]) -> str:
    """Draw the error by several groupings of the loads, side by side."""
    drawn = figure(11, 3.6)
    axes = drawn.subplots(1, len(what), sharey=True, squeeze=False)[0]
    for axis, name in zip(axes, what, strict=True):
        by_forecaster = evaluation.by[name]
        groups = list(next(iter(by_forecaster.values())))
        for place, (forecaster, scores) in enumerate(by_forecaster.items()):
            values = _values([scores.get(group, {}) for group in groups], evaluation.error)
            axis.plot(
                range(len(groups)), values, marker=".", label=label(forecaster), **_style(place)
            )
        axis.set_xlabel("temperature, °C" if name == "temperature" else f"{name} (local)")
        shown = [group.split(" to ")[0].removesuffix(":00")[:3] for group in groups]
        axis.set_xticks(range(len(groups)), shown)
        axis.tick_params(axis="x", labelrotation=90 if len(groups) > 7 else 0, labelsize="x-small")
        axis.grid(alpha=0.3)
    axes[0].set_ylabel(UNITS[evaluation.error])
    axes[0].set_ylim(bottom=0)
    handles, names = axes[0].get_legend_handles_labels()
    drawn.legend(handles, names, fontsize="small", loc="outside right center")
    return svg(drawn)


def reliability(evaluation: BacktestEvaluation) -> str:
    """Draw the share of loads below each quantile, beside the nominal share."""
    drawn = figure(6, 4.2)
    axes = drawn.add_subplot()
    axes.plot([0, 1], [0, 1], color="0.6", lw=1, ls="--", label="perfect")
    for place, (name, shares) in enumerate(evaluation.reliability.items()):
        axes.plot(evaluation.levels, shares, "o", label=label(name), **_style(place))
    axes.set(xlabel="level of the quantile", ylabel="share of the loads below it")
    axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    axes.grid(alpha=0.3)
    drawn.legend(fontsize="small", loc="outside right center")
    return svg(drawn)


def _style(place: int) -> dict[str, Any]:
    if place == 0:
        return {"color": COLOURS[0], "lw": 2.4, "zorder": 3, "ls": "-"}
    return {"color": COLOURS[place % 7], "lw": 1.2, "ls": "-" if place < 7 else "--"}


def _values(scores: Any, name: str) -> list[float]:
    by_group: list[Mapping[str, float | None] | Scores] = list(scores)
    values = [group_scores.get(name) for group_scores in by_group]
    return [float("nan") if value is None else value for value in values]
