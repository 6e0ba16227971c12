"""What a report says, before it is Markdown or HTML."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from gridcast.learning.training.report import figures
from gridcast.learning.training.report.figures import UNITS, label
from gridcast.learning.training.results import (
    MODEL,
    DataScores,
    Edge,
    LambdaEffect,
    Results,
    SeriesScores,
    TimeSpan,
)
from gridcast.models.evaluation.quantiles import bands

_SHOWN_LEADS = (60, 120, 180, 360, 720, 1080, 1440)
_MOST_SERIES = 20


@dataclass(frozen=True)
class ReportTable:
    """A table; all columns but the first are numbers, or short words beside them."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Figure:
    """A picture and what it shows, for those who do not see it."""

    name: str
    alt: str
    svg: str


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it."""

    title: str
    level: int = 2
    text: tuple[str, ...] = ()
    tables: tuple[ReportTable, ...] = ()
    figures: tuple[Figure, ...] = field(default=(), repr=False)


NONE = "\N{EN DASH}"
"""Stands for what cannot be said."""


def number(value: float | None, digits: int = 2) -> str:
    """Write a number for people.

    >>> number(3.14159), number(1234567.8), number(0.0012)
    ('3.14', '1,234,568', '0.0012')
    """
    if value is None:
        return NONE
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.{digits}f}" if abs(value) >= 0.1 else f"{value:.2g}"


def sections_of_data(data: DataScores, drawn: Sequence[Figure]) -> Iterator[Section]:
    """Tell of one file; `drawn` are its pictures of days and windows."""
    yield Section(data.title, text=(verdict(data), _about(data)))
    yield Section("Beside what you would otherwise use", 3, tables=(_compared(data),))
    faults = tuple(f"{one.fault.capitalize()}: {one.reason}." for one in data.faults)
    yield Section(
        "Over- and underfitting", 3, text=faults or ("No sign of either in the three parts.",)
    )
    yield Section(
        "By lead",
        3,
        text=(f"{UNITS[data.error]}, of the slot that ends so long after the origin.",),
        tables=(_by_lead(data),),
        figures=(_figure(data, "by-lead", "error against lead", figures.by_lead(data)),),
    )
    alt = "error by hour of the day, weekday and month"
    yield Section(
        "By hour, weekday and month",
        3,
        figures=(_figure(data, "by-calendar", alt, figures.by_calendar(data)),),
    )
    yield Section(
        "Are the intervals honest?",
        3,
        text=tuple(_coverages(data)),
        figures=(_figure(data, "reliability", "reliability", figures.reliability(data)),),
    )
    if len(data.by_series) > 1:
        yield Section(
            "Across series of different size",
            3,
            text=(fairness(data),),
            tables=(_by_series(data),),
            figures=(_figure(data, "by-size", "error by size", figures.by_size(data)),),
        )
    yield Section("The best and the worst day, and a window", 3, figures=tuple(drawn))


def _figure(data: DataScores, what: str, alt: str, svg: str) -> Figure:
    return Figure(f"{slug(data.title)}-{what}.svg", f"{data.title}: {alt}", svg)


def slug(title: str) -> str:
    """Make a file name of a title.

    >>> slug("Tetouan, three zones")
    'tetouan-three-zones'
    """
    letters = [one if one.isascii() and one.isalnum() else " " for one in title.lower()]
    return "-".join("".join(letters).split()) or "data"


def best_baseline(data: DataScores) -> str | None:
    """Name the baseline with the least pinball loss."""
    known = {name: one["pinball"] for name, one in data.test.items() if name != MODEL}
    found = {name: value for name, value in known.items() if value is not None}
    return min(found, key=lambda name: found[name]) if found else None


def verdict(data: DataScores) -> str:
    """Say in a line how good the model is beside the best baseline."""
    model, best = data.test[MODEL], best_baseline(data)
    error = f"{UNITS[data.error].split(',')[0]} {number(model[data.error])} %"
    said = f"{error}, pinball {number(model['pinball'])} kW"
    if best is None:
        return said + "."
    other = data.test[best]
    versus = data.versus.get(best)
    told = f" ({versus.verdict}, p = {versus.p_value:.2g})" if versus else ""
    return (
        f"{said}; the best baseline, {label(best)}: {number(other[data.error])} %, pinball"
        f" {number(other['pinball'])} kW{told}."
    )


def _about(data: DataScores) -> str:
    spans = "; ".join(f"{name} {_told(one)}" for name, one in data.split.items())
    return (
        f"{data.series} series, step {data.step_minutes} min; {spans}. Scores are of the test part:"
        f" {data.samples:,} forecasts at {len(data.leads_minutes)} leads each, no retraining."
    )


def _told(span: TimeSpan) -> str:
    pieces = f" in {len(span.without) + 1} stretches" if span.without else ""
    return f"{span.first:%Y-%m-%d} to {span.end:%Y-%m-%d}{pieces}"


def widest(levels: tuple[float, ...]) -> int | None:
    """Say how many per cent the widest central band is to hold."""
    return next((percent for percent, _, _ in bands(levels)), None)


def _compared(data: DataScores) -> ReportTable:
    percent = widest(data.levels)
    columns: dict[str, tuple[str, int]] = {
        "MAPE 1 h, %": ("mape_1h", 2),
        "6 h": ("mape_6h", 2),
        "24 h": ("mape_24h", 2),
        "all leads": ("mape", 2),
        "sMAPE, %": ("smape", 2),
        "nMAE, %": ("nmae", 2),
        "MAE, kW": ("mae", 2),
        "RMSE, kW": ("rmse", 2),
        "MASE": ("mase", 3),
        "R²": ("r2", 3),
        "pinball, kW": ("pinball", 3),
        "CRPS, kW": ("crps", 3),
    }
    if percent is not None:
        columns[f"{percent} % band holds, %"] = (f"coverage_{percent}", 1)
        columns["its width, kW"] = (f"width_{percent}", 2)
    rows = []
    for name, scores in data.test.items():
        cells = [number(scores.get(key), digits) for key, digits in columns.values()]
        versus = data.versus.get(name)
        told = "" if versus is None else f"{versus.verdict} (p = {versus.p_value:.2g})"
        rows.append((label(name), *cells, told))
    return ReportTable(("forecaster", *columns, f"{MODEL} beside it"), tuple(rows))


def _by_lead(data: DataScores) -> ReportTable:
    at = [
        (place, minutes)
        for place, minutes in enumerate(data.leads_minutes)
        if minutes in _SHOWN_LEADS or place == 0
    ]
    header = tuple(f"{m} min" if m < 60 else f"{m / 60:g} h" for _, m in at)
    rows = [
        (label(name), *(number(scores[data.error][place]) for place, _ in at))
        for name, scores in data.by_lead.items()
    ]
    return ReportTable(("forecaster", *header), tuple(rows))


def _coverages(data: DataScores) -> Iterator[str]:
    for percent, _, _ in bands(data.levels):
        before = data.uncalibrated.get(f"coverage_{percent}")
        after = data.test[MODEL].get(f"coverage_{percent}")
        yield (
            f"The {percent} % band held {number(after, 1)} % of the loads (as the network gave it,"
            f" before calibration: {number(before, 1)} %)."
        )


def fairness(data: DataScores) -> str:
    """Say whether small series fare worse than large ones."""
    known = [one for one in data.by_series if one.size_kw and one.scores["nmae"] is not None]
    known.sort(key=lambda one: one.size_kw or 0)
    if len(known) < 4:
        return "Too few series to compare small with large."
    half = len(known) // 2
    small, large = _mean_error(known[:half]), _mean_error(known[-half:])
    return (
        f"The smaller half of the series has a mean error of {number(small)} % of its load, the"
        f" larger half {number(large)} %."
    )


def _mean_error(series: Sequence[SeriesScores]) -> float:
    return sum(one.scores["nmae"] or 0 for one in series) / len(series)


def _by_series(data: DataScores) -> ReportTable:
    worst = sorted(data.by_series, key=lambda one: -(one.scores["nmae"] or 0))[:_MOST_SERIES]
    percent = widest(data.levels)
    rows = [
        (
            one.series,
            number(one.size_kw),
            number(one.scores["nmae"]),
            number(one.scores["mase"], 3),
            number(one.scores.get(f"coverage_{percent}"), 1),
        )
        for one in worst
    ]
    band = f"{percent} % band holds, %"
    first = "series" if len(worst) == len(data.by_series) else f"the worst {len(worst)} series"
    return ReportTable((first, "mean load, kW", "nMAE, %", "MASE", band), tuple(rows))


def section_of_smoothing(effect: LambdaEffect, error: str) -> Section:
    """Tell what lam does."""
    rows = [
        (one.name, number(one.lam, 4), number(one.scores[error], 3), number(one.scores["mae"]))
        for one in effect.found
    ]
    text = (
        f"The effect of λ, the smoothness of the windows' spline, on {effect.data}, measured by a"
        f" cheap proxy: {effect.proxy}."
    )
    return Section(
        "Smoothing",
        text=(text,),
        tables=(ReportTable(("λ", "slots cubed", UNITS[error], "MAE, kW"), tuple(rows)),),
        figures=(Figure("lambda.svg", "error by lambda", figures.smoothing(effect, error)),),
    )


def section_of_learning(results: Results, rows: Sequence[Mapping[str, float]]) -> Section:
    """Tell how training went."""
    text = tuple(
        f"Member {number}: the weights of step {step} were kept, validation loss {loss:.4g}."
        for number, (step, loss) in enumerate(results.members, 1)
    )
    drawn = Figure("losses.svg", "losses against steps", figures.losses(rows))
    return Section("Learning", text=text, figures=(drawn,))


def section_of_edge(edge: Edge, error: str) -> Section:
    """Tell how large and how fast the model file is."""
    rows = [
        (
            one.name,
            f"{one.size_bytes / 1000:,.0f}",
            number(one.one_ms),
            number(one.many_ms, 1),
            number(one.scores[error], 3),
            number(one.scores["pinball"], 3),
        )
        for one in edge.forms
    ]
    header = (
        "form",
        "kB",
        "one series, ms",
        f"{edge.samples:,} at once, ms",
        UNITS[error],
        "pinball, kW",
    )
    text = f"{edge.machine}, one thread, medians; accuracy on {edge.samples:,} test forecasts."
    return Section("On small machines", text=(text,), tables=(ReportTable(header, tuple(rows)),))
