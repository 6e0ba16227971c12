"""The scores as SVG figures. Equal figures have equal bytes."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

from gridcast.learning.training.results import MODEL, DataScores, LambdaEffect

UNITS = {"mape": "MAPE, %", "nmae": "mean absolute error, % of mean load", "pinball": "pinball, kW"}
_NAMES = {
    "lightgbm": "LightGBM",
    "ridge": "ridge regression",
    "box": "model in the box",
    "none": "no model",
}
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito's palette for the colour-blind. The model has the first colour."""


def figure(width: float = 8, height: float = 3.6) -> Any:
    """Return an empty figure."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - only training has matplotlib

    return Figure(figsize=(width, height), layout="constrained")


def svg(drawn: Any) -> str:
    """Return a figure as SVG, without parts that change from run to run.

    Large numbers on the vertical axes are written out instead of with a factor.
    """
    from matplotlib import rc_context  # noqa: PLC0415

    out = io.StringIO()
    for axes in drawn.axes:
        if axes.yaxis.get_view_interval().max() >= 10_000:
            axes.yaxis.set_major_formatter("{x:,.0f}")
    with rc_context({"svg.hashsalt": "gridcast", "svg.fonttype": "none"}):
        drawn.savefig(out, format="svg", metadata={"Date": None, "Creator": "gridcast"})
    return out.getvalue()


def label(forecaster: str) -> str:
    """Return the display name of a forecaster."""
    return _NAMES.get(forecaster, forecaster.replace("_", " "))


def _style(forecaster: str, place: int) -> dict[str, Any]:
    if forecaster == MODEL:
        return {"color": _COLOURS[0], "lw": 2.4, "zorder": 3}
    return {"color": _COLOURS[1 + place % 6], "lw": 1.2, "ls": "-" if place < 4 else "--"}


def by_lead(data: DataScores) -> str:
    """Draw the error against the lead, one line per forecaster."""
    drawn = figure()
    axes = drawn.add_subplot()
    hours = [minutes / 60 for minutes in data.leads_minutes]
    for place, (name, scores) in enumerate(data.by_lead.items()):
        values = [_drawn(value) for value in scores[data.error]]
        axes.plot(hours, values, marker=".", label=label(name), **_style(name, place))
    axes.set(xlabel="end of the forecast slot, hours after the origin", ylabel=UNITS[data.error])
    _by_factors(axes)
    axes.grid(alpha=0.3)
    drawn.legend(fontsize="small", loc="outside right center")
    return svg(drawn)


def by_calendar(data: DataScores) -> str:
    """Draw the error by hour of the day, weekday and month, local time."""
    drawn = figure(11, 3.6)
    axes = drawn.subplots(1, 3, sharey=True)
    for axis, (name, by_forecaster) in zip(axes, data.by.items(), strict=True):
        groups = list(dict.fromkeys(group for scores in by_forecaster.values() for group in scores))
        for place, (forecaster, scores) in enumerate(by_forecaster.items()):
            values = [_drawn(scores.get(group, {}).get(data.error)) for group in groups]
            axis.plot(
                groups, values, marker=".", label=label(forecaster), **_style(forecaster, place)
            )
        axis.set_xlabel(f"{name} (local)")
        axis.set_xticks(range(len(groups)), [group.removesuffix(":00")[:3] for group in groups])
        axis.tick_params(axis="x", labelrotation=90 if len(groups) > 7 else 0, labelsize="x-small")
    axes[0].set_ylabel(UNITS[data.error])
    _by_factors(axes[0])
    for axis in axes:
        axis.grid(alpha=0.3)
    handles, names = axes[0].get_legend_handles_labels()
    drawn.legend(handles, names, fontsize="small", loc="outside right center")
    return svg(drawn)


def reliability(data: DataScores) -> str:
    """Draw the share of loads below each quantile, beside the nominal share."""
    drawn = figure(4.6, 4.2)
    axes = drawn.add_subplot()
    shares = data.reliability
    axes.plot([0, 1], [0, 1], color="0.6", lw=1, ls="--", label="perfect")
    axes.plot(
        shares.levels, shares.before, "o-", color=_COLOURS[4], lw=1.2, label="as the network gave"
    )
    axes.plot(shares.levels, shares.after, "o-", color=_COLOURS[0], lw=2, label="calibrated")
    axes.set(xlabel="level of the quantile", ylabel="share of the loads below it")
    axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    _finish(axes)
    return svg(drawn)


def by_size(data: DataScores) -> str:
    """Draw the error of each series against its size."""
    drawn = figure(6, 3.6)
    axes = drawn.add_subplot()
    sizes = [
        (series.size_kw, _drawn(series.scores["nmae"]))
        for series in data.by_series
        if series.size_kw
    ]
    axes.plot([size for size, _ in sizes], [error for _, error in sizes], "o", color=_COLOURS[0])
    axes.set_xscale("log")
    axes.set(xlabel="mean size of the series' load in training, kW", ylabel=UNITS["nmae"])
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    return svg(drawn)


def losses(rows: Sequence[Mapping[str, float]]) -> str:
    """Draw the losses of training and validation against the steps, member by member."""
    drawn = figure()
    axes = drawn.add_subplot()
    for member in sorted({row["member"] for row in rows}):
        own = [row for row in rows if row["member"] == member]
        steps = [row["step"] for row in own]
        first = member == 0
        for column, colour in (("train", _COLOURS[4]), ("validation", _COLOURS[0])):
            values = [row[column] for row in own]
            name = {"train": "training", "validation": "validation"}[column] if first else None
            axes.plot(steps, values, ".-", color=colour, label=name)
        if not first:
            axes.axvline(steps[0], color="0.8", lw=1)
    axes.set(xlabel="steps of the optimiser, member after member", ylabel="pinball loss, relative")
    _finish(axes)
    return svg(drawn)


def smoothing(effect: LambdaEffect, error: str) -> str:
    """Draw the effect of each lam on the proxy's error."""
    drawn = figure(5.5, 3)
    axes = drawn.add_subplot()
    errors = [
        (effect_of_lam.name, effect_of_lam.scores.get(error)) for effect_of_lam in effect.found
    ]
    names = [name for name, value in errors if value is not None]
    values = [value for _, value in errors if value is not None]
    bars = axes.barh(names, values, color=_COLOURS[0])
    axes.bar_label(bars, fmt="%.3f", padding=3)
    axes.set(xlabel=f"the proxy's {UNITS[error]}", ylabel="λ")
    axes.invert_yaxis()
    axes.margins(x=0.15)
    return svg(drawn)


def _drawn(value: float | None) -> float:
    return float("nan") if value is None else value


def _by_factors(axes: Any) -> None:
    """Use a logarithmic axis. Otherwise the poorest baseline would hide all others."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter  # noqa: PLC0415

    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _finish(axes: Any) -> None:
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small", loc="best")
