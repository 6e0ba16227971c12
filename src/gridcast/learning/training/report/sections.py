"""The contents of a report, independent of Markdown and HTML."""

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
    """A table. All columns but the first hold numbers or short words."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Figure:
    """A picture with a text alternative."""

    name: str
    alt: str
    svg: str


@dataclass(frozen=True)
class Section:
    """A heading and its contents."""

    title: str
    level: int = 2
    text: tuple[str, ...] = ()
    tables: tuple[ReportTable, ...] = ()
    figures: tuple[Figure, ...] = field(default=(), repr=False)


NONE = "\N{EN DASH}"
"""The text of a missing value."""


def number(value: float | None, digits: int = 2) -> str:
    """Format a number for people.

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
    """Yield the sections about one file. `drawn` are its pictures of days and windows."""
    yield Section(data.title, text=(verdict(data), _about(data)))
    yield Section("Beside what you would otherwise use", 3, tables=(_compared(data),))
    faults = tuple(f"{problem.fault.capitalize()}: {problem.reason}." for problem in data.faults)
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
    """Return a title as a file name.

    >>> slug("Tetouan, three zones")
    'tetouan-three-zones'
    """
    letters = [letter if letter.isascii() and letter.isalnum() else " " for letter in title.lower()]
    return "-".join("".join(letters).split()) or "data"


def best_baseline(data: DataScores) -> str | None:
    """Return the name of the baseline with the least pinball loss."""
    losses = {name: scores["pinball"] for name, scores in data.test.items() if name != MODEL}
    known = {name: loss for name, loss in losses.items() if loss is not None}
    return min(known, key=lambda name: known[name]) if known else None


def verdict(data: DataScores) -> str:
    """Return one line that compares the model with the best baseline."""
    model, best = data.test[MODEL], best_baseline(data)
    error = f"{UNITS[data.error].split(',')[0]} {number(model[data.error])} %"
    model_text = f"{error}, pinball {number(model['pinball'])} kW"
    if best is None:
        return model_text + "."
    other = data.test[best]
    versus = data.versus.get(best)
    significance = f" ({versus.verdict}, p = {versus.p_value:.2g})" if versus else ""
    return (
        f"{model_text}; the best baseline, {label(best)}: {number(other[data.error])} %, pinball"
        f" {number(other['pinball'])} kW{significance}."
    )


def _about(data: DataScores) -> str:
    spans = "; ".join(f"{name} {_span_text(span)}" for name, span in data.split.items())
    return (
        f"{data.series} series, step {data.step_minutes} min; {spans}. Scores are of the test part:"
        f" {data.samples:,} forecasts at {len(data.leads_minutes)} leads each, no retraining."
    )


def _span_text(span: TimeSpan) -> str:
    pieces = f" in {len(span.without) + 1} stretches" if span.without else ""
    return f"{span.first:%Y-%m-%d} to {span.end:%Y-%m-%d}{pieces}"


def widest(levels: tuple[float, ...]) -> int | None:
    """Return the nominal coverage of the widest central band in per cent."""
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
        significance = "" if versus is None else f"{versus.verdict} (p = {versus.p_value:.2g})"
        rows.append((label(name), *cells, significance))
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
    """Return a sentence on whether small series have larger errors than large ones."""
    sized = [
        series for series in data.by_series if series.size_kw and series.scores["nmae"] is not None
    ]
    sized.sort(key=lambda series: series.size_kw or 0)
    if len(sized) < 4:
        return "Too few series to compare small with large."
    half = len(sized) // 2
    small, large = _mean_error(sized[:half]), _mean_error(sized[-half:])
    return (
        f"The smaller half of the series has a mean error of {number(small)} % of its load, the"
        f" larger half {number(large)} %."
    )


def _mean_error(series: Sequence[SeriesScores]) -> float:
    return sum(scores.scores["nmae"] or 0 for scores in series) / len(series)


def _by_series(data: DataScores) -> ReportTable:
    worst = sorted(data.by_series, key=lambda series: -(series.scores["nmae"] or 0))[:_MOST_SERIES]
    percent = widest(data.levels)
    rows = [
        (
            series.series,
            number(series.size_kw),
            number(series.scores["nmae"]),
            number(series.scores["mase"], 3),
            number(series.scores.get(f"coverage_{percent}"), 1),
        )
        for series in worst
    ]
    band = f"{percent} % band holds, %"
    first = "series" if len(worst) == len(data.by_series) else f"the worst {len(worst)} series"
    return ReportTable((first, "mean load, kW", "nMAE, %", "MASE", band), tuple(rows))


def section_of_smoothing(effect: LambdaEffect, error: str) -> Section:
    """Return the section about lam."""
    rows = [
        (lam.name, number(lam.lam, 4), number(lam.scores[error], 3), number(lam.scores["mae"]))
        for lam in effect.found
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
    """Return the section about the training's losses."""
    text = tuple(
        f"Member {number}: the weights of step {step} were kept, validation loss {loss:.4g}."
        for number, (step, loss) in enumerate(results.members, 1)
    )
    drawn = Figure("losses.svg", "losses against steps", figures.losses(rows))
    return Section("Learning", text=text, figures=(drawn,))


def section_of_edge(edge: Edge, error: str) -> Section:
    """Return the section about the model file's size and speed."""
    rows = [
        (
            form.name,
            f"{form.size_bytes / 1000:,.0f}",
            number(form.one_ms),
            number(form.many_ms, 1),
            number(form.scores[error], 3),
            number(form.scores["pinball"], 3),
        )
        for form in edge.forms
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
